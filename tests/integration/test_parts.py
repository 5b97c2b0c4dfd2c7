# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of an integration, each by itself."""

import math

import pytest
import torch

from mcsurrogate.integration.buffer import PointBatch, ReplayBuffer
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.combination import PredictableMean
from mcsurrogate.integration.diagnostics import (
    consistency_warning,
    dominance_warning,
    pareto_shape,
    witness_warning,
)
from mcsurrogate.integration.grid import VegasGrid
from mcsurrogate.integration.history import Estimate
from mcsurrogate.integration.integrand import IntegrandValue
from mcsurrogate.integration.losses import LOSSES
from mcsurrogate.integration.mixture import DefensiveMixture
from mcsurrogate.integration.statistics import ChannelMoments, allocate
from mcsurrogate.integration.tempering import effective_sample_size, tempered_shares
from mcsurrogate.integration.vegas import StratifiedGrid


def _peak(x: torch.Tensor) -> torch.Tensor:
    return (-((x - 0.4) ** 2).sum(1) / 0.02).exp()


_SIDE = (
    math.sqrt(0.02 * math.pi)
    / 2
    * (math.erf(0.6 / math.sqrt(0.02)) + math.erf(0.4 / math.sqrt(0.02)))
)


@pytest.fixture(scope="module")
def adapted() -> StratifiedGrid:
    generator = torch.Generator().manual_seed(1)
    grid = StratifiedGrid(3, 5000)
    for _ in range(6):
        batch = grid.draw(5000, generator)
        grid.adapt(batch, _peak(batch.x))
    return grid


def _estimate(phase: str, value: float) -> Estimate:
    return Estimate(phase=phase, value=value, error=0.01, points=1000, effective=0.9)


def test_vegas_estimate(adapted: StratifiedGrid) -> None:
    """4 sigma, false alarm 6e-5; and the variance is far below that of flat sampling."""
    batch = adapted.draw(20_000, torch.Generator().manual_seed(2))
    value, variance = batch.estimate(_peak(batch.x))
    assert abs(value - _SIDE**3) < 4 * math.sqrt(variance)
    # flat: relative variance (E f^2 / (E f)^2 - 1) = (0.1772 / 0.2502^2)^3 - 1 = 21
    assert variance * len(batch.x) / value**2 < 0.3


def test_vegas_density_is_normalised_and_matches_its_samples(adapted: StratifiedGrid) -> None:
    """Mean of 1/q over samples of q is one: 4 sigma, false alarm 6e-5."""
    x = adapted.sample(50_000, torch.Generator().manual_seed(3))
    inverse = (-adapted.log_prob(x)).exp()
    assert abs(float(inverse.mean()) - 1) < 4 * float(inverse.std()) / 50_000**0.5
    batch = adapted.draw(5000, torch.Generator().manual_seed(4))
    torch.testing.assert_close(adapted.grid.log_prob(batch.x), batch.log_grid)


def test_channels_alike_adapt_one_grid() -> None:
    """Also one that saw nothing; every point of a channel with few of them moves it as much."""
    generator = torch.Generator().manual_seed(6)
    together = [StratifiedGrid(3, 5000) for _ in range(2)]
    batches = [grid.draw(5000, generator) for grid in together]
    values = [_peak(batches[0].x), torch.zeros(len(batches[1].x), dtype=torch.float64)]
    StratifiedGrid.adapt_together(together, batches, values)
    torch.testing.assert_close(together[0].grid.edges, together[1].grid.edges, rtol=0, atol=0)
    assert together[0].floor == together[1].floor < 400.0
    assert [float(grid.share.std()) > 1e-9 for grid in together] == [True, False]
    halves = [StratifiedGrid(1, 5000) for _ in range(2)]
    few, more = halves[0].draw(4000, generator), halves[1].draw(40_000, generator)
    values = [(few.x[:, 0] < 0.5).double(), (more.x[:, 0] >= 0.5).double()]
    StratifiedGrid.adapt_together(halves, [few, more], values)
    assert float(halves[1].grid.edges[0].median()) < 0.5


