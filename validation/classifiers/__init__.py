# SPDX-License-Identifier: GPL-3.0-or-later
"""Classifier two-sample tests: networks that try to tell the samples apart."""

from mcsurrogate.classifiers import AucTest, TrainingSettings, auc_test, cross_fit
from mcsurrogate.validation.classifiers.weights import ClassifierWeights, classifier_weights

__all__ = [
    "AucTest",
    "ClassifierWeights",
    "TrainingSettings",
    "auc_test",
    "classifier_weights",
    "cross_fit",
]
