# SPDX-License-Identifier: GPL-3.0-or-later
"""Shares of overlapping channels: found, those without need dropped, the integral unchanged."""

import math

import torch

from mcsurrogate.integration import IntegrationSettings, TrainingSettings, integrate
from mcsurrogate.integration.channel_shares import ChannelShares
from mcsurrogate.integration.checkpoint import IntegrationCheckpoint
from mcsurrogate.integration.integrand import IntegrandValue
from mcsurrogate.integration.run import IntegrationRun

POWERS = (0.0, 60.0, 8.0)


class Overlapping:
    """A sum of densities (p + 1) x^p, of which the channels have the first two and one more."""

    dim = 1
    channels = 3
    names = ("flat", "steep", "between")
    periodic = (False,)
    overlapping = True

    def __init__(self, parts: tuple[float, ...]) -> None:
        self.parts = parts
        self.needed = torch.ones(3)

    def of_channels(self, needed: torch.Tensor) -> "Overlapping":
        changed = Overlapping(self.parts)
        changed.needed = needed.double()
        return changed

    def densities(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([(p + 1) * x**p for p in POWERS], dim=1)

    def __call__(self, u: torch.Tensor, channel: torch.Tensor) -> IntegrandValue:
        power = torch.tensor(POWERS, dtype=torch.float64)[channel]
        x = u[:, 0] ** (1 / (power + 1))
        densities = self.densities(x)
        value = densities @ torch.tensor(self.parts, dtype=torch.float64)
        own = densities.gather(1, channel[:, None])[:, 0]
        densities = densities * self.needed
        prior = densities / densities.sum(1, keepdim=True)
        return IntegrandValue(value / own, prior, x[:, None])


def test_the_shares_are_those_of_a_known_mixture() -> None:
    """0.3, 0.7 and none, from 20,000 points: within 0.05, more than 5 standard deviations."""
    problem = Overlapping((0.3, 0.7, 0.0))
    generator = torch.Generator().manual_seed(1)
    shares = ChannelShares((0, 1, 2))
    for crowded in range(2):
        u = torch.rand(10_000, 1, generator=generator, dtype=torch.float64)
        # one channel has most of the points, which says nothing about its share
        channel = torch.where(torch.arange(10_000) < 8_000, crowded, torch.arange(10_000) % 3)
        value = problem(u, channel)
        shares.add(value.prior, value.weight, channel)
        shares.learn(last=False)
        assert float(shares.values.min()) > 0.03
    shares.learn(last=True)
    assert math.isclose(float(shares.values[0] / shares.values.sum()), 0.3, abs_tol=0.05)
    assert float(shares.values[2]) == 0


def test_symmetric_channels_have_one_share() -> None:
    """The mean of 0.3 and 0.7, where the first two are said to be alike."""
    problem = Overlapping((0.3, 0.7, 0.0))
    u = torch.rand(2_000, 1, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    channel = torch.arange(2_000) % 3
    value = problem(u, channel)
    shares = ChannelShares((0, 0, 1))
    shares.add(value.prior, value.weight, channel)
    shares.learn(last=True)
    assert shares.values.tolist() == [1, 1, 0]


def test_nothing_is_learned_from_nothing() -> None:
    shares = ChannelShares((0, 1))
    shares.add(torch.full((3, 2), 0.5), torch.zeros(3), torch.tensor([0, 1, 0]))
    shares.learn(last=True)
    assert shares.values.tolist() == [1, 1]


def test_a_lucky_early_point_does_not_decide() -> None:
    """Flat integrand; early, one of two points fell where the steep channel is large.

    Exact: the flat channel alone.  Taken for what it stood for in its own iteration, that point
    holds half of the integral and has the steep channel kept.
    """
    problem, shares = Overlapping((1.0, 0.0, 0.0)), ChannelShares((0, 1, 2))
    generator = torch.Generator().manual_seed(1)
    for x in (torch.tensor([0.3, 0.995]), torch.rand(2000, generator=generator)):
        u = x.double()[:, None]
        channel = torch.zeros(len(u), dtype=torch.int64)
        value = problem(u, channel)
        shares.add(value.prior, value.weight, channel)
        shares.learn(last=len(u) > 2)
    assert float(shares.values[0]) == 1
    assert float(shares.values[1]) == 0


def test_superfluous_channels_are_dropped_and_the_integral_is_right() -> None:
    """Exact: 1.  With the right shares every weight is the same."""
    quick = IntegrationSettings(training=TrainingSettings(max_steps=40))
    for method in ("vegas", "madnis"):
        result = integrate(
            Overlapping((0.3, 0.7, 0.0)),
            evaluations=4_000,
            seed=2,
            method=method,
            settings=quick,
        )
        assert abs(result.value - 1) < 4 * result.error
        assert [c.active for c in result.channels] == [True, True, False]
        assert result.relative_std_dev < 0.15


def test_dropped_channels_are_asked_for_no_more() -> None:
    """Neither by what is left of the integration nor by the sampler; its files know all."""
    problem = Overlapping((0.3, 0.7, 0.0))
    run = IntegrationRun(problem, 4_000, 2, IntegrationSettings())
    for last in (False, True):
        run.share_channels(500, last=last)
        assert run.evaluate.integrand.needed.tolist() == [1, 1, 0 if last else 1]
    sampler = integrate(problem, evaluations=4_000, seed=2, method="vegas").sampler
    assert sampler.evaluator().integrand.needed.tolist() == [1, 1, 0]
    assert sampler.integrand is problem


def test_a_resumed_run_has_the_same_shares(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(IntegrationCheckpoint, "due", True)
    problem, path = Overlapping((0.3, 0.7, 0.0)), tmp_path / "run.pt"
    whole = integrate(problem, evaluations=4_000, seed=2, method="vegas")
    steps = 0

    def stop(_) -> None:
        nonlocal steps
        steps += 1
        if steps == 4:
            raise KeyboardInterrupt

    try:
        integrate(
            problem, evaluations=4_000, seed=2, method="vegas", checkpoint=path, progress=stop
        )
    except KeyboardInterrupt:
        assert steps == 4
    resumed = integrate(problem, evaluations=4_000, seed=2, method="vegas", checkpoint=path)
    assert (resumed.value, resumed.error) == (whole.value, whole.error)
