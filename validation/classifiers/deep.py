"""Classifiers on the particles themselves: what no observable was written for.

Cross-fitted as the classifier on observables; their weights are explained by the observables of
the same events.
"""

from collections.abc import Callable

import numpy as np
from torch import nn

from mcsurrogate.classifiers import TrainingSettings, auc_test, cross_fit
from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.classifiers.lorentz import LorentzNetwork
from mcsurrogate.validation.classifiers.particle_flow import ParticleFlowNetwork
from mcsurrogate.validation.classifiers.weights import classifier_weights
from mcsurrogate.validation.sample import Sample

__all__ = ["DEEP_EVENTS", "deep_tests"]

DEEP_EVENTS = 20_000
"""Events of each sample that the networks see at most."""

_SETTINGS = TrainingSettings(epochs=12, patience=3, batch=128, learning_rate=1e-3)
"""The batch is small for the pairs of particles of a batch to stay in the cache."""


def deep_tests(
    candidate: Sample, reference: Sample, *, seed: int, tell: Callable[[str], None]
) -> list[GlobalTest]:
    """Classifier tests with a particle-flow and a Lorentz-equivariant network.

    Parameters
    ----------
    candidate, reference
        Samples that were filled with `deep` of their plan set.
    seed
        Of folds, networks and batches.
    tell
        Called with what is trained next.
    """
    stores = (candidate.particle_sets, reference.particle_sets)
    sets = np.concatenate([store.rows for store in stores])
    weights = np.concatenate([store.weights for store in stores])
    label = np.arange(len(sets)) < len(stores[0])
    energies = sets[..., 0][sets[..., 4] > 0.0]
    scale = float(np.median(energies)) if len(energies) else 1.0
    features = np.concatenate([_features(sample) for sample in (candidate, reference)])
    networks: tuple[tuple[str, str, Callable[[], nn.Module]], ...] = (
        (
            "particle_flow",
            "Particle-flow network on particles (AUC)",
            lambda: ParticleFlowNetwork(scale),
        ),
        (
            "lorentz_network",
            "Lorentz-equivariant network on particles (AUC)",
            lambda: LorentzNetwork(scale),
        ),
    )
    tests = []
    for name, title, make in networks:
        scores, folds = cross_fit(
            make,
            (sets,),
            label,
            weights,
            _SETTINGS,
            seed=seed,
            progress=lambda fold, name=title: tell(f"{name}, {fold}"),  # type: ignore[misc]
        )
        test = auc_test(scores, label, weights, folds, seed=seed)
        found = classifier_weights(scores, label, weights, features, reference.plan.features.names)
        tests.append(
            GlobalTest(
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
        )
    return tests


def _features(sample: Sample) -> np.ndarray:
    """Observables of the events whose particles are kept."""
    known = sample.reservoir.positions
    place = np.searchsorted(known, sample.particle_sets.positions)
    rows: np.ndarray = sample.reservoir.rows[place]
    return rows
