# SPDX-License-Identifier: GPL-3.0-or-later
"""Integrals with a discrete dimension: unbiased, and probabilities are learned."""

from pathlib import Path

import pytest
import torch

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration import (
    FlowSettings,
    IntegrandValue,
    IntegrationSettings,
    TrainingSettings,
    integrate,
)
from mcsurrogate.integration.sampler_file import load_sampler, save_sampler

SETTINGS = IntegrationSettings(
    flow=FlowSettings(options={"hidden": (16,), "blocks": 2, "bins": 6, "marginal_bins": 16}),
    training=TrainingSettings(batch=512, rounds=3, reuse=10.0, max_steps=300, learning_rate=1e-2),
)


class Choices:
    """One of four values, whose probabilities turn around with x; the sum over them is 2 x.

    The integral is 1.  A discrete dimension of equal probabilities has weights from 0 to 4.
    """

    dim = 2
    channels = 1
    names = ("choices",)
    periodic = (False, False)
    discrete: tuple[int, ...] = (0, 4)

    def __call__(self, u: torch.Tensor, channel: torch.Tensor) -> IntegrandValue:  # noqa: ARG002
        x, value = u[:, 0], (u[:, 1] * 4).long().clamp(0, 3)
        centres = torch.tensor([0.1, 0.4, 0.6, 0.9], dtype=u.dtype)
        shares = torch.softmax(-12 * (x[:, None] - centres).abs(), dim=1)
        return IntegrandValue(2 * x * 4 * shares.gather(1, value[:, None])[:, 0])


@pytest.mark.parametrize("method", ["vegas", "madnis"])
def test_unbiased_and_learned(method: str, tmp_path: Path) -> None:
    """Within 4 standard deviations: false alarm 6e-5 each."""
    result = integrate(Choices(), evaluations=20_000, seed=2, method=method, settings=SETTINGS)
    assert abs(result.value - 1) < 4 * result.error
    sampler = result.sampler
    points = sampler.sample(4000, torch.Generator().manual_seed(9))
    assert abs(float(points.weight.mean()) - 1) < 4 * float(points.weight.std()) / 4000**0.5
    if method == "madnis":
        # 1.4 with equal probabilities, 0.58 if only 2 x were learned on top of the right ones
        assert result.relative_std_dev < 0.45
        assert result.unweighting_efficiency > 0.5
    path = tmp_path / "sampler.safetensors"
    save_sampler(sampler, path)
    again = load_sampler(path, Choices()).sample(4000, torch.Generator().manual_seed(9))
    assert torch.equal(again.u, points.u)


def test_sizes_that_do_not_fit_are_refused() -> None:
    wrong = Choices()
    wrong.discrete = (0, 4, 0)
    with pytest.raises(IntegrationError, match="for each of the 2 dimensions"):
        integrate(wrong, evaluations=4000, method="madnis", settings=SETTINGS)
