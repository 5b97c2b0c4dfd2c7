"""Many tests at once, with the correlations that come from sharing the same events.

The observables of a report are computed from the same events, so their p-values are not
independent, and neither a Kolmogorov test over them nor a Bonferroni bound has its textbook
null distribution.  The joint null distribution is made by a multiplier bootstrap: the sums of
each block of events (see `mcsurrogate.validation.histograms.BLOCKS`) are multiplied by the
same independent standard normal numbers for all observables (Chernozhukov, Chetverikov and
Kato, arXiv:1212.6906), and every statistic is computed again.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mcsurrogate.validation.histograms import BLOCKS, EventSums
from mcsurrogate.validation.statistics.binned import BinnedComparison

__all__ = ["Combination", "combine"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Combination:
    """What all p-values together say.

    Attributes
    ----------
    ks_statistic
        Largest distance between the distribution of the p-values and the uniform one.
    ks_p_value
        Its p-value with the correlations of the observables.
    ks_p_value_independent
        Its p-value if the observables were independent, for orientation.
    adjusted
        Family-wise adjusted p-value of each observable: probability that any of them
        comes out as small under the null (step-down of Westfall and Young from the bootstrap
        where that resolves it, Holm's bound below).
    replicas
        Bootstrap replicas.
    """

    ks_statistic: float
    ks_p_value: float
    ks_p_value_independent: float
    adjusted: FloatArray
    replicas: int


def _ks_distance(p_values: FloatArray) -> FloatArray:
    """Two-sided KS distance from the uniform distribution along the last axis."""
    ordered = np.sort(p_values, axis=-1)
    n = ordered.shape[-1]
    steps = np.arange(1, n + 1) / n
    distance: FloatArray = np.maximum(steps - ordered, ordered - steps + 1.0 / n).max(axis=-1)
    return distance


def _replicas(
    pairs: list[tuple[EventSums, EventSums]],
    comparisons: list[BinnedComparison],
    replicas: int,
    seed: int,
) -> FloatArray:
    """``(replicas, observables)`` chi^2 statistics under the null, jointly."""
    random = np.random.default_rng(seed)
    multipliers = random.standard_normal((2, replicas, BLOCKS))
    out = np.empty((replicas, len(comparisons)))
    for column, ((candidate, reference), comparison) in enumerate(
        zip(pairs, comparisons, strict=True)
    ):
        n_groups = len(comparison.pooled_mean)
        difference = np.zeros((replicas, comparison.whitening.shape[0]))
        for sign, (sums, noise) in zip(
            (1.0, -1.0), zip((candidate, reference), multipliers, strict=True), strict=True
        ):
            merged = sums.merged(comparison.groups, n_groups)
            residuals = merged.block_residuals(merged.mean)
            difference += sign * (noise @ (residuals @ comparison.whitening.T))
        out[:, column] = (difference**2).sum(axis=1)
    return out


def _ranked(statistics: FloatArray) -> FloatArray:
    """p-value of each replica among the replicas of the same observable."""
    order = np.argsort(np.argsort(-statistics, axis=0, kind="stable"), axis=0, kind="stable")
    return (order + 0.5) / len(statistics)


def combine(
    pairs: list[tuple[EventSums, EventSums]],
    comparisons: list[BinnedComparison],
    *,
    replicas: int = 4000,
    seed: int = 1,
) -> Combination:
    """Combine the full chi^2 tests of all observables.

    Parameters
    ----------
    pairs, comparisons
        Candidate and reference sums of each observable, and their comparison.
    replicas, seed
        Size and random seed of the bootstrap.
    """
    p_values = np.array([c.full.p_value for c in comparisons])
    n = len(p_values)
    null = _ranked(_replicas(pairs, comparisons, replicas, seed))
    distance = float(_ks_distance(p_values))
    exceed = int((_ks_distance(null) >= distance).sum())
    ks_p = (exceed + 1) / (replicas + 1)
    independent = float(stats.kstwo.sf(distance, n))

    # Step-down: the smallest p-value competes with all, the second with all but the first, ...
    order = np.argsort(p_values)
    adjusted = np.empty(n)
    running = 0.0
    for position, index in enumerate(order):
        rest = null[:, order[position:]].min(axis=1)
        young = (float((rest <= p_values[index]).sum()) + 1) / (replicas + 1)
        holm = min(1.0, (n - position) * float(p_values[index]))
        # ranks below ten replicas mean nothing; Holm's bound holds for any correlation
        resolved = p_values[index] * replicas >= 10.0
        running = max(running, min(young, holm) if resolved else holm)
        adjusted[index] = running
    return Combination(distance, ks_p, independent, adjusted, replicas)
