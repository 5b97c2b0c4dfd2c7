import numpy as np
import pytest
from scipy.stats import norm

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.fitting.closure import auc, classifier_auc


def test_auc_of_ordered_tied_and_equal_scores():
    assert auc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1.0
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 0.0
    assert auc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    # Pairs (0,1) and (0,2) count 1, (1,1) counts 1/2, (1,2) counts 1: 3.5 of 4.
    assert auc(np.array([0.0, 1.0]), np.array([1.0, 2.0])) == 0.875


def test_equal_samples_are_not_told_apart():
    # The limit is 4 standard deviations: a false alarm in 6e-5 of seeds.
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, 4000, 3))
    test = classifier_auc(a, b, seed=1, epochs=5)
    assert abs(test.auc - 0.5) < 4 * test.error


def test_shifted_samples_reach_the_known_area():
    # Two unit Gaussians a distance d apart: AUC = Phi(d / sqrt(2)).
    random = np.random.default_rng(2)
    a = random.normal(size=(20_000, 1))
    b = random.normal(0.5, 1.0, size=(20_000, 1))
    test = classifier_auc(a, b, seed=1, epochs=5)
    assert test.auc == pytest.approx(norm.cdf(0.5 / np.sqrt(2.0)), abs=4 * test.error)


def test_the_same_seed_gives_the_same_answer():
    random = np.random.default_rng(3)
    a, b = random.normal(size=(2, 500, 2))
    assert classifier_auc(a, b, seed=4, epochs=2) == classifier_auc(a, b, seed=4, epochs=2)


def test_samples_must_fit():
    with pytest.raises(HadronizationError, match="shapes"):
        classifier_auc(np.zeros((500, 2)), np.zeros((500, 3)), seed=1)
