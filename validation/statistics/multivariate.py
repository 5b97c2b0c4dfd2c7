# SPDX-License-Identifier: GPL-3.0-or-later
"""Sliced distances and the Frechet physics distance of event features.

Sliced Wasserstein and sliced Kolmogorov-Smirnov distance: Grossi, Letizia and Torre,
arXiv:2409.16336; Frechet physics distance: Kansal et al., arXiv:2211.10295.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from mcsurrogate.validation.histograms import BLOCKS, Values, moved_blocks
from mcsurrogate.validation.statistics.marginal import DistanceTest, FineSums, distances, fine_edges
from mcsurrogate.validation.statistics.multipliers import Multipliers, log_p_from_replicas

__all__ = ["FeatureSums", "FrechetDistance", "compare_frechet", "compare_sliced"]

FloatArray = NDArray[np.float64]

SLICES = 32
FRECHET_REPLICAS = 1000
_ROUNDING = 1e-9
"""Share of the largest variance that a factor may leave out."""
_EQUAL_SIZES = 1.05
"""Samples count as equally large up to this ratio of their effective events."""


def _directions(dimension: int, seed: int) -> FloatArray:
    """``(D, SLICES)`` random unit vectors."""
    vectors = np.random.default_rng(seed).standard_normal((dimension, SLICES))
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=0)
    return unit


class FeatureSums:
    """Projections and moments of the features of one sample, per block of events.

    Parameters
    ----------
    sample
        ``(N, D)`` features of some reference events; they fix the grids of the projections.
    seed
        Of the random directions; the same for both samples.
    """

    def __init__(self, sample: FloatArray, seed: int = 1) -> None:
        dimension = sample.shape[1]
        self.directions = _directions(dimension, seed)
        projected = sample @ self.directions
        none = np.empty(0)
        self.slices = [FineSums(fine_edges(column, none)) for column in projected.T]
        self.weight = np.zeros(BLOCKS)
        self.squares = 0.0
        self.first = np.zeros((BLOCKS, dimension))
        self.second = np.zeros((BLOCKS, dimension, dimension))

    def fill(self, features: FloatArray, weights: FloatArray, first_event: int) -> None:
        """Add the ``(N, D)`` features of a chunk."""
        for sums, column in zip(self.slices, (features @ self.directions).T, strict=True):
            sums.fill(Values(column), weights, first_event)
        block = (first_event + np.arange(len(weights))) % BLOCKS
        self.squares += float((weights**2).sum())
        self.weight += np.bincount(block, weights=weights, minlength=BLOCKS)
        # few events of a chunk share a block: sort by block and add up each run
        order = np.argsort(block, kind="stable")
        starts = np.flatnonzero(np.diff(block[order], prepend=-1))
        blocks = block[order][starts]
        weighted = features[order] * weights[order, None]
        self.first[blocks] += np.add.reduceat(weighted, starts, axis=0)
        ends = np.append(starts[1:], len(order))
        for b, start, end in zip(blocks, starts, ends, strict=True):
            self.second[b] += weighted[start:end].T @ features[order[start:end]]

    def merge(self, other: "FeatureSums", first_event: int) -> None:
        """Add events that follow; see `mcsurrogate.validation.histograms.EventSums.merge`."""
        for own, more in zip(self.slices, other.slices, strict=True):
            own.merge(more, first_event)
        self.squares += other.squares
        self.weight += moved_blocks(other.weight, first_event)
        self.first += moved_blocks(other.first, first_event)
        self.second += moved_blocks(other.second, first_event)


def compare_sliced(
    candidate: FeatureSums, reference: FeatureSums, multipliers: Multipliers
) -> tuple[DistanceTest, DistanceTest]:
    """Sliced Kolmogorov-Smirnov and sliced Wasserstein-1 test, means over the directions."""
    n = len(reference.slices)
    ks = w1 = 0.0
    null_ks, null_w1 = np.zeros(len(multipliers)), np.zeros(len(multipliers))
    for a, b in zip(candidate.slices, reference.slices, strict=True):
        one_ks, one_null_ks, one_w1, one_null_w1 = distances(a, b, multipliers)
        ks, w1 = ks + one_ks / n, w1 + one_w1 / n
        null_ks += one_null_ks / n
        null_w1 += one_null_w1 / n
    return (
        DistanceTest(ks, float(null_ks.mean()), log_p_from_replicas(ks, null_ks), null_ks),
        DistanceTest(w1, float(null_w1.mean()), log_p_from_replicas(w1, null_w1), null_w1),
    )


def _factor(matrix: FloatArray) -> FloatArray:
    """Return L, ``(D, rank)``, with L L^T = matrix: the Cholesky factor with pivots.

    Far quicker than a square root, which is taken where replicas have negative eigenvalues: they
    count as zero.  Features that do not vary or depend on each other cost rank alone.
    """
    lower, pivots, rank, _ = lapack.dpstrf(matrix, lower=1)
    factor: FloatArray = np.zeros((len(matrix), rank))
    factor[pivots - 1] = np.tril(lower)[:, :rank]
    variances = np.diag(matrix)
    left = np.abs(variances - (factor**2).sum(axis=1))
    if left.max(initial=0.0) > _ROUNDING * np.abs(variances).max(initial=0.0):
        values, vectors = np.linalg.eigh(matrix)
        factor = vectors * np.sqrt(np.maximum(values, 0.0))
    return factor


def frechet(mean_a: FloatArray, cov_a: FloatArray, mean_b: FloatArray, cov_b: FloatArray) -> float:
    """Frechet distance of two normal distributions (Dowson and Landau, 1982)."""
    factor = _factor(cov_a)
    cross = np.linalg.eigvalsh(factor.T @ cov_b @ factor)
    mixed = float(np.sqrt(np.maximum(cross, 0.0)).sum())
    shift = float(((mean_a - mean_b) ** 2).sum())
    return shift + float(np.trace(cov_a) + np.trace(cov_b)) - 2.0 * mixed


@dataclass(frozen=True)
class FrechetDistance:
    """Frechet physics distance with its test.

    Attributes
    ----------
    test
        The distance of all events.
    infinite, infinite_error
        The distance extrapolated to infinite samples, linear in 1/N as in arXiv:2211.10295,
        and the error of the extrapolation.
    """

    test: DistanceTest
    infinite: float
    infinite_error: float


def _moments(weight: float, first: FloatArray, second: FloatArray) -> tuple[FloatArray, FloatArray]:
    mean = first / weight
    return mean, second / weight - np.outer(mean, mean)


def _of_blocks(sums: FeatureSums, blocks: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Mean and covariance of the events of some blocks."""
    return _moments(
        float(sums.weight[blocks].sum()), sums.first[blocks].sum(axis=0), sums.second[blocks].sum(0)
    )


