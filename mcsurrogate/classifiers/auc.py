# SPDX-License-Identifier: GPL-3.0-or-later
"""Area under the ROC curve of held-out scores, with its null distribution."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["AucTest", "auc", "auc_test"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_PERMUTATIONS = 500


@dataclass(frozen=True, slots=True)
class AucTest:
    """AUC of a classifier that never saw the events it scores.

    Attributes
    ----------
    auc, error
        Probability that a random candidate event scores higher than a random reference
        event, ties counting half, and its standard error.
    null_width
        Standard deviation of the AUC of one fold between equal samples, around 1/2.
    log_p
        Log p-value of the first fold, one-sided: a classifier worse than guessing has found
        nothing.
    """

    auc: float
    error: float
    null_width: float
    log_p: float


def _placements(own: FloatArray, other: FloatArray, weights: FloatArray) -> FloatArray:
    """Share of the other sample's weight below each own score, ties counting half."""
    order = np.argsort(other, kind="stable")
    cumulative = np.concatenate(([0.0], np.cumsum(weights[order])))
    below = cumulative[np.searchsorted(other[order], own, side="left")]
    upto = cumulative[np.searchsorted(other[order], own, side="right")]
    share: FloatArray = 0.5 * (below + upto) / cumulative[-1]
    return share


def auc(candidate: FloatArray, reference: FloatArray) -> float:
    """Probability that a random candidate scores above a random reference, ties counted half."""
    return float(_placements(candidate, reference, np.ones(len(reference))).mean())


def _weighted(
    a: FloatArray, b: FloatArray, weights_a: FloatArray, weights_b: FloatArray
) -> tuple[float, float]:
    """AUC and its standard error (DeLong et al., Biometrics 44 (1988) 837, with weights)."""
    share_a = _placements(a, b, weights_b)
    share_b = 1.0 - _placements(b, a, weights_a)
    area = float((weights_a * share_a).sum() / weights_a.sum())
    variance = float((weights_a**2 * (share_a - area) ** 2).sum() / weights_a.sum() ** 2)
    variance += float((weights_b**2 * (share_b - area) ** 2).sum() / weights_b.sum() ** 2)
    return area, math.sqrt(variance)


def _permutation_width(scores: FloatArray, n_first: int, random: np.random.Generator) -> float:
    """Spread of the AUC around 1/2 when labels are dealt at random."""
    order = np.argsort(scores, kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    if (counts > 1).any():
        ranks = (np.bincount(inverse, weights=ranks) / counts)[inverse]
    n_second = len(scores) - n_first
    values = np.empty(_PERMUTATIONS)
    for i in range(_PERMUTATIONS):
        total = float(random.permutation(ranks)[:n_first].sum())
        values[i] = (total - 0.5 * n_first * (n_first + 1)) / (n_first * n_second)
    return float(np.sqrt(((values - 0.5) ** 2).mean()))


def auc_test(
    scores: FloatArray,
    candidate: NDArray[np.bool_],
    weights: FloatArray,
    folds: IntArray,
    *,
    seed: int = 1,
) -> AucTest:
    """Test held-out scores.

    Each fold is scored by a classifier trained on the others, so that inside a fold labels and
    scores are independent between equal samples.  Between folds they are not: a classifier
    that has learnt the noise of one half scores the other by the product of the noise of both,
    and so does the reverse, so that the AUCs of two folds are positively correlated.  The p-value
    is therefore that of the first fold; the AUC is the mean.  With constant weights the
    null width comes from permuting the labels inside that fold, else from the weighted variance
    of the AUC.

    Parameters
    ----------
    scores, candidate, weights
        ``(N,)`` held-out scores, whether an event is of the candidate, and its weight.
    folds
        ``(N,)`` number of the fold of each event.
    seed
        Of the permutations.
    """
    random = np.random.default_rng(seed)
    constant = all(np.ptp(weights[mask]) == 0.0 for mask in (candidate, ~candidate))
    areas, errors = [], []
    numbers = np.unique(folds)
    first, width = 0.5, 1e-12
    for fold in numbers:
        a, b = (folds == fold) & candidate, (folds == fold) & ~candidate
        area, error = _weighted(scores[a], scores[b], weights[a], weights[b])
        areas.append(area)
        errors.append(error)
        if fold == numbers[0]:
            both = np.concatenate((scores[a], scores[b]))
            own = _permutation_width(both, int(a.sum()), random) if constant else error
            first, width = area, max(own, 1e-12)
    error = math.sqrt(float((np.square(errors)).sum())) / len(numbers)
    return AucTest(
        float(np.mean(areas)), error, width, float(special.log_ndtr(-(first - 0.5) / width))
    )
