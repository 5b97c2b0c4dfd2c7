# SPDX-License-Identifier: GPL-3.0-or-later
"""How small a deviation these samples can show, and how many events a finer verdict needs.

A deviation of relative size d in every bin, with independent signs, gives the chi^2 of an
observable the noncentrality d^2 sum_b m_b^2 (C^-1)_bb, with the mean contents m and their
covariance C, which falls like one over the number of events.  The deviation is found where the
noncentral chi^2 exceeds, with the stated probability, the critical value at the observable's
share of the family-wise error.
"""

import math
from functools import lru_cache

from scipy import optimize, stats

from mcsurrogate.validation.statistics.binned import BinnedComparison

__all__ = ["POWER", "required_noncentrality", "resolvable_deviation"]

POWER = 0.9
"""Probability with which a deviation is to be found."""


@lru_cache(maxsize=512)
def required_noncentrality(ndf: int, error: float, power: float = POWER) -> float:
    """Noncentrality at which a chi^2 test at level `error` finds a deviation.

    Parameters
    ----------
    ndf
        Degrees of freedom.
    error
        Level of the test.
    power
        Probability of finding it.
    """
    critical = float(stats.chi2.isf(error, ndf))

    def excess(value: float) -> float:
        return float(stats.ncx2.sf(critical, ndf, value)) - power

    high = critical
    while excess(high) < 0.0:
        high *= 2.0
    return float(optimize.brentq(excess, 1e-9, high))


def resolvable_deviation(binned: BinnedComparison, error: float) -> float:
    """Relative deviation that would be found with the probability `POWER`.

    Parameters
    ----------
    binned
        The comparison of the observable.
    error
        Its share of the family-wise error.

    Returns
    -------
    float
        Root mean square relative deviation of the bins; infinite for a constant observable.
    """
    inverse = (binned.whitening**2).sum(axis=0)
    information = float((inverse * binned.pooled_mean**2).sum())
    if binned.full.ndf == 0 or information <= 0.0:
        return math.inf
    return math.sqrt(required_noncentrality(binned.full.ndf, error) / information)
