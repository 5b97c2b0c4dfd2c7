# SPDX-License-Identifier: GPL-3.0-or-later
"""The learned likelihood ratio: calibrated whatever the weights, and sees what it should.

Kolmogorov tests of null p-values fail with probability 1e-4 each; seeds are fixed.
"""

import math

import numpy as np
import pytest
from scipy import stats

from mcsurrogate.validation.reservoir import Reservoir
from mcsurrogate.validation.statistics import nplm
from mcsurrogate.validation.statistics.nplm import compare_learned_ratio, unweighted


def kept(rows, weights=None):
    reservoir = Reservoir(100_000, 1)
    reservoir.add(rows, np.ones(len(rows)) if weights is None else weights, 0)
    return reservoir


def weighted(random, n):
    """Normal numbers from wider ones, by weights."""
    rows = 1.3 * random.standard_normal((n, 3))
    logarithm = -0.5 * (rows**2).sum(axis=1) * (1.0 - 1.3**-2)
    return kept(rows, np.exp(logarithm))


def test_equal_samples_give_uniform_p_values_also_with_weights_of_one():
    random = np.random.default_rng(1)
    found = []
    for seed in range(40):
        one = weighted(random, 700) if seed % 2 else kept(random.standard_normal((220, 3)))
        other = kept(random.standard_normal((220, 3)))
        found.append(math.exp(compare_learned_ratio(one, other, seed=seed).log_p))
    assert stats.kstest(found, "uniform").pvalue > 1e-4


def test_a_narrow_excess_is_found_and_needs_no_observable():
    """15% of the events on a ring: every coordinate keeps its mean, width and correlation."""
    random = np.random.default_rng(2)
    angle = 2 * np.pi * random.random(600)
    candidate = random.standard_normal((4000, 2))
    candidate[:600] = 2**0.5 * np.stack((np.cos(angle), np.sin(angle)), axis=1)
    found = compare_learned_ratio(kept(candidate), kept(random.standard_normal((4000, 2))))
    assert found.log_p < math.log(0.02)
    assert found.statistic > found.expected
    assert found.events == 4000


def test_shifted_means_are_found_beyond_the_reach_of_the_deals():
    random = np.random.default_rng(3)
    one, other = (random.standard_normal((2000, 3)) for _ in range(2))
    found = compare_learned_ratio(kept(one + 0.2), kept(other))
    assert found.log_p < math.log(1e-6)
    # and the same events again agree better than equal samples do
    assert compare_learned_ratio(kept(other), kept(other.copy())).log_p > math.log(0.5)


def test_weights_that_leave_too_little_are_not_tested():
    random = np.random.default_rng(4)
    rows = random.standard_normal((1000, 2))
    plain = kept(rows)
    assert compare_learned_ratio(kept(rows, np.where(rows[:, 0] > 2, -1.0, 1.0)), plain) is None
    assert (
        compare_learned_ratio(kept(rows, np.exp(3 * random.standard_normal(1000))), plain) is None
    )
    sample = weighted(random, 20_000)
    left = unweighted(sample, random)
    assert left.std(axis=0) == pytest.approx(1.0, abs=0.04)


def test_the_statistic_is_the_likelihood_ratio_of_known_densities(monkeypatch):
    """Where the ratio is learned well, t is that of the true densities, up to the fitted noise."""
    random = np.random.default_rng(5)
    n, shift = 2000, 0.4
    a, b = random.standard_normal((n, 1)) + shift, random.standard_normal((n, 1))
    monkeypatch.setattr(nplm, "_STEPS", 40)
    found = compare_learned_ratio(kept(a), kept(b))
    ratio = [shift * x - 0.5 * shift**2 for x in (a, b)]
    true = 2.0 * (ratio[0].sum() - np.expm1(ratio[1]).sum())
    assert found.statistic == pytest.approx(true + found.expected, rel=0.05)
