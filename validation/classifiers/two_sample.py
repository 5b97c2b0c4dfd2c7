# SPDX-License-Identifier: GPL-3.0-or-later
"""The two-sample test of a classifier: held-out scores, their AUC, and what the weights say."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from mcsurrogate.classifiers import TrainingSettings, auc_test, cross_fit
from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.classifiers.weights import classifier_weights
from mcsurrogate.validation.reservoir import Reservoir

__all__ = ["classifier_test"]


def classifier_test(
    name: str,
    title: str,
    make: Callable[[], nn.Module],
    samples: tuple[Reservoir, Reservoir],
    features: NDArray[np.float64],
    feature_names: tuple[str, ...],
    settings: TrainingSettings,
    *,
    seed: int,
    tell: Callable[[str], None],
) -> GlobalTest:
    """Train a classifier on kept events of both samples and test its AUC.

    Parameters
    ----------
    name, title
        Of the test.
    make
        Makes an untrained network for the rows of the samples.
    samples
        Events of the candidate and of the reference, N in all.
    features, feature_names
        ``(N, D)`` observables of the same events, to say where the weights are large.
    settings
        Of the training.
    seed
        Of folds, networks and batches.
    tell
        Called with what is trained next.
    """
    rows = np.concatenate([sample.rows for sample in samples])
    weights = np.concatenate([sample.weights for sample in samples])
    label = np.arange(len(rows)) < len(samples[0])
    scores, folds = cross_fit(
        make,
        (rows,),
        label,
        weights,
        settings,
        seed=seed,
        progress=lambda fold: tell(f"{name}, {fold}"),
    )
    test = auc_test(scores, label, weights, folds, seed=seed)
    found = classifier_weights(scores, label, weights, features, feature_names)
    return GlobalTest(
        name=name,
        title=title,
        value=test.auc,
        log_p=test.log_p,
        expected=0.5,
        error=test.error,
        details={
            "null_width": test.null_width,
            "weight_width": found.width,
            "weight_tail": found.tail,
        },
        weights=found,
    )
