# SPDX-License-Identifier: GPL-3.0-or-later
"""Largest standardised deviation of single bins, tails and the total.

A chi^2 with dozens of degrees of freedom is blind to what happens in one bin or in a thin
tail.  Here every merged bin, every lower and upper tail and the total is divided by its own
standard deviation, and the largest absolute value is the statistic.  Its null distribution is
that of the maximum of normal variables with the correlations of these quantities, drawn with
fixed seeds, and continued with the normal tail beyond the reach of the draws.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Scan", "log_p_of_maximum", "scan"]

FloatArray = NDArray[np.float64]

REPLICAS = 1000
_RELIABLE = 20


@dataclass(frozen=True, slots=True)
class Scan:
    """The most deviating interval of an observable.

    Attributes
    ----------
    pull
        Signed deviation of candidate minus reference in standard deviations.
    first, last
        First and last of the original bins of the interval; bin 0 is the underflow.
    log_p
        Log p-value with all intervals that were looked at.
    """

    pull: float
    first: int
    last: int
    log_p: float


def log_p_of_maximum(value: float, replicas: FloatArray) -> float:
    """Log p-value of a maximum of absolute normal variables among its replicas.

    Parameters
    ----------
    value
        The observed maximum.
    replicas
        ``(R,)`` maxima under the null hypothesis.
    """
    n = len(replicas)
    above = int((replicas >= value).sum())
    if above >= _RELIABLE:
        return math.log((above + 1) / (n + 1))
    far = float(np.partition(replicas, n - _RELIABLE)[n - _RELIABLE])
    # beyond, the p-value falls like the tail of one normal variable, times their number
    fall = float(special.log_ndtr(-value) - special.log_ndtr(-far))
    return math.log((_RELIABLE + 1) / (n + 1)) + fall


def _intervals(groups: NDArray[np.int64], ordered: bool) -> tuple[FloatArray, NDArray[np.int64]]:
    """Rows that sum merged bins, ``(K, G)``, and the original bins that they span, ``(K, 2)``."""
    n = int(groups.max()) + 1
    spans = [(i, i) for i in range(n)]
    if ordered:
        spans += [(0, i) for i in range(1, n)] + [(i, n - 1) for i in range(1, n - 1)]
    rows = np.zeros((len(spans), n))
    for row, (first, last) in zip(rows, spans, strict=True):
        row[first : last + 1] = 1.0
    edges = [(np.flatnonzero(groups == a)[0], np.flatnonzero(groups == b)[-1]) for a, b in spans]
    return rows, np.array(edges, dtype=np.int64)


def scan(
    difference: FloatArray,
    covariance: FloatArray,
    content: FloatArray,
    groups: NDArray[np.int64],
    *,
    ordered: bool = True,
    floor: float = 0.0,
    seed: int = 1,
) -> Scan:
    """Find the interval that deviates most.

    Parameters
    ----------
    difference, covariance
        ``(G,)`` candidate minus reference of the merged bins, and its ``(G, G)`` covariance
        under the null hypothesis.
    content
        ``(G,)`` common mean contents.
    groups
        ``(B + 2,)`` merged bin of each original one.
    ordered
        Whether bins have an order; categories have no tails.
    floor
        Standard deviations below this are rounding: such intervals are constant.
    seed
        Of the null distribution.
    """
    rows, spans = _intervals(groups, ordered)
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    factors = rows @ root
    width = np.linalg.norm(factors, axis=1)
    live = width > floor
    if not live.any():
        return Scan(0.0, 0, len(groups) - 1, 0.0)
    factors, width, spans = factors[live], width[live], spans[live]
    pulls = rows[live] @ difference / width
    # with one entry an event a tail deviates as much as its complement: name the smaller one
    equal = np.flatnonzero(np.abs(pulls) >= np.abs(pulls).max() - 1e-6)
    best = int(equal[(rows[live][equal] @ np.abs(content)).argmin()])
    noise = np.random.default_rng(seed).standard_normal((REPLICAS, root.shape[1]))
    replicas = np.abs(noise @ (factors / width[:, None]).T).max(axis=1)
    log_p = log_p_of_maximum(float(abs(pulls[best])), replicas)
    return Scan(float(pulls[best]), int(spans[best, 0]), int(spans[best, 1]), log_p)
