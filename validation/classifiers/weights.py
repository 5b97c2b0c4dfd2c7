# SPDX-License-Identifier: GPL-3.0-or-later
"""What a classifier's weights say about a surrogate: how far off it is, and where.

Das, Favaro, Heimel, Krause, Plehn and Shih, "How to understand limitations of generative
networks", arXiv:2305.16774: the weight w(x) = p_candidate(x) / p_reference(x) of every event
shows small global deviations as its width and failures in corners as its tails.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FEATURE_EDGES", "ClassifierWeights", "Region", "classifier_weights"]

FloatArray = NDArray[np.float64]

FEATURE_EDGES: FloatArray = np.linspace(-5.0, 5.0, 26)
"""Bins of scaled features: medians at zero, unit spread."""

_REGION_SHARE = 0.05
_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Region:
    """The part of phase space with the largest or the smallest weights.

    Attributes
    ----------
    title
        ``"too many"`` or ``"too few"`` candidate events.
    features
        Names of the features that set the region most apart from all events.
    shifts
        Shift of their means in units of their spread.
    ratio
        Candidate over reference share of events in the region.
    histograms
        For each of the features shares of the events in bins of `FEATURE_EDGES`: of the
        candidate, of the reference, and of both in the region; ``(3, B)``.
    """

    title: str
    features: tuple[str, ...]
    shifts: tuple[float, ...]
    ratio: float
    histograms: tuple[FloatArray, ...]


@dataclass(frozen=True, kw_only=True)
class ClassifierWeights:
    """Weights of the events of both samples.

    Attributes
    ----------
    edges
        Edges of log10(w).
    candidate, reference
        Shares of the events of each sample in each bin.
    width
        Standard deviation of w over the reference; 0 for a perfect surrogate.
    tail
        Share of the candidate's events with w > 2 or w < 1/2.
    regions
        Where the weights are largest and smallest.
    """

    edges: FloatArray
    candidate: FloatArray
    reference: FloatArray
    width: float
    tail: float
    regions: tuple[Region, ...]


def _shares(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Share of the weight in each bin of `FEATURE_EDGES`."""
    content, _ = np.histogram(values, FEATURE_EDGES, weights=weights)
    shares: FloatArray = content / weights.sum()
    return shares


def _region(
    title: str,
    members: NDArray[np.bool_],
    features: FloatArray,
    names: tuple[str, ...],
    candidate: NDArray[np.bool_],
    weights: FloatArray,
) -> Region:
    centre, spread = features.mean(axis=0), features.std(axis=0)
    shift = (features[members].mean(axis=0) - centre) / np.where(spread > 0.0, spread, 1.0)
    best = np.argsort(-np.abs(shift))[:_NAMED]
    shares = [
        float(weights[members & side].sum() / weights[side].sum())
        for side in (candidate, ~candidate)
    ]
    ratio = shares[0] / shares[1] if shares[1] > 0.0 else float("inf")
    histograms = tuple(
        np.stack([_shares(features[m, i], weights[m]) for m in (candidate, ~candidate, members)])
        for i in best
    )
    return Region(
        title=title,
        features=tuple(names[i] for i in best),
        shifts=tuple(float(shift[i]) for i in best),
        ratio=ratio,
        histograms=histograms,
    )


def classifier_weights(
    scores: FloatArray,
    candidate: NDArray[np.bool_],
    weights: FloatArray,
    features: FloatArray,
    names: tuple[str, ...],
) -> ClassifierWeights:
    """Summarise the weights exp(score) of held-out events.

    Parameters
    ----------
    scores, candidate, weights
        ``(N,)`` held-out logits, labels and event weights.
    features, names
        ``(N, D)`` and their names, to say where the weights are large.
    """
    logarithm = scores / np.log(10.0)
    reach = max(0.1, float(np.quantile(np.abs(logarithm), 0.999)))
    edges = np.linspace(-reach, reach, 41)
    clipped = np.clip(logarithm, -reach, reach)
    shares = []
    for side in (candidate, ~candidate):
        content, _ = np.histogram(clipped[side], edges, weights=weights[side])
        shares.append(content / weights[side].sum())
    ratio = np.exp(np.clip(scores, -50.0, 50.0))
    reference = ~candidate
    mean = float((weights * ratio)[reference].sum() / weights[reference].sum())
    variance = float((weights * (ratio - mean) ** 2)[reference].sum() / weights[reference].sum())
    far = np.abs(scores) > np.log(2.0)
    tail = float(weights[far & candidate].sum() / weights[candidate].sum())
    low, high = np.quantile(scores, (_REGION_SHARE, 1.0 - _REGION_SHARE))
    regions = tuple(
        _region(title, members, features, names, candidate, weights)
        for title, members in (("too many", scores >= high), ("too few", scores <= low))
    )
    return ClassifierWeights(
        edges=edges,
        candidate=shares[0],
        reference=shares[1],
        width=float(np.sqrt(max(variance, 0.0))),
        tail=tail,
        regions=regions,
    )
