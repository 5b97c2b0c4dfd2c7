"""Classifier two-sample tests: networks that try to tell the samples apart."""

from mcsurrogate.validation.classifiers.auc import AucTest, auc_test
from mcsurrogate.validation.classifiers.crossfit import TrainingSettings, cross_fit
from mcsurrogate.validation.classifiers.weights import ClassifierWeights, classifier_weights

__all__ = [
    "AucTest",
    "ClassifierWeights",
    "TrainingSettings",
    "auc_test",
    "classifier_weights",
    "cross_fit",
]
