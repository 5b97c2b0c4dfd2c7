# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures are drawn and hold what they should."""

from pathlib import Path

import pytest
import torch

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration import IntegrandValue, integrate
from mcsurrogate.integration.plots import plot_channel_weights, plot_corner, save_plots


class Halves:
    """One split into two equal channels."""

    dim = 2
    channels = 2
    names = ("first", "second")
    periodic = (False, False)

    def __call__(self, u: torch.Tensor, channel: torch.Tensor) -> IntegrandValue:  # noqa: ARG002
        prior = torch.full((len(u), 2), 0.5, dtype=u.dtype)
        return IntegrandValue(torch.ones_like(u[:, 0]), prior, u)


def test_figures(tmp_path: Path) -> None:
    result = integrate(Halves(), evaluations=4000, method="vegas")
    paths = save_plots(result, tmp_path / "plots")
    assert [p.stem for p in paths] == ["training", "weights", "corner", "channel_weights"]
    assert all(p.stat().st_size > 5000 for p in paths)
    bars = plot_channel_weights(result, points=500).axes[0].patches
    assert [bar.get_height() for bar in bars] == pytest.approx([0.5] * 4)


def test_impossible_figures() -> None:
    result = integrate(lambda x: x[:, 0], dim=1, evaluations=4000, method="vegas")
    with pytest.raises(IntegrationError, match="no channel weights"):
        plot_channel_weights(result)
    with pytest.raises(IntegrationError, match="channel 3 does not exist"):
        plot_corner(result.sampler, channel=3)
