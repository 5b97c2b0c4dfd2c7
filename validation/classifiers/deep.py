# SPDX-License-Identifier: GPL-3.0-or-later
"""Classifiers on the particles themselves: what no observable was written for.

Cross-fitted as the classifier on observables; their weights are explained by the observables of
the same events.
"""

from collections.abc import Callable

import numpy as np
from torch import nn

from mcsurrogate.classifiers import TrainingSettings
from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.classifiers.lorentz import LorentzNetwork
from mcsurrogate.validation.classifiers.particle_flow import ParticleFlowNetwork
from mcsurrogate.validation.classifiers.two_sample import classifier_test
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
    return [
        classifier_test(
            name,
            title,
            make,
            stores,
            features,
            reference.plan.features.names,
            _SETTINGS,
            seed=seed,
            tell=tell,
        )
        for name, title, make in networks
    ]


def _features(sample: Sample) -> np.ndarray:
    """Observables of the events whose particles are kept."""
    known = sample.reservoir.positions
    place = np.searchsorted(known, sample.particle_sets.positions)
    rows: np.ndarray = sample.reservoir.rows[place]
    return rows