def _extrapolate(candidate: FeatureSums, reference: FeatureSums) -> tuple[float, float]:
    """Distance at 1/N -> 0 from disjoint parts of the blocks."""
    inverse, values = [], []
    for parts in (1, 2, 3, 4, 6, 8):
        for part in range(parts):
            blocks = np.arange(part, BLOCKS, parts)
            inverse.append(float(parts))
            values.append(frechet(*_of_blocks(candidate, blocks), *_of_blocks(reference, blocks)))
    # a part of 1/m of the events scatters about sqrt(m) more and m parts were measured
    weights = 1.0 / np.sqrt(np.array(inverse))
    fit, covariance = np.polyfit(inverse, values, 1, w=weights, cov=True)
    return float(fit[1]), float(np.sqrt(covariance[1, 1]))


def _flat(sums: FeatureSums) -> FloatArray:
    """First and second moments of the blocks side by side, ``(BLOCKS, D + D (D + 1) / 2)``."""
    upper = np.triu_indices(sums.first.shape[1])
    return np.concatenate((sums.first, sums.second[:, upper[0], upper[1]]), axis=1)


def _dealt(candidate: FeatureSums, reference: FeatureSums, seed: int) -> list[FloatArray]:
    """Moments of both sides when the blocks of both samples are dealt out at random.

    For samples of one size blocks are exchangeable, and the null distribution is exact.
    """
    random = np.random.default_rng(seed)
    sides = np.zeros((FRECHET_REPLICAS, 2 * BLOCKS))
    for row in sides:
        row[random.permutation(2 * BLOCKS)[:BLOCKS]] = 1.0
    flat = np.concatenate((_flat(candidate), _flat(reference)))
    weight = np.concatenate((candidate.weight, reference.weight))
    first, share = sides @ flat, sides @ weight
    # what one side does not get is the other's
    second = flat.sum(axis=0) - first
    return [first / share[:, None], second / (weight.sum() - share)[:, None]]


def _signed(
    candidate: FeatureSums, reference: FeatureSums, multipliers: Multipliers
) -> list[FloatArray]:
    """Moments of both sides when the deviations of the blocks get random signs.

    Signs rather than normal numbers: the distance sums thousands of squares of few blocks, and
    squared normal numbers would add the scatter of few blocks to that of many events.
    """
    moments, noises = [], []
    for sums, noise in (
        (candidate, multipliers.candidate),
        (reference, multipliers.reference),
    ):
        flat, total = _flat(sums), float(sums.weight.sum())
        own = flat.sum(axis=0) / total
        residuals = (flat - np.outer(sums.weight, own)) / total
        moments.append(own)
        noises.append(np.sign(noise[:FRECHET_REPLICAS]) @ residuals)
    common = 0.5 * (moments[0] + moments[1])
    return [common + noise for noise in noises]


def compare_frechet(
    candidate: FeatureSums, reference: FeatureSums, multipliers: Multipliers, *, seed: int = 1
) -> FrechetDistance:
    """Frechet physics distance of two samples and its null distribution."""
    dimension = candidate.first.shape[1]
    every = np.arange(BLOCKS)
    mean_a, cov_a = _of_blocks(candidate, every)
    mean_b, cov_b = _of_blocks(reference, every)
    distance = frechet(mean_a, cov_a, mean_b, cov_b)
    sizes = [float(sums.weight.sum()) ** 2 / sums.squares for sums in (candidate, reference)]
    if max(sizes) < _EQUAL_SIZES * min(sizes):
        replicas = _dealt(candidate, reference, seed)
    else:
        replicas = _signed(candidate, reference, multipliers)
    upper = np.triu_indices(dimension)

    def normal(moments: FloatArray) -> tuple[FloatArray, FloatArray]:
        second = np.zeros((dimension, dimension))
        second[upper] = moments[dimension:]
        second = second + second.T - np.diag(np.diag(second))
        return _moments(1.0, moments[:dimension], second)

    null = np.array([frechet(*normal(a), *normal(b)) for a, b in zip(*replicas, strict=True)])
    # the distance is quadratic in the deviations: its root behaves like a norm in the tail
    log_p = log_p_from_replicas(np.sqrt(max(distance, 0.0)), np.sqrt(np.maximum(null, 0.0)))
    infinite, error = _extrapolate(candidate, reference)
    return FrechetDistance(DistanceTest(distance, float(null.mean()), log_p, null), infinite, error)
