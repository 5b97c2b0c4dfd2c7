# SPDX-License-Identifier: GPL-3.0-or-later
"""The classifier test between equal samples, as it is used: trained on one half, on the other."""

import numpy as np
from scipy import stats
from torch import nn

from mcsurrogate.classifiers.auc import auc_test
from mcsurrogate.classifiers.crossfit import TrainingSettings, cross_fit


def test_cross_fitted_p_values_are_uniform():
    """A linear classifier, whose folds have correlated AUCs: fails with probability 1e-4."""
    random = np.random.default_rng(21)
    settings = TrainingSettings(epochs=2, batch=100, learning_rate=0.05)
    label = np.arange(400) < 200
    ones = np.ones(400)
    p_values = []
    for seed in range(60):
        points = random.normal(size=(400, 8))
        scores, folds = cross_fit(
            lambda: nn.Sequential(nn.Linear(8, 1), nn.Flatten(0)),
            (points,),
            label,
            ones,
            settings,
            seed=seed,
        )
        found = auc_test(scores, label, ones, folds, seed=seed)
        p_values.append(np.exp(found.log_p))
    assert stats.kstest(p_values, "uniform").pvalue > 1e-4
