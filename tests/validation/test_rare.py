# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact tests of rare counts: against Fisher's, and never too many small p-values."""

import numpy as np
import pytest
from scipy import stats

from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.observable_result import deviation
from mcsurrogate.validation.statistics.binned import compare_binned
from mcsurrogate.validation.statistics.rare import compare_rare, log_p_of_counts

EDGES = np.array([0.0, 1.0, 2.0])
ALL = np.ones(4, dtype=bool)


def sums(weights, hit, values=0.5):
    """Events of which some have an entry; the others have none at all."""
    out = EventSums(EDGES)
    index = np.flatnonzero(hit)
    out.fill(Values(np.full(len(index), values), index), weights, 0)
    return out


@pytest.mark.parametrize("counts", [(3, 9, 100, 120), (0, 8, 4000, 1000), (12, 1, 30, 300)])
def test_tails_are_those_of_the_hypergeometric_distribution(counts):
    k_a, k_b, n_a, n_b = counts
    null = stats.hypergeom(n_a + n_b, n_a, k_a + k_b)
    expected = min(1.0, 2.0 * min(null.cdf(k_a), null.sf(k_a - 1)))
    assert np.exp(log_p_of_counts(*counts)) == pytest.approx(expected, rel=1e-9)


def test_fifty_events_against_none():
    """Twice 2^-50 of equal samples; the chi^2 of such a bin merges it with its neighbours."""
    n = 100_000
    some, none = (sums(np.ones(n), np.arange(n) < k) for k in (50, 0))
    rare = compare_binned(some, none).rare
    found = compare_rare(some, none, ALL)
    assert rare is None or rare == found
    assert (found.bin, found.candidate, found.reference) == (1, 50, 0)
    assert found.log_p / np.log(2.0) == pytest.approx(-49.0, abs=0.05)


def test_negative_weights_and_empty_bins_have_no_test():
    weights = np.ones(100)
    weights[3] = -1.0
    plain = sums(np.ones(100), np.arange(100) < 3)
    assert compare_rare(sums(weights, np.arange(100) < 3), plain, ALL) is None
    empty = sums(np.ones(100), np.zeros(100, dtype=bool))
    assert compare_rare(empty, empty, ALL) is None


@pytest.mark.parametrize("width", [0.0, 0.6, 1.2])
def test_null_p_values_are_not_too_small(width):
    """Conditional tests are conservative: at most 1% below 1%, false-alarm rate 1e-4.

    Of 2000 with probability 0.01 more than 38 are below with probability 1e-4 (binomial).
    """
    random = np.random.default_rng(int(10 * width) + 1)
    below = 0
    for _ in range(2000):
        pair = []
        for n in (300, 500):
            weights = np.exp(width * random.standard_normal(n))
            pair.append(sums(weights, random.random(n) < 0.02))
        found = compare_rare(*pair, ALL)
        below += found is not None and found.log_p < np.log(0.01)
    assert below <= 38
    assert stats.binom.sf(38, 2000, 0.01) < 1e-4


def net(random, n, shift=0.0):
    """Events with a particle or an antiparticle in each of three bins."""
    event = np.repeat(np.arange(n), 3)
    sign = np.where(random.random(3 * n) < 0.5 + shift, 1.0, -1.0)
    out = EventSums(np.arange(4.0))
    out.fill(Values(np.tile([0.5, 1.5, 2.5], n), event, sign), np.ones(n), 0)
    return out


def test_signs_that_cancel_are_compared_bin_by_bin():
    """Contents of zero on average are no rare bins; a shift of the share of signs is found."""
    random = np.random.default_rng(8)
    a, b, c = (net(random, 1000, shift) for shift in (0.0, 0.0, 0.1))
    null, shifted = (compare_binned(one, b, categories=True) for one in (a, c))
    assert null.full.ndf == shifted.full.ndf == 3
    assert null.full.p_value > 1e-4
    assert shifted.full.p_value < 1e-10
    size, noise = deviation(c, b)
    assert size == pytest.approx(0.2, abs=0.05)
    assert deviation(a, b)[0] < 3 * noise


def test_weighted_counts_are_those_of_a_unit_weight_sample_of_that_size():
    """A sample with equal weights is tested as one with unit weights, whatever their size."""
    hit = np.arange(400) < 9
    one = compare_rare(sums(np.ones(400), hit), sums(np.ones(400), ~np.ones(400, bool)), ALL)
    other = compare_rare(
        sums(np.full(400, 7.0), hit), sums(np.full(400, 0.1), ~np.ones(400, bool)), ALL
    )
    assert one == other
    random = np.random.default_rng(5)
    almost = [1.0 + 1e-3 * random.random(400) for _ in range(2)]
    close = compare_rare(sums(almost[0], hit), sums(almost[1], ~np.ones(400, bool)), ALL)
    # the binomial of many events, where the hypergeometric knows that there are 400
    assert close.log_p == pytest.approx(one.log_p, rel=0.03)
