# SPDX-License-Identifier: GPL-3.0-or-later
"""Maximum weights, efficiencies and streams of events."""

import math

import pytest
import torch

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration import Sampler, UnweightingRecord, integrate, unweight
from mcsurrogate.integration.maximum import maximum_weight
from mcsurrogate.integration.unweighting import unweighting_efficiency


def _stream(sampler: Sampler, events: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, object]:
    stream = unweight(sampler, events, seed=seed, batch=2048)
    us, weights = [], []
    while True:
        try:
            batch = next(stream)
        except StopIteration as stop:
            return torch.cat(us), torch.cat(weights), stop.value
        us.append(batch.u)
        weights.append(batch.weight)


@pytest.fixture(scope="module")
def sampler() -> Sampler:
    """f = x^2 - 0.1 on two dimensions: both signs, integral 7/30."""
    result = integrate(
        lambda x: x[:, 0] ** 2 - 0.1, dim=2, evaluations=20_000, seed=2, method="vegas"
    )
    return result.sampler


def test_maximum_weight_definition() -> None:
    weight = torch.rand(5000, generator=torch.Generator().manual_seed(1)).double() ** 4
    for fraction in (1e-3, 1e-2, 0.1):
        maximum = maximum_weight(weight, fraction)
        excess = (weight - maximum).clamp(min=0).sum() / weight.sum()
        assert float(excess) == pytest.approx(fraction, rel=1e-9)
    assert maximum_weight(weight, 0.0) == float(weight.max())
    assert maximum_weight(torch.zeros(5)) == 0.0
    assert maximum_weight(-weight, 0.01) == maximum_weight(weight, 0.01)
    with pytest.raises(IntegrationError, match="overweight fraction"):
        maximum_weight(weight, 1.0)


def test_efficiency_of_uniform_weights() -> None:
    """Weights uniform in [0, 1] against their maximum: one half."""
    weight = torch.rand(20_000, generator=torch.Generator().manual_seed(1)).double()
    channel = torch.zeros(20_000, dtype=torch.int64)
    result = unweighting_efficiency(
        weight, channel, 1, torch.Generator().manual_seed(2), overweight=0.0
    )
    # the spread of the mean is 0.289 / sqrt(20000) = 0.002; 4 of them
    assert result.value == pytest.approx(0.5, abs=0.009)
    assert 0.001 < result.error < 0.004


def test_channels_keep_their_own_maximum() -> None:
    weight = torch.tensor([1.0, 1.0, 10.0, 10.0]).double()
    channel = torch.tensor([0, 0, 1, 1])
    result = unweighting_efficiency(
        weight, channel, 2, torch.Generator().manual_seed(1), overweight=0.0
    )
    assert result.value == 1.0
    assert result.maximum.tolist() == [1.0, 10.0]


def test_events_follow_the_integrand(sampler: Sampler) -> None:
    """Sum of weights, and the mean of x, against closed forms; 4 sigma, false alarm 6e-5."""
    u, weight, record = _stream(sampler, 6000, seed=5)
    assert len(u) == 6000
    assert record.accepted == 6000
    # int x f = 1/4 - 0.05, int |f| by the root r = sqrt(0.1)
    root = math.sqrt(0.1)
    absolute = 7 / 30 + 2 * (0.1 * root - root**3 / 3)
    assert abs(float(weight.mean()) - 7 / 30 / absolute) < 4 * float(weight.std()) / 6000**0.5
    moment = weight * u[:, 0]
    assert abs(float(moment.mean()) - 0.2 / absolute) < 4 * float(moment.std()) / 6000**0.5
    assert abs(record.value - 7 / 30) < 4 * record.error


def test_overweight_events_keep_their_weight(sampler: Sampler) -> None:
    cut = Sampler(
        sampler.integrand,
        sampler.mixture,
        None,
        sampler.probability,
        0.5 * sampler.maximum,
    )
    _, weight, record = _stream(cut, 3000, seed=5)
    assert record.overweight == int((weight.abs() > 1).sum())
    assert record.overweight > 100
    assert record.excess == pytest.approx(float((weight.abs() - 1).clamp(min=0).sum()))
    # still unbiased
    root = math.sqrt(0.1)
    absolute = 7 / 30 + 2 * (0.1 * root - root**3 / 3)
    mean = float(weight.sum() / weight.abs().sum())
    assert mean == pytest.approx(7 / 30 / absolute, abs=4 * 1.3 / 3000**0.5)


def test_the_seed_decides_on_every_event(sampler: Sampler) -> None:
    first, second, other = (_stream(sampler, 300, seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_the_record_is_filled_while_streaming(sampler: Sampler) -> None:
    book = UnweightingRecord()
    batch = next(unweight(sampler, 10_000, seed=1, batch=512, record=book))
    assert book.proposed == 512
    assert book.accepted == len(batch.u)
    assert book.efficiency == len(batch.u) / 512


def test_without_maximum_weights() -> None:
    result = integrate(lambda x: 0 * x[:, 0], dim=2, evaluations=4000, method="vegas")
    with pytest.raises(IntegrationError, match="no maximum weights"):
        next(unweight(result.sampler, 10, seed=1))


def test_partial_unweighting_keeps_more_and_stays_unbiased() -> None:
    """Mean of y under f = 4 x^3: 1/2, and of x: 4/5; 4 sigma, false alarm 6e-5 each."""
    results = [
        integrate(
            lambda x: 4 * x[:, 0] ** 3 + 0 * x[:, 1],
            dim=2,
            evaluations=4000,
            seed=2,
            method="vegas",
            effective_fraction=fraction,
        )
        for fraction in (1.0, 0.95)
    ]
    whole, partial = results
    assert partial.effective_fraction == pytest.approx(0.95, abs=1e-3)
    assert whole.effective_fraction > 0.99
    assert partial.unweighting_efficiency > whole.unweighting_efficiency
    assert partial.overweight_fraction > 0.01
    assert whole.overweight_fraction == pytest.approx(1e-3, rel=1e-6)
    u, weight, record = _stream(partial.sampler, 5000, seed=5)
    assert record.effective / 5000 == pytest.approx(0.95, abs=0.02)
    # the mean event weight is what the generation stage divides by
    assert float(weight.mean()) == pytest.approx(1 / (1 - partial.overweight_fraction), rel=0.05)
    for column, expected in ((0, 4 / 5), (1, 1 / 2)):
        mean = float((weight * u[:, column]).sum() / weight.sum())
        assert mean == pytest.approx(expected, abs=4 * 0.29 / math.sqrt(0.9 * 5000))
    with pytest.raises(IntegrationError, match="effective fraction"):
        integrate(lambda x: x[:, 0], dim=1, evaluations=2000, effective_fraction=0.0)


def test_events_come_from_the_grid_alone_where_boxes_unweight_badly() -> None:
    """A product of powers is flat under the grid; boxes then only follow the noise."""
    result = integrate(
        lambda x: x[:, 0] ** 2 * x[:, 1] ** 2, dim=2, evaluations=40_000, seed=1, method="vegas"
    )
    assert result.sampler.mixture.grids[0].grid_alone
    assert result.unweighting_efficiency > 0.7
    # where one box has most of the integral, they help
    peaked = integrate(
        lambda x: (-200 * ((x[:, :2] - x[:, 2:]) ** 2).sum(1)).exp(),
        dim=4,
        evaluations=100_000,
        seed=1,
        method="vegas",
    )
    assert not peaked.sampler.mixture.grids[0].grid_alone
