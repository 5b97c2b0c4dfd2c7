# SPDX-License-Identifier: GPL-3.0-or-later
"""Kolmogorov-Smirnov and Wasserstein-1 distance of one-dimensional distributions.

The cumulative distributions are kept on a fine grid, per block of events, so that weights and
many entries an event are treated exactly and memory stays constant.  The grid comes from the
quantiles of the first reference events; both distances are exact for distributions that live
on the grid.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.validation.histograms import BLOCKS, Values, moved_blocks
from mcsurrogate.validation.statistics.multipliers import Multipliers, log_p_from_replicas

__all__ = ["DistanceTest", "FineSums", "Marginal", "compare_marginal", "fine_edges"]

FloatArray = NDArray[np.float64]

_GRID = 200
_ROUNDING = 1e-6
"""Of the narrowest bin: values that are closer are one."""


def fine_edges(values: FloatArray, edges: FloatArray) -> FloatArray:
    """Grid for cumulative distributions.

    Parameters
    ----------
    values
        Values of some events.
    edges
        Bin edges of the observable, which join the grid.
    """
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.unique(edges)
    levels = np.quantile(finite, np.linspace(0.0, 1.0, _GRID + 1))
    # a discrete value must lie inside a cell, never on an edge that rounding could move it over
    distinct = np.unique(finite)
    narrowest = np.diff(edges).min() if len(edges) > 1 else 0.0
    new = np.diff(distinct) > _ROUNDING * narrowest
    first, last = distinct[np.append(True, new)], distinct[np.append(new, True)]
    between = 0.5 * (first[1:] + last[:-1])
    levels = between if len(first) <= _GRID else _beside(levels, first, last, between)
    return np.unique(np.concatenate((levels, edges)))


def _beside(
    levels: FloatArray, first: FloatArray, last: FloatArray, between: FloatArray
) -> FloatArray:
    """Move levels that lie within values of one rounding into the gaps on both sides."""
    group = np.clip(np.searchsorted(first, levels, side="right") - 1, 0, len(first) - 1)
    inside = (levels <= last[group]) & (first[group] < last[group])
    ends = np.concatenate((group[inside] - 1, group[inside]))
    ends = ends[(ends >= 0) & (ends < len(between))]
    return np.concatenate((levels[~inside], between[ends]))


@dataclass
class FineSums:
    """Contents of a fine grid for each block of events.

    Attributes
    ----------
    edges
        ``(F + 1,)``.
    content
        ``(BLOCKS, F + 2)`` sums of weights, underflow first and overflow last.
    """

    edges: FloatArray
    content: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.content = np.zeros((BLOCKS, len(self.edges) + 1))
        self.scatter: FloatArray | None = None

    def fill(
        self,
        values: Values,
        weights: FloatArray,
        first_event: int,
        scatter: FloatArray | None = None,
    ) -> None:
        """Add a chunk; see `mcsurrogate.validation.histograms.EventSums.fill`."""
        entry = values.values
        event = np.arange(len(weights)) if values.event is None else values.event
        keep = ~np.isnan(entry)
        entry, event = entry[keep], event[keep]
        own = None if values.entry_weights is None else values.entry_weights[keep]
        width = len(self.edges) + 1
        slot = np.searchsorted(self.edges, entry, side="right")
        block = (first_event + event) % BLOCKS

        def in_blocks(by_event: FloatArray) -> FloatArray:
            weight = by_event[event] if own is None else by_event[event] * own
            flat = np.bincount(block * width + slot, weights=weight, minlength=BLOCKS * width)
            return flat.reshape(BLOCKS, width).astype(np.float64, copy=False)

        self.content += in_blocks(weights)
        if scatter is not None:
            if self.scatter is None:
                self.scatter = np.zeros_like(self.content)
            self.scatter += in_blocks(scatter)

    def merge(self, other: "FineSums", first_event: int) -> None:
        """Add events that follow; see `mcsurrogate.validation.histograms.EventSums.merge`."""
        self.content += moved_blocks(other.content, first_event)
        if other.scatter is not None:
            more = moved_blocks(other.scatter, first_event)
            self.scatter = more if self.scatter is None else self.scatter + more

    @property
    def cumulative(self) -> FloatArray:
        """``(F + 1,)`` share of the weight below each edge."""
        total = self.content.sum(axis=0)
        share: FloatArray = np.cumsum(total)[:-1] / total.sum()
        return share

    def residuals(self) -> FloatArray:
        """``(BLOCKS, F + 1)`` deviations of the blocks from the cumulative distribution."""
        own = np.cumsum(self.content if self.scatter is None else self.scatter, axis=1)
        below, total = own[:, :-1], own[:, -1:]
        deviation: FloatArray = (below - total * self.cumulative) / self.content.sum()
        return deviation


@dataclass(frozen=True, slots=True)
class DistanceTest:
    """A distance and its p-value.

    Attributes
    ----------
    distance
        Value of the distance.
    expected
        Mean of the distance between equal samples.
    log_p
        Log p-value.
    replicas
        ``(R,)`` the distance under the null hypothesis.
    """

    distance: float
    expected: float
    log_p: float
    replicas: FloatArray


@dataclass(frozen=True, slots=True)
class Marginal:
    """Both distances of one observable."""

    ks: DistanceTest
    wasserstein: DistanceTest


def _test(distance: float, replicas: FloatArray) -> DistanceTest:
    log_p = log_p_from_replicas(distance, replicas)
    return DistanceTest(distance, float(replicas.mean()), log_p, replicas)


def distances(
    candidate: FineSums, reference: FineSums, multipliers: Multipliers
) -> tuple[float, FloatArray, float, FloatArray]:
    """KS distance and replicas, W1 distance and replicas, of two samples on one grid."""
    width = np.diff(reference.edges)
    difference = np.abs(candidate.cumulative - reference.cumulative)
    null = np.abs(multipliers.difference(candidate.residuals(), reference.residuals()))
    # between two edges the difference is taken as the mean of its values at both
    w1 = float((0.5 * (difference[1:] + difference[:-1]) * width).sum())
    null_w1: FloatArray = (0.5 * (null[:, 1:] + null[:, :-1])) @ width
    return float(difference.max()), null.max(axis=1), w1, null_w1


def compare_marginal(
    candidate: FineSums, reference: FineSums, multipliers: Multipliers
) -> Marginal | None:
    """Compare an observable of two samples; None where one of them has no entries."""
    totals = candidate.content.sum(), reference.content.sum()
    if not all(abs(total) > 0.0 for total in totals):
        return None
    ks, null_ks, w1, null_w1 = distances(candidate, reference, multipliers)
    return Marginal(_test(ks, null_ks), _test(w1, null_w1))
