# SPDX-License-Identifier: GPL-3.0-or-later
"""Events against their cross section: what is refused, and how rarely without reason."""

import numpy as np
import pytest
import torch

from mcsurrogate.errors import GenerationError
from mcsurrogate.event_generation import EventNormalisation


def events(generator: np.random.Generator, count: int, share: float, scale: float) -> torch.Tensor:
    """Weights of which exponential excesses of a scale hold a share."""
    excess = generator.exponential(scale, count)
    chosen = generator.random(count) < share / (1 - share) / scale
    return torch.from_numpy(1.0 + np.where(chosen, excess, 0.0))[:, None]


def check(weights: torch.Tensor, share: float = 0.001, error: float = 0.0, scale: float = 0.3):
    # E[w]^2 / E[w^2] of the weights above, to first order in the share
    effective = 1 / (1 + 2 * share * scale)
    found = EventNormalisation(700.0, error, share, effective)
    for part in weights.split(100):
        assert torch.equal(found.weigh(part), part * found.unit)
    return found.check()


@pytest.mark.parametrize("count", [1, 2, 5, 30, 1000])
@pytest.mark.parametrize("share", [0.001, 0.05, 0.3])
def test_correct_samples_pass(count: int, share: float) -> None:
    # 300 samples at a false-alarm rate of 1.2e-6 each: 4e-4; rare and large excesses as well
    generator = np.random.default_rng(1)
    for scale in (0.3, 0.5, 2.0):
        if share / (1 - share) < scale:
            for _ in range(100):
                check(events(generator, count, share, scale), share, scale=scale)


@pytest.mark.parametrize(
    ("count", "share", "planted", "message"),
    [
        (60, 0.001, 0.25, "overweight events hold"),
        (3000, 0.05, 0.1, "standard errors of"),
        (3000, 0.3, 0.1, "standard errors of"),
    ],
)
def test_other_maxima_are_noticed(count: int, share: float, planted: float, message: str) -> None:
    weights = events(np.random.default_rng(2), count, planted, 0.5)
    with pytest.raises(GenerationError, match=message):
        check(weights, share, scale=0.5)


def test_a_lost_factor_is_noticed() -> None:
    weights = events(np.random.default_rng(3), 3000, 0.2, 0.5)
    check(weights, 0.2, scale=0.5)
    with pytest.raises(GenerationError, match="standard errors of"):
        check(weights / (1 - 0.2), 0.2, scale=0.5)


def test_the_error_holds_that_of_the_integral() -> None:
    weights = events(np.random.default_rng(4), 3000, 0.08, 0.5)
    with pytest.raises(GenerationError):
        check(weights, 0.04, scale=0.5)
    assert check(weights, 0.04, error=14.0, scale=0.5)["mean_weight_error_pb"] > 14.0


def test_events_of_negative_weight_count_with_their_sign() -> None:
    weights = events(np.random.default_rng(5), 3000, 0.001, 0.3)
    weights[:300] *= -1
    with pytest.raises(GenerationError, match="mean weight of 3000 events is 559"):
        check(weights)
