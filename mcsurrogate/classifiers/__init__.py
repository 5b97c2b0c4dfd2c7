# SPDX-License-Identifier: GPL-3.0-or-later
"""Two-sample classifiers: cross-fitted networks and the area under their ROC curve."""

from mcsurrogate.classifiers.auc import AucTest, auc, auc_test
from mcsurrogate.classifiers.crossfit import FeatureNetwork, TrainingSettings, cross_fit

__all__ = [
    "AucTest",
    "FeatureNetwork",
    "TrainingSettings",
    "auc",
    "auc_test",
    "cross_fit",
]
