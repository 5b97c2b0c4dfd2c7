# SPDX-License-Identifier: GPL-3.0-or-later
"""chi^2 between two weighted histograms with correlated bins.

The event is the independent unit, so the covariance of the bin contents comes from the
scatter between events (see `mcsurrogate.validation.histograms`), not from the number of
entries.  Under the null hypothesis both samples have the same mean, which is therefore
pooled before residuals are taken; with constant weights the covariance of one event is
pooled too.  This keeps sparsely filled bins from faking deviations.  For independent
entries and unit weights the statistic becomes the familiar sum of (a - b)^2 / (a + b).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.statistics.rare import Rare, compare_rare
from mcsurrogate.validation.statistics.scan import Scan, scan
from mcsurrogate.validation.statistics.significance import log_sf_total_scatter, sigmas

__all__ = ["BinnedComparison", "Chi2", "compare_binned"]

FloatArray = NDArray[np.float64]

MIN_EFFECTIVE = 25.0
"""Bins are merged until the smaller sample expects this many effective events in each."""

_RANK_TOLERANCE = 1e-8


@dataclass(frozen=True, slots=True)
class Chi2:
    """One chi^2 test.

    Attributes
    ----------
    statistic, ndf
        The quadratic form and the rank of its covariance.
    log_p
        Natural logarithm of the p-value.
    """

    statistic: float
    ndf: int
    log_p: float

    @property
    def p_value(self) -> float:
        """p-value; may underflow to zero where `log_p` is still finite."""
        return math.exp(self.log_p)

    @property
    def sigma(self) -> float:
        """The p-value as two-sided Gaussian standard deviations."""
        return sigmas(self.log_p)


@dataclass(frozen=True, kw_only=True)
class BinnedComparison:
    """Comparison of one observable between a candidate and a reference.

    Attributes
    ----------
    full
        Shape and rate together: mean bin contents per event.
    shape
        Contents normalised to their sum.
    rate
        Mean number of entries per event alone; ``ndf`` 0 where it is constant.
    scan
        The bin or tail that deviates most.
    rare
        The bin that deviates most of those that are too rare to stand alone in the other tests.
    pulls
        ``(B + 2,)`` difference of each bin in units of its standard deviation, NaN where empty.
    groups
        ``(B + 2,)`` group that each bin was merged into.
    whitening
        ``(ndf, G)``: applied to a difference of merged contents, gives the vector whose
        squared length is `full.statistic`.
    pooled_mean
        ``(G,)`` common mean contents of the groups.
    """

    full: Chi2
    shape: Chi2
    rate: Chi2
    scan: Scan
    rare: Rare | None
    pulls: FloatArray
    groups: NDArray[np.int64]
    whitening: FloatArray
    pooled_mean: FloatArray


def _effective(a: EventSums, b: EventSums, mean: FloatArray) -> FloatArray:
    """Effective events that the smaller sample expects in each bin under the null."""
    if a.signed or b.signed:
        return min(a.effective_events, b.effective_events) * 0.5 * (a.size + b.size)
    second = np.maximum(
        np.diag(a.product) / max(a.weight2, 1e-300), np.diag(b.product) / max(b.weight2, 1e-300)
    )
    smaller = min(a.effective_events, b.effective_events)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(second > 0.0, smaller * mean**2 / second, 0.0)


def _merge_neighbours(effective: FloatArray, minimum: float) -> NDArray[np.int64]:
    """Group neighbouring bins until each group has the minimum; a short rest joins the last."""
    groups = np.zeros(len(effective), dtype=np.int64)
    group, filled = 0, 0.0
    for i, value in enumerate(effective):
        groups[i] = group
        filled += value
        if filled >= minimum:
            group, filled = group + 1, 0.0
    if filled < minimum and group > 0:
        groups[groups == group] = group - 1
    return groups


def _merge_rare(effective: FloatArray, minimum: float) -> NDArray[np.int64]:
    """Put all categories with less than the minimum into one group, the last."""
    rich = effective >= minimum
    groups = np.full(len(effective), int(rich.sum()), dtype=np.int64)
    groups[rich] = np.arange(int(rich.sum()))
    return groups


def _pooled(a: FloatArray, b: FloatArray, weight_a: float, weight_b: float) -> FloatArray:
    return (weight_a * a + weight_b * b) / (weight_a + weight_b)


def _quadratic(
    difference: FloatArray, covariance: FloatArray, events: float, typical: float
) -> tuple[Chi2, FloatArray]:
    """chi^2 of a difference with the (possibly singular) covariance, and its whitening.

    Directions whose standard deviation is below rounding, compared to typical contents, are
    constant and carry no information.
    """
    scale = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    live = scale > 1e-7 * typical
    whitening = np.zeros((0, len(difference)))
    if live.any():
        correlation = covariance[np.ix_(live, live)] / np.outer(scale[live], scale[live])
        values, vectors = np.linalg.eigh(correlation)
        kept = values > _RANK_TOLERANCE * len(values)
        whitening = np.zeros((int(kept.sum()), len(difference)))
        whitening[:, live] = (vectors[:, kept] / np.sqrt(values[kept])).T / scale[live]
    statistic = float(((whitening @ difference) ** 2).sum())
    ndf = len(whitening)
    return Chi2(statistic, ndf, log_sf_total_scatter(statistic, ndf, events)), whitening


def _untested(bins: int, groups: NDArray[np.int64]) -> BinnedComparison:
    """Return the comparison of samples with too few events to compare."""
    nothing = Chi2(0.0, 0, 0.0)
    return BinnedComparison(
        full=nothing,
        shape=nothing,
        rate=nothing,
        scan=Scan(0.0, 0, bins - 1, 0.0),
        rare=None,
        pulls=np.full(bins, np.nan),
        groups=groups,
        whitening=np.zeros((0, int(groups.max()) + 1)),
        pooled_mean=np.zeros(int(groups.max()) + 1),
    )


def _constant_weights(sums: EventSums) -> bool:
    return abs(sums.effective_events / max(sums.events, 1) - 1.0) < 1e-9


def compare_binned(
    candidate: EventSums,
    reference: EventSums,
    *,
    categories: bool = False,
    min_effective: float = MIN_EFFECTIVE,
) -> BinnedComparison:
    """Compare an observable of two samples.

    Parameters
    ----------
    candidate, reference
        Sums of the samples over the same edges.
    categories
        Bins have no order: rare ones are merged together rather than with their neighbours.
    min_effective
        See `MIN_EFFECTIVE`.  Samples with fewer effective events are not compared: degrees of
        freedom 0.
    """
    n_a, n_b = candidate.effective_events, reference.effective_events
    if min(n_a, n_b) < min_effective:
        return _untested(len(candidate.content), np.zeros(len(candidate.content), dtype=np.int64))
    events = n_a + n_b
    mean = _pooled(candidate.mean, reference.mean, n_a, n_b)
    effective = _effective(candidate, reference, mean)
    merge = _merge_rare if categories else _merge_neighbours
    groups = merge(effective, min_effective)
    n_groups = int(groups.max()) + 1
    a, b = candidate.merged(groups, n_groups), reference.merged(groups, n_groups)

    pool = _constant_weights(candidate) and _constant_weights(reference)

    def total(cov_a: FloatArray, cov_b: FloatArray) -> FloatArray:
        if not pool:
            return cov_a + cov_b
        # N C is the covariance of one event, the same in both samples under the null
        single = (n_a * n_a * cov_a + n_b * n_b * cov_b) / events
        return single * (1.0 / n_a + 1.0 / n_b)

    merged_mean = _pooled(a.mean, b.mean, n_a, n_b)
    covariance = total(a.covariance(merged_mean), b.covariance(merged_mean))
    typical = float(np.abs(merged_mean).sum()) / np.sqrt(events)
    full, whitening = _quadratic(a.mean - b.mean, covariance, events, 1e-3 * typical)

    interval = scan(
        a.mean - b.mean,
        covariance,
        merged_mean,
        groups,
        ordered=not categories,
        floor=1e-6 * typical,
    )

    one = np.ones((1, n_groups))
    rate, _ = _quadratic(one @ (a.mean - b.mean), one @ covariance @ one.T, events, typical)

    shape = Chi2(0.0, 0, 0.0)
    sum_a, sum_b = a.content.sum(), b.content.sum()
    if sum_a != 0.0 and sum_b != 0.0:
        shape_a, shape_b = a.content / sum_a, b.content / sum_b
        common = _pooled(shape_a, shape_b, n_a, n_b)
        shape_covariance = total(a.shape_covariance(common), b.shape_covariance(common))
        shape, _ = _quadratic(shape_a - shape_b, shape_covariance, events, 1e-3 / np.sqrt(events))

    raw = total(candidate.covariance(mean), reference.covariance(mean))
    sigma = np.sqrt(np.maximum(np.diag(raw), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        pulls = np.where(sigma > 0.0, (candidate.mean - reference.mean) / sigma, np.nan)
    return BinnedComparison(
        full=full,
        shape=shape,
        rate=rate,
        scan=interval,
        rare=compare_rare(candidate, reference, effective < min_effective),
        pulls=pulls,
        groups=groups,
        whitening=whitening,
        pooled_mean=merged_mean,
    )
