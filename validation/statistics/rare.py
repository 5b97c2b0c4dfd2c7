# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact tests of rare counts: bins with too few events for a chi^2.

Given how many events of both samples together have an entry in a bin, the number of them that
lie in the candidate follows the hypergeometric distribution where both samples have the same
rate: Fisher's exact test (R. A. Fisher, J. R. Stat. Soc. 98 (1935) 39).  It knows of no limit of
large numbers, so that 50 events against none are as significant as they are.

Events with positive weights of different sizes are counted as sum w / s with s = sum w^2 / sum w
(scaled Poisson distribution: G. Bohm and G. Zech, arXiv:1309.1287); the conditional distribution
is then binomial, continued to such numbers by the incomplete beta function.  Negative weights have
no such distribution: there is no test with them.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from mcsurrogate.validation.histograms import EventSums

__all__ = ["Rare", "compare_rare", "log_p_of_counts"]

FloatArray = NDArray[np.float64]

_LN2 = math.log(2.0)
_TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Rare:
    """The rare bin that deviates most.

    Attributes
    ----------
    bin
        Its number; 0 is the underflow.
    candidate, reference
        Events with an entry in it.
    log_p
        Log p-value of the smallest of all rare bins.
    """

    bin: int
    candidate: int
    reference: int
    log_p: float


def _log_sum(terms: FloatArray) -> float:
    """Log of the sum of exponentials; scipy's own takes 20 times as long for few terms."""
    largest = float(terms.max())
    return largest + math.log(float(np.exp(terms - largest).sum()))


def log_p_of_counts(k_a: int, k_b: int, n_a: int, n_b: int) -> float:
    """Log of the two-sided p-value, twice the smaller tail, that k_a of n_a are k_b of n_b."""
    total = k_a + k_b
    k = np.arange(max(0, total - n_b), min(total, n_a) + 1)

    def choose(n: int, m: NDArray[np.int64]) -> FloatArray:
        log: FloatArray = -special.betaln(n - m + 1.0, m + 1.0) - math.log(n + 1.0)
        return log

    log_pmf = choose(n_a, k) + choose(n_b, total - k)
    log_pmf -= _log_sum(log_pmf)
    tails = (_log_sum(log_pmf[k <= k_a]), _log_sum(log_pmf[k >= k_a]))
    return min(0.0, _LN2 + float(min(tails)))


def _log_p_of_weights(counts: tuple[float, float], share: float) -> float:
    """Log p-value of effective counts of which a share is expected in the candidate."""
    tails = []
    for k, other, own in ((*counts, share), (*counts[::-1], 1.0 - share)):
        tails.append(float(special.betainc(k, other + 1.0, own)) if k > 0.0 else 1.0)
    return min(0.0, _LN2 + math.log(max(min(tails), _TINY)))


def _effective_count(sums: EventSums, bin_: int) -> float:
    """Sum of weights in units of a typical one, of the sample's or of the bin's if larger."""
    weight, square = sums.hit_weight[bin_], sums.hit_weight2[bin_]
    if weight <= 0.0:
        return 0.0
    return float(weight / max(square / weight, sums.weight2 / sums.weight))


def compare_rare(
    candidate: EventSums, reference: EventSums, rare: NDArray[np.bool_]
) -> Rare | None:
    """Compare the bins that are too rare for other tests.

    Parameters
    ----------
    candidate, reference
        Sums of the samples over the same edges.
    rare
        ``(B + 2,)`` mask of the bins.

    Returns
    -------
    None where no event has an entry in such a bin, or some weights are negative.
    """
    bins = np.flatnonzero(rare & (candidate.hits + reference.hits > 0))
    if not len(bins) or candidate.negative or reference.negative:
        return None
    pair = candidate, reference
    plain = all(abs(s.effective_events / s.events - 1.0) < 1e-9 for s in pair)
    share = candidate.effective_events / sum(s.effective_events for s in pair)
    found = []
    for i in map(int, bins):
        k_a, k_b = (int(s.hits[i]) for s in pair)
        if plain:
            log_p = log_p_of_counts(k_a, k_b, candidate.events, reference.events)
        else:
            effective = _effective_count(candidate, i), _effective_count(reference, i)
            log_p = _log_p_of_weights(effective, share)
        found.append((log_p, i, k_a, k_b))
    log_p, best, k_a, k_b = min(found)
    # given the totals of all bins, which of them are looked at is fixed
    return Rare(best, k_a, k_b, min(0.0, log_p + math.log(len(bins))))
