# SPDX-License-Identifier: GPL-3.0-or-later
r"""The best maxima of both stages of surrogate unweighting, and what they cost.

A point has surrogate weight s, exact weight w = s x.  The first stage accepts with
p1 = min(1, s / s_max) and hands v = max(1, s / s_max) on; the second accepts with
min(1, z), z = v x / x_max, and the event keeps max(1, z) (arXiv:2109.11964, sec. 3).  For any
s_max and x_max the expected weight per trial is w / (s_max x_max): there is no bias, only a
trade between the cost of exact amplitudes and the spread of the event weights, which Kish's
effective sample size (sum of weights)^2 / (sum of squared weights) measures.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.emulation import check_weights
from mcsurrogate.errors import EmulationError
from mcsurrogate.integration import maximum_weight

__all__ = ["StageCosts", "StageMaxima", "choose_maxima", "choose_single_maximum"]

_CANDIDATES = 20
_LOOSEST = 0.6


@dataclass(frozen=True, slots=True)
class StageCosts:
    """Seconds that each step takes.

    Attributes
    ----------
    proposal
        A trial point: phase space, cuts, parton densities.
    surrogate
        The surrogate at a trial point.
    exact
        The exact weight of a point that passed the first stage.
    event
        What is done with an event afterwards (shower, simulation); it makes events with
        weights above one expensive.
    """

    proposal: float
    surrogate: float
    exact: float
    event: float = 0.0

    def __post_init__(self) -> None:
        for name in ("proposal", "surrogate", "exact", "event"):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0.0:
                raise EmulationError(
                    f"StageCosts.{name} = {value}: must be finite and not negative, in seconds"
                )

    def rounded(self) -> "StageCosts":
        """Return the costs rounded to powers of four.

        Choices are made with these, so that the noise of a clock does not decide on events.
        """

        def coarse(value: float) -> float:
            return 4.0 ** round(math.log(value, 4.0)) if value > 0.0 else 0.0

        return StageCosts(
            coarse(self.proposal), coarse(self.surrogate), coarse(self.exact), coarse(self.event)
        )


@dataclass(frozen=True, slots=True)
class StageMaxima:
    """Maxima of both stages with their expected figures.

    Attributes
    ----------
    surrogate
        s_max, in units of the surrogate weight.
    ratio
        x_max, dimensionless.
    first_efficiency
        Part of the trials that pass the first stage.
    second_efficiency
        Part of those that become events.
    kish
        Effective number of events of unit weight per event.
    overweight
        Part of the cross section that lies above unit weight.
    seconds_per_effective_event
        Expected cost.
    """

    surrogate: float
    ratio: float
    first_efficiency: float
    second_efficiency: float
    kish: float
    overweight: float
    seconds_per_effective_event: float


def choose_maxima(
    surrogate: Tensor,
    exact: Tensor,
    costs: StageCosts,
    overweight: float = 1e-3,
    choice: StageCosts | None = None,
) -> StageMaxima:
    """Choose both maxima that give an effective event at the lowest cost.

    Parameters
    ----------
    surrogate, exact
        ``(N,)`` weights of a pilot sample, the surrogate's positive wherever the exact one is
        not zero.
    costs
        Seconds of each step.
    overweight
        Part of the cross section that may lie above unit weight.
    choice
        Costs that the choice is made with; the measured ones if None.

    Raises
    ------
    EmulationError
        If the weights do not fit together, or no pilot point has a weight.
    """
    check_weights(surrogate, exact)
    size = exact.abs()
    if float(size.sum()) == 0.0:
        raise EmulationError("no pilot point has a weight: nothing to unweight")
    s = surrogate.to(torch.float64)
    x = torch.where(s > 0.0, size.to(torch.float64) / s.clamp(min=1e-300), 0.0)
    rounded = (choice or costs).rounded()
    best: StageMaxima | None = None
    lowest = math.inf
    for s_max in _candidates(s, overweight):
        first = (s / s_max).clamp(max=1.0)
        carried = (s / s_max).clamp(min=1.0) * x
        # weights that reach the second stage, each with the probability to get there
        for x_max in _weighted_candidates(carried, first, overweight):
            found = _expect(s_max, x_max, first, carried / x_max, rounded)
            if found.overweight > overweight * (1.0 + 1e-9) and overweight > 0.0:
                continue
            if found.seconds_per_effective_event < lowest:
                lowest = found.seconds_per_effective_event
                best = _expect(s_max, x_max, first, carried / x_max, costs)
    if best is None:
        # The strictest pair has no weight above one in the pilot sample.
        s_max = float(s.max())
        carried, first = x, s / s_max
        best = _expect(s_max, float(x.max()), first, carried / float(x.max()), costs)
    return best


def choose_single_maximum(
    exact: Tensor,
    costs: StageCosts,
    overweight: float = 1e-3,
    choice: StageCosts | None = None,
) -> StageMaxima:
    """Figures of plain unweighting of the exact weight, for comparison.

    Parameters
    ----------
    exact
        ``(N,)`` exact weights of a pilot sample.
    costs
        Seconds of each step; the surrogate's do not enter.
    overweight
        Part of the cross section that may lie above unit weight.
    choice
        Costs that the choice is made with; the measured ones if None.
    """
    size = exact.abs().to(torch.float64)
    if float(size.sum()) == 0.0:
        raise EmulationError("no pilot point has a weight: nothing to unweight")
    maxima = [maximum_weight(size, f) for f in _fractions(overweight)]
    every = torch.ones_like(size)
    plain = StageCosts(costs.proposal, 0.0, costs.exact, costs.event)
    assumed = choice or costs
    rounded = StageCosts(assumed.proposal, 0.0, assumed.exact, assumed.event).rounded()
    best = min(
        maxima, key=lambda m: _expect(1.0, m, every, size / m, rounded).seconds_per_effective_event
    )
    return _expect(1.0, best, every, size / best, plain)


def _fractions(overweight: float) -> list[float]:
    if overweight == 0.0:
        return [0.0]
    steps = torch.logspace(math.log10(overweight) - 2, math.log10(overweight), 5)
    return [min(float(f), overweight) for f in steps]


def _candidates(s: Tensor, overweight: float) -> list[float]:
    """Maxima from the largest surrogate weight down to a tenth of the weight above it."""
    if overweight == 0.0:
        return [float(s.max())]
    fractions = torch.logspace(-6, math.log10(_LOOSEST), _CANDIDATES)
    found = {maximum_weight(s, float(f)) for f in fractions}
    return sorted(m for m in found if m > 0.0)


def _weighted_candidates(z: Tensor, probability: Tensor, overweight: float) -> list[float]:
    """Values of x_max whose excess is a given part of the cross section."""
    if overweight == 0.0:
        return [float(z.max())]
    order = z.argsort(descending=True)
    value, weight = z[order], probability[order]
    total = float((value * weight).sum())
    above, mass = (value * weight).cumsum(0), weight.cumsum(0)
    found = []
    for fraction in _fractions(overweight):
        allowed = fraction * total
        following = torch.cat((value[1:], value.new_zeros(1)))
        first = int(torch.nonzero(above - mass * following >= allowed)[0, 0])
        found.append((float(above[first]) - allowed) / float(mass[first]))
    return [m for m in found if m > 0.0]


def _expect(s_max: float, x_max: float, first: Tensor, z: Tensor, costs: StageCosts) -> StageMaxima:
    trials = len(z)
    passed = float(first.sum())
    events = float((first * z.clamp(max=1.0)).sum())
    weight = float((first * z).sum())
    square = float((first * z * z.clamp(min=1.0)).sum())
    effective = weight**2 / square
    seconds = (
        trials * (costs.proposal + costs.surrogate) + passed * costs.exact + events * costs.event
    )
    return StageMaxima(
        surrogate=s_max,
        ratio=x_max,
        first_efficiency=passed / trials,
        second_efficiency=events / passed,
        kish=effective / events,
        overweight=float((first * (z - 1.0).clamp(min=0.0)).sum()) / weight,
        seconds_per_effective_event=seconds / effective,
    )
