# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tests at once.

Family-wise adjusted p-values come from Holm's step-down procedure, which holds for any
correlation.  Whether all p-values together look uniform is a Kolmogorov test whose null
distribution must know that the observables share their events: the squared correlations
between the whitened bin contents of two observables, averaged, are the correlation of their
chi^2 statistics, and p-values with these correlations are drawn from a Gaussian copula.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from mcsurrogate.validation.histograms import BLOCKS, EventSums
from mcsurrogate.validation.statistics.binned import BinnedComparison

__all__ = ["Uniformity", "holm", "uniformity"]

FloatArray = NDArray[np.float64]


def holm(p_values: Sequence[float]) -> FloatArray:
    """Adjust p-values so that comparing them to alpha bounds the family-wise error by alpha.

    Holm, Scand. J. Statist. 6 (1979) 65.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p)
    steps = (len(p) - np.arange(len(p))) * p[order]
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


@dataclass(frozen=True, kw_only=True)
class Uniformity:
    """Whether the p-values of all observables together are uniform.

    Attributes
    ----------
    distance
        Largest distance between the distribution of the p-values and the uniform one.
    p_value
        Its p-value with the correlations of the observables.
    p_value_independent
        Its p-value if the observables were independent, for orientation.
    excess_p_value
        p-value of the one-sided distance: only too many small p-values count.  The verdict
        uses this one; samples that agree too well do not differ.
    effective_observables
        Number of independent observables whose mean p-value would scatter as much.
    """

    distance: float
    p_value: float
    p_value_independent: float
    excess_p_value: float
    effective_observables: float


def _distances(p_values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """KS distances above and below the uniform distribution along the last axis."""
    ordered = np.sort(p_values, axis=-1)
    n = ordered.shape[-1]
    steps = np.arange(1, n + 1) / n
    return (steps - ordered).max(axis=-1), (ordered - steps + 1.0 / n).max(axis=-1)


def _whitened(pair: tuple[EventSums, EventSums], comparison: BinnedComparison) -> FloatArray:
    """``(2 BLOCKS, ndf)`` deviations of the blocks, whose outer products sum to about one."""
    n_groups = len(comparison.pooled_mean)
    parts = []
    for sums in pair:
        merged = sums.merged(comparison.groups, n_groups)
        parts.append(merged.block_residuals(merged.mean) @ comparison.whitening.T)
    return np.concatenate(parts)


def chi2_correlations(
    pairs: Sequence[tuple[EventSums, EventSums]], comparisons: Sequence[BinnedComparison]
) -> FloatArray:
    """Correlation matrix of the chi^2 statistics of T observables, ``(T, T)``.

    For normal z_a, z_b with cross correlation R the correlation of |z_a|^2 and |z_b|^2 is
    tr(R R^T) / sqrt(k_a k_b).  R is estimated from the blocks; its noise adds
    k_a k_b / blocks to tr(R R^T), which is subtracted.
    """
    whitened = [_whitened(p, c) for p, c in zip(pairs, comparisons, strict=True)]
    shares = [float((w[:BLOCKS] ** 2).sum()) / max(float((w**2).sum()), 1e-300) for w in whitened]
    share = float(np.median(shares)) if shares else 0.5
    noise = (share**2 + (1.0 - share) ** 2) / BLOCKS
    n = len(whitened)
    out = np.eye(n)
    for i in range(n):
        for j in range(i):
            k = whitened[i].shape[1] * whitened[j].shape[1]
            if k == 0:
                continue
            squares = float(((whitened[i].T @ whitened[j]) ** 2).sum())
            out[i, j] = out[j, i] = min(max((squares - k * noise) / np.sqrt(k), 0.0), 1.0)
    return out


def uniformity(
    pairs: Sequence[tuple[EventSums, EventSums]],
    comparisons: Sequence[BinnedComparison],
    *,
    replicas: int = 20_000,
    seed: int = 1,
) -> Uniformity:
    """Kolmogorov test of the p-values of all observables against the uniform distribution.

    Parameters
    ----------
    pairs, comparisons
        Candidate and reference sums of each observable, and their comparison.  Observables
        that are constant in both samples say nothing and are left out.
    replicas, seed
        Size and random seed of the null distribution.
    """
    kept = [i for i, c in enumerate(comparisons) if c.full.ndf > 0]
    if not kept:
        return Uniformity(
            distance=0.0,
            p_value=1.0,
            p_value_independent=1.0,
            excess_p_value=1.0,
            effective_observables=0.0,
        )
    p_values = np.array([comparisons[i].full.p_value for i in kept])
    correlations = chi2_correlations([pairs[i] for i in kept], [comparisons[i] for i in kept])
    # noise can make the matrix slightly indefinite
    values, vectors = np.linalg.eigh(correlations)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    root /= np.linalg.norm(root, axis=1, keepdims=True)
    normal = np.random.default_rng(seed).standard_normal((replicas, len(kept))) @ root.T
    null_above, null_below = _distances(special.ndtr(normal))
    above, below = (float(d) for d in _distances(p_values))
    distance = max(above, below)
    both = int((np.maximum(null_above, null_below) >= distance).sum())
    one_sided = int((null_above >= above).sum())
    n = len(kept)
    return Uniformity(
        distance=distance,
        p_value=(both + 1) / (replicas + 1),
        p_value_independent=float(stats.kstwo.sf(distance, n)),
        excess_p_value=(one_sided + 1) / (replicas + 1),
        effective_observables=n * n / float(correlations.sum()),
    )
