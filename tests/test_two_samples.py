# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch
from scipy.stats import chi2_contingency, norm
from two_samples import classifier_auc, compare_histograms, compare_samples, uniformity

from mcsurrogate.classifiers import auc


def weighted(seed, count=3000):
    """A standard normal distribution as weighted events of a wider one."""
    generator = torch.Generator().manual_seed(seed)
    x = 1.4 * torch.randn(count, generator=generator, dtype=torch.float64)
    return x, torch.exp(-0.5 * x**2 + 0.5 * (x / 1.4) ** 2)


def plain(seed, count=3000, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, generator=generator, dtype=torch.float64) + shift
    return x, torch.ones(count)


@pytest.mark.parametrize("first", [plain, weighted])
def test_p_values_of_equal_distributions_are_uniform(first):
    p_values = [compare_histograms(*first(seed), *plain(10_000 + seed)) for seed in range(300)]
    # Kolmogorov-Smirnov, false-alarm rate 1e-4
    assert uniformity(p_values) > 1e-4


def test_a_shift_is_found():
    assert compare_histograms(*plain(1, 20_000), *plain(2, 20_000, 0.1)) < 1e-6


def test_two_values_make_two_classes():
    x, weight = plain(1)
    y, other = plain(2)
    p_value = compare_histograms(x.sign(), weight, y.sign(), other)
    table = [[int((v > 0).sum()), int((v < 0).sum())] for v in (x, y)]
    assert p_value == pytest.approx(chi2_contingency(table, correction=False).pvalue, rel=0.02)


def test_samples_need_the_same_observables():
    x, weight = plain(1)
    assert compare_samples({"x": x}, weight, {"x": -x}, weight).keys() == {"x"}
    with pytest.raises(ValueError, match=r"different observables: .'y'"):
        compare_samples({"x": x}, weight, {"x": x, "y": x}, weight)


def test_auc_of_ordered_tied_and_equal_scores():
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0.0
    assert auc(np.array([1.0]), np.array([1.0, 1.0])) == 0.5
    # Pairs (0,1) and (0,2) count 1, (1,1) counts 1/2, (1,2) counts 1: 3.5 of 4.
    assert auc(np.array([1.0, 2.0]), np.array([0.0, 1.0])) == 0.875


def test_equal_samples_are_not_told_apart():
    # The limit is 4 standard deviations: a false alarm in 6e-5 of seeds.
    a, b = np.random.default_rng(1).normal(size=(2, 4000, 3))
    test = classifier_auc(a, b, seed=1, epochs=5)
    assert abs(test.auc - 0.5) < 4 * test.null_width


def test_shifted_samples_reach_the_known_area():
    # Two unit Gaussians a distance d apart: AUC = Phi(d / sqrt(2)).
    random = np.random.default_rng(2)
    a, b = random.normal(size=(20_000, 1)), random.normal(0.5, 1.0, size=(20_000, 1))
    test = classifier_auc(a, b, seed=1, epochs=5)
    assert test.auc == pytest.approx(norm.cdf(0.5 / np.sqrt(2.0)), abs=4 * test.error)


def test_the_same_seed_gives_the_same_answer():
    a, b = np.random.default_rng(3).normal(size=(2, 500, 2))
    assert classifier_auc(a, b, seed=4, epochs=2) == classifier_auc(a, b, seed=4, epochs=2)
