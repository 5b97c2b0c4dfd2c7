# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests: against textbook formulae, and their null distributions on toys.

Kolmogorov tests of null p-values fail with probability 1e-4 each; seeds are fixed.
"""

import numpy as np
import pytest
from scipy import stats

from mcsurrogate.classifiers.auc import auc_test
from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.statistics.binned import compare_binned
from mcsurrogate.validation.statistics.combination import holm, uniformity
from mcsurrogate.validation.statistics.kernel import compare_kernel
from mcsurrogate.validation.statistics.marginal import FineSums, compare_marginal, fine_edges
from mcsurrogate.validation.statistics.multipliers import Multipliers, log_p_from_replicas
from mcsurrogate.validation.statistics.multivariate import FeatureSums, compare_frechet, frechet
from mcsurrogate.validation.statistics.scan import log_p_of_maximum
from mcsurrogate.validation.statistics.significance import (
    log_sf_chi2,
    log_sf_total_scatter,
    sigmas,
)

EDGES = np.linspace(-2.0, 2.0, 13)


def filled(values, weights=None, event=None, edges=EDGES):
    n = len(values) if event is None else int(event.max()) + 1
    sums = EventSums(edges)
    sums.fill(Values(values, event), np.ones(n) if weights is None else weights, 0)
    return sums


def correlated(random, n):
    """Ten entries an event around a common centre: entries are far from independent."""
    centre = random.normal(0.0, 1.0, n)
    values = (centre[:, None] + random.normal(0.0, 0.3, (n, 10))).ravel()
    return values, np.repeat(np.arange(n), 10)


def test_independent_entries_give_the_textbook_statistic():
    random = np.random.default_rng(1)
    a, b = (random.normal(size=4000) for _ in range(2))
    ours = compare_binned(filled(a), filled(b))
    x, y = (np.histogram(np.clip(v, -2.1, 2.1), [-3, *EDGES, 3])[0] for v in (a, b))
    textbook = ((x - y) ** 2 / (x + y)).sum()
    assert ours.full.ndf == 13
    assert ours.full.statistic == pytest.approx(textbook, rel=1e-6)
    assert ours.full.p_value == pytest.approx(stats.chi2.sf(textbook, 13), rel=0.02)
    assert ours.rate.ndf == 0


def test_correlated_entries_are_calibrated_and_naive_ones_are_not():
    random = np.random.default_rng(2)
    ours, naive = [], []
    for _ in range(200):
        (a, ea), (b, eb) = correlated(random, 800), correlated(random, 800)
        ours.append(compare_binned(filled(a, event=ea), filled(b, event=eb)).full.p_value)
        x, y = (np.histogram(v, EDGES)[0] for v in (a, b))
        naive.append(stats.chi2.sf(((x - y) ** 2 / (x + y)).sum(), len(x)))
    assert stats.kstest(ours, "uniform").pvalue > 1e-4
    assert stats.kstest(naive, "uniform").pvalue < 1e-20


@pytest.mark.parametrize(("n_a", "n_b", "weighted"), [(500, 4000, False), (1500, 1500, True)])
def test_unequal_sizes_and_weights_are_calibrated(n_a, n_b, weighted):
    random = np.random.default_rng(3)
    p_values = []
    for _ in range(200):
        a, b = random.normal(size=n_a), random.normal(size=n_b)
        weights = None
        if weighted:
            # negative weights too; they are independent of the observable
            weights = random.exponential(size=n_a) * np.where(random.random(n_a) < 0.1, -1, 1)
        p_values.append(compare_binned(filled(a, weights), filled(b)).full.p_value)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-4


def test_a_real_difference_is_found():
    random = np.random.default_rng(4)
    a, b = random.normal(0.2, 1.0, 5000), random.normal(0.0, 1.0, 5000)
    assert compare_binned(filled(a), filled(b)).full.p_value < 1e-3


def test_equal_samples_do_not_differ():
    values = np.random.default_rng(5).normal(size=300)
    found = compare_binned(filled(values), filled(values))
    assert found.full.statistic == pytest.approx(0.0, abs=1e-12)
    assert found.full.p_value == 1.0


def test_distances_are_scipys():
    random = np.random.default_rng(6)
    a, b = random.normal(0.05, 1.0, 3000), random.normal(0.0, 1.1, 2000)
    # a grid of all values makes the distances exact up to the width of a cell
    edges = fine_edges(np.linspace(-6, 6, 6001), np.array([-6.0, 6.0]))
    grid = np.unique(np.concatenate((edges, np.linspace(-6, 6, 4001))))
    sums = []
    for values in (a, b):
        one = FineSums(grid)
        one.fill(Values(values), np.ones(len(values)), 0)
        sums.append(one)
    found = compare_marginal(sums[0], sums[1], Multipliers.draw(200, 1))
    assert found.ks.distance == pytest.approx(stats.ks_2samp(a, b).statistic, abs=3e-3)
    assert found.wasserstein.distance == pytest.approx(stats.wasserstein_distance(a, b), rel=2e-2)


@pytest.mark.parametrize("beside", [0, 400])
def test_rounding_is_no_difference(beside):
    """Masses on the shell, alone and beside others, whose last digits scatter unequally."""
    random = np.random.default_rng(9)
    edges = np.linspace(120.05, 130.05, 41)
    grid, sums = None, []
    for digits in (3e-14, 1e-14):
        line = 125.0 * (1 + digits * random.normal(size=1000))
        values = np.concatenate((line, random.uniform(121.0, 129.0, size=beside)))
        grid = fine_edges(values, edges) if grid is None else grid
        one = FineSums(grid)
        one.fill(Values(values), np.ones(len(values)), 0)
        sums.append(one)
    # without the care for rounding, p = 1e-15; equal samples are below this in 1e-4 of cases
    assert compare_marginal(*sums, Multipliers.draw(600, 2)).ks.log_p > np.log(1e-4)


def test_distances_are_calibrated():
    random = np.random.default_rng(7)
    multipliers = Multipliers.draw(600, 2)
    ks, w1 = [], []
    for _ in range(150):
        sums = []
        for _ in range(2):
            values, event = correlated(random, 1000)
            one = FineSums(np.linspace(-4, 4, 80))
            one.fill(Values(values, event), np.ones(1000), 0)
            sums.append(one)
        found = compare_marginal(*sums, multipliers)
        ks.append(np.exp(found.ks.log_p))
        w1.append(np.exp(found.wasserstein.log_p))
    assert stats.kstest(ks, "uniform").pvalue > 1e-4
    assert stats.kstest(w1, "uniform").pvalue > 1e-4


def test_uniformity_knows_correlations():
    """Eight observables that are nearly one: independent p-values would be a wrong null."""
    random = np.random.default_rng(8)
    aware, blind = [], []
    for _ in range(120):
        pairs, tests = [], []
        a, b = random.normal(size=(2, 1500))
        for _ in range(8):
            pair = tuple(filled(v + random.normal(0, 0.02, 1500)) for v in (a, b))
            pairs.append(pair)
            tests.append(compare_binned(*pair))
        found = uniformity(pairs, tests, replicas=2000)
        aware.append(found.p_value)
        blind.append(found.p_value_independent)
    assert stats.kstest(aware, "uniform").pvalue > 1e-4
    assert stats.kstest(blind, "uniform").pvalue < 1e-10


def test_holm():

    assert holm([0.01, 0.02, 0.03, 0.005]) == pytest.approx([0.03, 0.04, 0.04, 0.02])


def test_frechet_of_normal_distributions():
    """Commuting covariances: |m|^2 + sum (s_a - s_b)^2 with standard deviations s."""
    a, b = np.diag([1.0, 4.0, 9.0]), np.diag([4.0, 4.0, 1.0])
    value = frechet(np.array([1.0, 0.0, 2.0]), a, np.zeros(3), b)
    assert value == pytest.approx(5.0 + 1.0 + 0.0 + 4.0)


def test_frechet_and_kernel_distances_are_calibrated_and_find_a_shift():
    random = np.random.default_rng(9)
    multipliers = Multipliers.draw(200, 3)
    ones = np.ones(600)
    fpd, kpd = [], []
    for shift in [0.0] * 25 + [0.4]:
        a, b = random.normal(shift, 1.0, (600, 3)), random.normal(0.0, 1.0, (600, 3))
        sums = [FeatureSums(b) for _ in range(2)]
        sums[0].fill(a, ones, 0)
        sums[1].fill(b, ones, 0)
        fpd.append(np.exp(compare_frechet(*sums, multipliers).test.log_p))
        kpd.append(compare_kernel(a + 1.0, b + 1.0, (ones, ones)).p_value)
    for values in (fpd, kpd):
        assert stats.kstest(values[:-1], "uniform").pvalue > 1e-4
        assert values[-1] < 0.01


def test_auc_counts_pairs_and_is_calibrated():
    random = np.random.default_rng(10)
    p_values = []
    for i in range(150):
        scores = np.round(random.normal(size=400), 1)
        label = np.arange(400) < 180
        folds = np.arange(400) % 2
        found = auc_test(scores, label, np.ones(400), folds, seed=i)
        p_values.append(np.exp(found.log_p))
        if i == 0:
            pairs = []
            for fold in (0, 1):
                a, b = (scores[(folds == fold) & m] for m in (label, ~label))
                wins = (a[:, None] > b) + 0.5 * (a[:, None] == b)
                pairs.append(wins.mean())
            assert found.auc == pytest.approx(np.mean(pairs), rel=1e-12)
    assert stats.kstest(p_values, "uniform").pvalue > 1e-4


def test_tails():
    assert log_sf_chi2(30.0, 10) == pytest.approx(stats.chi2.logsf(30.0, 10), rel=1e-10)
    # for two degrees of freedom the survival function is exp(-x/2), however far out
    assert log_sf_chi2(4000.0, 2) == pytest.approx(-2000.0, rel=1e-12)
    assert log_sf_total_scatter(30.0, 10, 1e7) == pytest.approx(log_sf_chi2(30.0, 10), rel=1e-4)
    near, far = (log_sf_total_scatter(x, 12, 1e5) for x in (1240.0, 1300.0))
    assert far < near < -500.0
    assert sigmas(np.log(0.0026997960632601866)) == pytest.approx(3.0, rel=1e-9)
    assert sigmas(-2000.0) > 60.0


def test_scan_is_calibrated_and_sees_a_tail():
    """The chi^2 of 80 bins is far less sensitive to a tail twice as heavy."""
    random = np.random.default_rng(12)
    edges = np.linspace(-4, 4, 81)
    null = []
    for _ in range(150):
        (a, ea), (b, eb) = correlated(random, 600), correlated(random, 600)
        pair = filled(a, event=ea, edges=edges), filled(b, event=eb, edges=edges)
        null.append(np.exp(compare_binned(*pair).scan.log_p))
    assert stats.kstest(null, "uniform").pvalue > 1e-4
    a, b = random.normal(size=(2, 50_000))
    tail = np.where(a > 2.65, 2.0, 1.0)
    found = compare_binned(filled(a, tail, edges=edges), filled(b, edges=edges))
    assert found.scan.log_p < np.log(1e-3)
    assert edges[found.scan.first - 1] == pytest.approx(2.6, abs=0.21)
    assert found.scan.last == len(edges)
    assert found.scan.log_p < found.full.log_p


def test_scan_far_out():
    """A single normal variable: the p-value is the two-sided normal tail."""
    replicas = np.abs(np.random.default_rng(13).normal(size=2000))
    assert log_p_of_maximum(10.0, replicas) == pytest.approx(
        stats.norm.logsf(10) + np.log(2), abs=1
    )
    assert log_p_of_maximum(0.0, replicas) == 0.0


@pytest.mark.parametrize("dof", [1, 5, 3000])
@pytest.mark.parametrize("replicas", [200, 1000])
def test_the_continued_tail_of_replicas_does_not_cry_wolf(dof, replicas):
    """p-values of norms of Gaussian vectors; as many below 1e-3 come by chance with 1e-4."""
    random = np.random.default_rng(1)
    draws = np.sqrt(random.chisquare(dof, (3000, replicas + 1)))
    p = np.exp([log_p_from_replicas(row[0], row[1:]) for row in draws])
    assert (p < 1e-3).sum() <= stats.binom.isf(1e-4, 3000, 0.001)
    assert p.min() > 1e-7