def test_mixture_density_bounds_the_weights(adapted: StratifiedGrid) -> None:
    mixture = DefensiveMixture([adapted], None, flat_part=0.1)
    channel = torch.zeros(2000, dtype=torch.int64)
    u, log_q = mixture.sample(channel, torch.Generator().manual_seed(5))
    torch.testing.assert_close(mixture.log_prob(u, channel), log_q)
    assert float(log_q.min()) >= math.log(0.1)


def test_tempering_reaches_the_floor() -> None:
    weight = (10 * torch.randn(2000, generator=torch.Generator().manual_seed(1)).double()).exp()
    share, power = tempered_shares(weight, 500)
    assert 0 < power < 1
    assert effective_sample_size(share) == pytest.approx(500, rel=1e-3)
    assert float(share.sum()) == pytest.approx(1)
    even, full = tempered_shares(torch.ones(100).double(), 50)
    assert full == 1.0
    assert effective_sample_size(even) == pytest.approx(100)


def test_replay_measures_the_integral() -> None:
    """The mean of f exp(log_measure) over a draw is one in units of the integral."""
    generator = torch.Generator().manual_seed(1)
    buffer = ReplayBuffer(floor=10.0)
    values = []
    for exponent in (1.0, 2.0):
        # points from the density (e+1) x^e, f = x^3
        u = torch.rand(4000, 1, generator=generator).double() ** (1 / (exponent + 1))
        weight = u[:, 0] ** 3
        log_q = ((exponent + 1) * u[:, 0] ** exponent).log()
        channel = torch.zeros(4000, dtype=torch.int64)
        batch = PointBatch.of(u, channel, IntegrandValue(weight), log_q, 0 * log_q)
        buffer.add(batch, 1)
        values.append(weight)
    buffer.prepare(values)
    points, log_measure = buffer.draw(20_000, generator)
    ratio = points.weight * log_measure.exp()
    assert float(ratio.mean()) == pytest.approx(1.0, abs=4 * float(ratio.std()) / 20_000**0.5)
    # the mean of x under f is 4/5; the stored sample has 8000 points
    moment = float((ratio * points.u[:, 0]).mean())
    assert moment == pytest.approx(0.8, abs=4 * 0.25 / 8000**0.5)
    assert buffer.effective[1] > buffer.effective[0]


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_are_smallest_at_the_integrand(name: str) -> None:
    """Densities x^a on [0, 1] against f = 3 x^2: the gradient in a vanishes at a = 2 alone."""
    x = (torch.arange(4000).double() + 0.5) / 4000
    log_f = (3 * x**2).log()
    channel = torch.zeros(4000, dtype=torch.int64)

    def loss(a: torch.Tensor) -> torch.Tensor:
        log_q = (a + 1).log() + a * x.log()
        return LOSSES[name](log_f, log_q, torch.zeros_like(x), channel, 1)

    gradients = []
    for start in (1.5, 1.96, 2.0, 2.04, 2.5):
        a = torch.tensor(start, dtype=torch.float64, requires_grad=True)
        loss(a).backward()
        gradients.append(float(a.grad))
    assert gradients[0] < gradients[1] < 0 < gradients[3] < gradients[4]
    assert abs(gradients[2]) < 2e-3


def test_predictable_mean_is_unbiased() -> None:
    """Skewed estimates whose variance estimate follows the value: 4 sigma, false alarm 6e-5."""
    generator = torch.Generator().manual_seed(1)
    repeats, results, naive = 4000, [], []
    for _ in range(repeats):
        mean = PredictableMean()
        samples = (1.5 * torch.randn(6, 20, generator=generator).double()).exp()
        values, variances = samples.mean(1), samples.var(1) / 20
        for i in range(6):
            mean.add(float(values[i]), float(variances[i]), PredictableMean.fraction(1, 5 - i, 2))
        results.append(mean.value)
        naive.append(float((values / variances).sum() / (1 / variances).sum()))
    exact = math.exp(1.5**2 / 2)
    spread = float(torch.tensor(results).std()) / repeats**0.5
    assert abs(sum(results) / repeats - exact) < 4 * spread
    # weights by the variance of the same points are what it guards against
    assert sum(naive) / repeats < 0.7 * exact


