# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that look at all observables of an event at once."""

import math
from collections.abc import Callable

import numpy as np

from mcsurrogate.classifiers import FeatureNetwork, TrainingSettings
from mcsurrogate.validation.classifiers.deep import deep_tests
from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.classifiers.two_sample import classifier_test
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.statistics.kernel import compare_kernel
from mcsurrogate.validation.statistics.multipliers import Multipliers
from mcsurrogate.validation.statistics.multivariate import compare_frechet, compare_sliced
from mcsurrogate.validation.statistics.nplm import compare_learned_ratio
from mcsurrogate.validation.statistics.serial import compare_serial

__all__ = ["global_tests"]

_MIN_EVENTS = 200
"""Fewer events than this say nothing about dozens of features at once."""


def global_tests(
    candidate: Sample,
    reference: Sample,
    multipliers: Multipliers,
    *,
    seed: int = 1,
    progress: Callable[[str], None] | None = None,
) -> list[GlobalTest]:
    """Sliced distances, Frechet and kernel physics distance, likelihood ratio, and classifiers.

    Samples without features, or with too few events for them, get no global test.
    """
    a, b = candidate.features, reference.features
    smaller = min(candidate.weights.effective_events, reference.weights.effective_events)
    if a is None or b is None or smaller < _MIN_EVENTS:
        return []
    tell = progress or (lambda _: None)
    tell("sliced distances")
    ks, w1 = compare_sliced(a, b, multipliers)
    tell("Fréchet physics distance")
    frechet = compare_frechet(a, b, multipliers, seed=seed)
    tests = [
        GlobalTest(
            name="sliced_ks",
            title="Sliced Kolmogorov-Smirnov",
            value=ks.distance,
            log_p=ks.log_p,
            expected=ks.expected,
        ),
        GlobalTest(
            name="sliced_wasserstein",
            title="Sliced Wasserstein-1",
            value=w1.distance,
            log_p=w1.log_p,
            expected=w1.expected,
        ),
        GlobalTest(
            name="fpd",
            title="Fréchet physics distance",
            value=frechet.test.distance,
            log_p=frechet.test.log_p,
            expected=frechet.test.expected,
            details={"infinite": frechet.infinite, "infinite_error": frechet.infinite_error},
        ),
    ]
    if min(len(candidate.reservoir), len(reference.reservoir)) >= _MIN_EVENTS:
        tell("kernel physics distance")
        kernel = compare_kernel(
            candidate.reservoir.rows,
            reference.reservoir.rows,
            (candidate.reservoir.weights, reference.reservoir.weights),
            seed=seed,
        )
        tests.append(
            GlobalTest(
                name="kpd",
                title="Kernel physics distance",
                value=kernel.distance,
                log_p=math.log(kernel.p_value),
                expected=0.0,
                error=kernel.error,
            )
        )
        tell("correlation of consecutive events")
        serial = compare_serial(candidate.reservoir, reference.reservoir, seed=seed)
        if serial is not None:
            tests.append(
                GlobalTest(
                    name="serial",
                    title="Correlation of consecutive events",
                    value=serial.difference,
                    log_p=serial.log_p,
                    expected=0.0,
                    error=serial.error,
                )
            )
        tests += _learned_ratio(candidate, reference, seed, tell)
        tests.append(_feature_classifier(candidate, reference, seed, tell))
    if min(len(candidate.particle_sets), len(reference.particle_sets)) >= _MIN_EVENTS:
        tests += deep_tests(candidate, reference, seed=seed, tell=tell)
    return tests


def _learned_ratio(
    candidate: Sample, reference: Sample, seed: int, tell: Callable[[str], None]
) -> list[GlobalTest]:
    """Learned likelihood ratio of the event features; nothing with negative weights."""
    tell("learned likelihood ratio")
    found = compare_learned_ratio(candidate.reservoir, reference.reservoir, seed=seed)
    if found is None:
        return []
    return [
        GlobalTest(
            name="nplm",
            title="Learned likelihood ratio (NPLM)",
            value=found.statistic,
            log_p=found.log_p,
            expected=found.expected,
            details={"events": float(found.events)},
        )
    ]


def _feature_classifier(
    candidate: Sample, reference: Sample, seed: int, tell: Callable[[str], None]
) -> GlobalTest:
    """Classifier two-sample test on the event features."""
    parts = (candidate.reservoir, reference.reservoir)
    features = np.concatenate([part.rows for part in parts])
    return classifier_test(
        "classifier",
        "Classifier on observables (AUC)",
        lambda: FeatureNetwork(features.shape[1]),
        parts,
        features,
        reference.plan.features.names,
        TrainingSettings(),
        seed=seed,
        tell=tell,
    )
