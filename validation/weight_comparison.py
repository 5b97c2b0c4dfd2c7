# SPDX-License-Identifier: GPL-3.0-or-later
"""Distributions of event weights: the chosen one, and every named one over it.

Two samples of the same events need not have the same weights: a reweighted or an unweighted
sample may stand for the other.  The chosen weight therefore only counts for the verdict where
the weights of both samples vary.  The ratio of a named weight to the chosen one is a property
of an event, as any observable, and counts always.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.reservoir import EVERY_EVENT, Reservoir
from mcsurrogate.validation.statistics.marginal import FineSums, fine_edges

__all__ = ["WeightPair", "WeightTable", "compare_weights"]

FloatArray = NDArray[np.float64]

_NUMBERS = 4_000_000
"""Weights that a sample keeps at most: all names of the events of a random part."""
_EVENTS = 200_000
_LEVELS = (0.001, 0.003, 0.01, 0.03, *(i / 20 for i in range(1, 20)), 0.97, 0.99, 0.997, 0.999)


class WeightTable:
    """Weights of a random part of the events of a sample.

    Parameters
    ----------
    names
        Of the weights, as many as an event has.
    chosen
        Column of the weight that the comparison uses.
    seed
        Of the random choice.
    part
        Keep all events: they are a part of a sample, which chooses.
    """

    def __init__(
        self, names: tuple[str, ...], chosen: int, seed: int, *, part: bool = False
    ) -> None:
        self.names, self.chosen = names, chosen
        capacity = min(_EVENTS, _NUMBERS // max(len(names), 1))
        self._rows = Reservoir(EVERY_EVENT if part else capacity, seed)

    def add(self, weights: FloatArray, first_event: int, keys: FloatArray | None = None) -> None:
        """Add the ``(N, W)`` weights of a chunk; `keys` as in `Reservoir.add`."""
        own = weights[:, self.chosen]
        self._rows.add(weights, own, first_event, keys)

    def merge(self, other: "WeightTable", first_event: int) -> None:
        """Add the events of a part."""
        self._rows.merge(other._rows, first_event)

    def relative(self) -> FloatArray:
        """Chosen weight over the median of its absolute value.

        A mean would move all weights when a few are wrong.
        """
        typical = float(np.median(np.abs(self._rows.weights)))
        scaled = self._rows.weights / (typical or 1.0)
        # rounding must not tell equal weights apart
        rounded: FloatArray = np.round(scaled, 9)
        return rounded

    def ratio(self, name: str) -> FloatArray:
        """Another weight over the chosen one; NaN for events whose chosen weight is zero."""
        own = self._rows.weights
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self._rows.rows[:, self.names.index(name)] / own
        return np.where(own != 0.0, np.round(ratio, 9), np.nan)


@dataclass(frozen=True)
class WeightPair:
    """A weight in both samples, ready for the tests.

    Attributes
    ----------
    observable
        Describes it.
    sums, fine
        Of candidate and reference.
    counts
        Whether a difference counts for the verdict.
    """

    observable: Observable
    sums: tuple[EventSums, EventSums]
    fine: tuple[FineSums, FineSums]
    counts: bool


def _constant(values: FloatArray) -> bool:
    finite = values[np.isfinite(values)]
    return len(finite) == 0 or float(np.ptp(finite)) <= 1e-9 * float(np.abs(finite).max())


def _edges(values: FloatArray) -> FloatArray:
    """Bin edges between distinct values, at quantiles that resolve both tails."""
    distinct = np.unique(values)
    middles = 0.5 * (distinct[1:] + distinct[:-1])
    if len(middles) <= len(_LEVELS):
        inner = middles
    else:
        targets = np.quantile(values, _LEVELS)
        inner = middles[np.clip(np.searchsorted(middles, targets), 0, len(middles) - 1)]
    outer = float(distinct[-1] - distinct[0]) * 0.01
    edges: FloatArray = np.unique(
        np.concatenate(([distinct[0] - outer], inner, [distinct[-1] + outer]))
    )
    return edges


def _pair(
    name: str, words: str, label: str, first: FloatArray, second: FloatArray, *, counts: bool
) -> WeightPair | None:
    """Make a pair of two arrays of weights; None where all are equal."""
    both = np.concatenate((first, second))
    both = both[np.isfinite(both)]
    if _constant(both):
        return None
    edges = _edges(both)
    grid = fine_edges(both, edges)
    sums, fine = [], []
    for values in (first, second):
        one, cumulative = EventSums(edges), FineSums(grid)
        kept = np.where(np.isfinite(values), values, np.nan)
        ones = np.ones(len(values))
        one.fill(Values(kept), ones, 0)
        cumulative.fill(Values(kept), ones, 0)
        sums.append(one)
        fine.append(cumulative)
    observable = Observable(
        name=name,
        title=words,
        label=label,
        edges=tuple(edges),
        compute=lambda events: events.weights,
        group="weight",
        definition=f"{words.lower()}, every event counted once",
        log_y=True,
        feature=False,
    )
    return WeightPair(observable, (sums[0], sums[1]), (fine[0], fine[1]), counts)


def compare_weights(candidate: WeightTable, reference: WeightTable) -> list[WeightPair]:
    """Pair the weights that both samples have; those that are the same number are left out."""
    a, b = candidate.relative(), reference.relative()
    found = [
        _pair(
            "event_weight",
            "Event weight over its median",
            r"$w / {\rm median}|w|$",
            a,
            b,
            counts=not (_constant(a) or _constant(b)),
        )
    ]
    used = (candidate.names[candidate.chosen], reference.names[reference.chosen])
    found += [
        _pair(
            f"weight[{name}]",
            f"Weight {name} over the event weight",
            "ratio of weights",
            candidate.ratio(name),
            reference.ratio(name),
            counts=True,
        )
        for name in candidate.names
        if name in reference.names and name not in used
    ]
    return [pair for pair in found if pair is not None]
