# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned likelihood ratio of two samples: New Physics Learning Machine with kernels.

D'Agnolo and Wulzer, arXiv:1806.02350; with Nystroem centres and a logistic loss: Letizia et al.,
arXiv:2204.02317; as a test of generators: arXiv:2508.02275.  The logarithm of the ratio of the
densities is f(x) = sum_j w_j exp(-|x - c_j|^2 / (2 s^2)) with s the 90th percentile of the
distances between events, and half of it (several widths: arXiv:2408.12296); the statistic is that
of Neyman and Pearson, t = 2 (sum_A f - sum_B (e^f - 1)).

Its null distribution comes from dealing the events of both samples anew: all deals are trained at
once, with one matrix for the curvature of the loss (at most that at f = 0: Boehning and Lindsay,
Ann. Inst. Stat. Math. 40 (1988) 641), so that two hundred of them cost seconds.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special, stats

from mcsurrogate.validation.reservoir import Reservoir, Rows

__all__ = ["LearnedRatio", "compare_learned_ratio", "unweighted"]

FloatArray = NDArray[np.float64]
Single = NDArray[np.float32]

EVENTS = 10_000
"""Events of each sample that are seen at most."""
DEALS = 200
_CENTRES = 200
_RIDGE = 1e-6
_STEPS = 8
_FEWEST = 200
_RELIABLE = 20
_WIDTH_EVENTS = 1000
_WIDTHS = (1.0, 0.5)
"""Of the kernels, over the 90th percentile of the distances."""


@dataclass(frozen=True, slots=True)
class LearnedRatio:
    """Learned likelihood ratio and its test.

    Attributes
    ----------
    statistic, expected
        t of the kernel width that deviates most, and its mean between equal samples.
    log_p
        Log p-value: the share of the deals that deviate as much with any width, beyond their reach
        that of the gamma distribution with their mean and variance, times the number of widths.
    events
        Events of each sample that were used.
    """

    statistic: float
    expected: float
    log_p: float
    events: int


def unweighted(sample: Reservoir, random: np.random.Generator) -> Rows | None:
    """Rows of independent events with equal weights, none where some weight is negative.

    Events of varying weights are kept with probability w / max w: deals of weighted events would
    take samples whose weights vary in different ways for exchangeable.
    """
    weights = sample.weights
    if (weights < 0.0).any():
        return None
    kept = random.random(len(weights)) * weights.max(initial=0.0) <= weights
    kept &= weights > 0.0
    rows: Rows = sample.rows[kept]
    return rows


def _kernel(points: Single, centres: Single, width: float) -> Single:
    square = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2.0 * points @ centres.T
    kernel: Single = np.exp(np.maximum(square, 0.0) * np.float32(-0.5 / width**2))
    return kernel


def _width(points: Single) -> float:
    """90th percentile of the distances between some of the events."""
    some = points[:_WIDTH_EVENTS].astype(np.float64)
    square = (some**2).sum(axis=1)
    distances = np.sqrt(np.maximum(square[:, None] + square - 2.0 * some @ some.T, 0.0))
    return float(np.percentile(distances[np.triu_indices(len(some), 1)], 90.0))


def _features(points: Single, centres: Single, width: float) -> Single:
    """Columns whose ridge penalty is that of the kernel's own norm."""
    own = _kernel(centres, centres, width).astype(np.float64)
    values, vectors = linalg.eigh(own)
    kept = values > 1e-5 * values[-1]
    columns: Single = _kernel(points, centres, width) @ (
        vectors[:, kept] / np.sqrt(values[kept])
    ).astype(np.float32)
    return columns


def _statistics(columns: Single, candidate: NDArray[np.bool_]) -> FloatArray:
    """Statistic of each of the P columns of labels, ``(N, P)``."""
    n = len(columns)
    curvature = columns.T.astype(np.float64) @ columns / (4.0 * n)
    factor = linalg.cho_factor(curvature + _RIDGE * np.eye(len(curvature)))
    weights = np.zeros((columns.shape[1], candidate.shape[1]))
    labels = candidate.astype(np.float32)
    for _ in range(_STEPS):
        residual = labels - special.expit(columns @ weights.astype(np.float32))
        gradient = (columns.T @ residual) / n - _RIDGE * weights
        weights += linalg.cho_solve(factor, gradient)
    ratio = (columns @ weights.astype(np.float32)).astype(np.float64)
    terms = np.where(candidate, ratio, -np.expm1(np.minimum(ratio, 50.0)))
    statistics: FloatArray = 2.0 * terms.sum(axis=0)
    return statistics


def compare_learned_ratio(
    candidate: Reservoir, reference: Reservoir, *, seed: int = 1
) -> LearnedRatio | None:
    """Learn the likelihood ratio of the events that two reservoirs keep.

    Parameters
    ----------
    candidate, reference
        Features of some events of both samples; as many are taken of one as of the other.
    seed
        Of events, centres and deals.

    Returns
    -------
    None where weights are negative, or vary so much that fewer than 200 events are left.
    """
    random = np.random.default_rng(seed)
    rows = [unweighted(sample, random) for sample in (candidate, reference)]
    if rows[0] is None or rows[1] is None:
        return None
    n = min(len(rows[0]), len(rows[1]), EVENTS)
    if n < _FEWEST:
        return None
    parts = [part[random.permutation(len(part))[:n]] for part in (rows[0], rows[1])]
    points = np.concatenate(parts).astype(np.float32)
    mixed = points[random.permutation(2 * n)]
    centres = mixed[: min(_CENTRES, n)]
    width = _width(mixed)
    labels = np.zeros((2 * n, DEALS + 1), dtype=bool)
    labels[:n, 0] = True
    for deal in range(1, DEALS + 1):
        labels[random.permutation(2 * n)[:n], deal] = True
    found = np.stack(
        [_statistics(_features(points, centres, factor * width), labels) for factor in _WIDTHS]
    )
    best, log_p = _combined(found)
    return LearnedRatio(float(found[best, 0]), float(found[best, 1:].mean()), log_p, n)


def _combined(statistics: FloatArray) -> tuple[int, float]:
    """Which of the widths deviates most, and the log p-value of the first column of all deals."""
    deals = statistics[:, 1:]
    mean, variance = deals.mean(axis=1), deals.var(axis=1, ddof=1)
    scaled = (statistics - mean[:, None]) / np.sqrt(np.maximum(variance, 1e-300))[:, None]
    best, largest = int(scaled[:, 0].argmax()), scaled.max(axis=0)
    above = int((largest[1:] >= largest[0]).sum())
    share = math.log((above + 1) / deals.shape[1])
    if above >= _RELIABLE or variance[best] <= 0.0 or mean[best] <= 0.0:
        return best, min(0.0, share)
    scale = variance[best] / mean[best]
    value = float(statistics[best, 0])
    tail = float(stats.gamma.logsf(value, mean[best] / scale, scale=scale))
    # beyond the numbers that the library can hold, the exponential alone
    tail = tail if math.isfinite(tail) else -value / float(scale)
    return best, min(0.0, tail + math.log(len(statistics)), math.log(_RELIABLE / deals.shape[1]))