def test_channel_weights_start_at_the_prior_and_sum_to_one() -> None:
    weights = ChannelWeights(3, 2, (8,), seed=1)
    generator = torch.Generator().manual_seed(1)
    prior = torch.rand(50, 3, generator=generator).double()
    prior = prior / prior.sum(1, keepdim=True)
    features = torch.randn(50, 2, generator=generator).double()
    torch.testing.assert_close(weights.all(prior, features), prior)
    with torch.no_grad():
        weights.network[-1].bias += torch.tensor([1.0, -1.0, 0.0])
    weights.active[2] = False
    alpha = weights.all(prior, features).detach()
    torch.testing.assert_close(alpha.sum(1), torch.ones(50).double())
    assert float(alpha[:, 2].abs().max()) == 0
    assert (alpha[:, 0] > prior[:, 0]).all()


def test_allocation() -> None:
    active = torch.tensor([True, True, False, True])
    counts = allocate(1000, torch.tensor([3.0, 1.0, 5.0, 0.0]), 0.0, active)
    assert counts.tolist() == [750, 250, 0, 2]
    even = allocate(900, torch.zeros(4), 0.5, active)
    assert even.tolist() == [300, 300, 0, 300]


def test_moments() -> None:
    weight = torch.tensor([1.0, 3.0, 5.0, 5.0]).double()
    moments = ChannelMoments.of(weight, torch.tensor([0, 0, 1, 1]), 2)
    assert moments.value == 7.0
    assert moments.variances.tolist() == [2.0, 0.0]
    assert moments.variance == 1.0


@pytest.mark.parametrize(("shape", "low", "high"), [(0.2, -0.1, 0.5), (1.0, 0.7, 1.3)])
def test_pareto_shape(shape: float, low: float, high: float) -> None:
    uniform = torch.rand(20_000, generator=torch.Generator().manual_seed(1)).double()
    weight = (uniform**-shape - 1) / shape
    assert low < pareto_shape(weight) < high
    assert pareto_shape(torch.ones(1000)) == -math.inf


def test_alarms() -> None:
    same = [_estimate("training", 1.0)] * 5
    assert consistency_warning(same) is None
    jump = [*same, _estimate("integration", 2.0)]
    assert "disagree" in str(consistency_warning(jump))
    even = torch.full((1000,), 1e-3).double()
    assert dominance_warning(even, 1000) is None
    even[0] = 0.5
    assert "hangs on few points" in str(dominance_warning(even, 1000))
    contribution, weight = torch.full((100,), 0.01).double(), torch.ones(100).double()
    assert witness_warning(contribution, weight, 1.0, 0.001) is None
    weight[:10] = 5.0
    assert "lost a region" in str(witness_warning(contribution, weight, 1.0, 0.001))


def test_a_cautious_grid_follows_no_noise() -> None:
    """Sixteen dimensions, one of which matters, 400 points whose weights spread by half.

    Measured spread of the logarithmic density in the other fifteen: 0.05, and 0.32 of a grid that
    follows every point.
    """
    spread = {}
    for cautious in (False, True):
        generator = torch.Generator().manual_seed(1)
        grid = VegasGrid(16, 32, cautious=cautious)
        for _ in range(4):
            y = torch.rand(400, 16, generator=generator, dtype=torch.float64)
            x, log_density = grid.forward(y)
            noise = 0.5 * torch.randn(400, generator=generator, dtype=torch.float64)
            grid.adapt(y, (2 * (noise - 4 * x[:, 0] - log_density)).exp())
        widths = 32 * grid.edges.diff(dim=1)
        spread[cautious] = float(widths[1:].log().square().sum(0).mean().sqrt())
        assert float(widths[0, 0]) < 0.6 < 1.4 < float(widths[0, -1])
    assert spread[True] < 0.15 < 0.25 < spread[False]
