# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether events follow one another independently.

A generator that reuses its random numbers, or a network that makes its events in batches, can give
every single distribution right while an event knows the one before it; errors are then wrong, and
no test of distributions sees it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mcsurrogate.validation.reservoir import Reservoir
from mcsurrogate.validation.statistics.scan import log_p_of_maximum

__all__ = ["MIN_PAIRS", "SerialTest", "compare_serial"]

FloatArray = NDArray[np.float64]
Rows = NDArray[np.floating[Any]]

MIN_PAIRS = 200
_REPLICAS = 2000
_COMMON = 0.5
"""Features with a value that more events than this share are left out: too few products vary."""


@dataclass(frozen=True, slots=True)
class SerialTest:
    """Difference of the correlations of consecutive events between two samples.

    Attributes
    ----------
    difference, error
        Of the feature that deviates most, and its standard deviation.
    log_p
        Log p-value with all features that were looked at.
    """

    difference: float
    error: float
    log_p: float


def _standardised(rows: Rows) -> FloatArray:
    """Ranks of each column, of zero mean and unit spread; zero for a constant one."""
    ranks: FloatArray = stats.rankdata(rows, axis=0)
    ranks -= ranks.mean(axis=0)
    spread = ranks.std(axis=0)
    standard: FloatArray = np.divide(ranks, spread, out=np.zeros_like(ranks), where=spread > 0.0)
    return standard


def _varied(rows: Rows) -> NDArray[np.bool_]:
    """Columns of which no value is too common."""
    ordered = np.sort(rows, axis=0)
    # a value that more than a share of the rows has fills some stretch of that length
    step = max(1, int(_COMMON * len(rows)))
    varied: NDArray[np.bool_] = (ordered[step:] != ordered[:-step]).all(axis=0)
    return varied


def compare_serial(
    candidate: Reservoir, reference: Reservoir, *, seed: int = 1
) -> SerialTest | None:
    """Compare the correlations of consecutive events of two samples.

    For independent events the rank correlation of a feature with that of the next event is normal
    with variance 1/n, and those of two features are correlated by the square of the correlation of
    the features.  The statistic is the largest difference between the samples in standard
    deviations.

    Parameters
    ----------
    candidate, reference
        Scaled features of some events; consecutive ones among them are used.
    seed
        Of the null distribution.

    Returns
    -------
    None with fewer than `MIN_PAIRS` consecutive events in a sample, or without features that vary.
    """
    stores = (candidate, reference)
    pairs = [np.flatnonzero(np.diff(store.positions) == 1) for store in stores]
    if min(len(p) for p in pairs) < MIN_PAIRS:
        return None
    columns = np.logical_and(*(_varied(store.rows) for store in stores))
    if not columns.any():
        return None
    correlations, matrices = [], []
    for store, first in zip(stores, pairs, strict=True):
        ranks = _standardised(store.rows[:, columns])
        correlations.append((ranks[first] * ranks[first + 1]).mean(axis=0))
        matrices.append(ranks.T @ ranks / len(ranks))
    width = math.sqrt(sum(1.0 / len(first) for first in pairs))
    pulls = (correlations[0] - correlations[1]) / width
    values, vectors = np.linalg.eigh((0.5 * (matrices[0] + matrices[1])) ** 2)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    noise = np.random.default_rng(seed).standard_normal((_REPLICAS, len(pulls)))
    largest = float(np.abs(pulls).max())
    null = np.abs(noise @ root.T).max(axis=1)
    best = int(np.abs(pulls).argmax())
    difference = float(correlations[0][best] - correlations[1][best])
    return SerialTest(difference, width, log_p_of_maximum(largest, null))
