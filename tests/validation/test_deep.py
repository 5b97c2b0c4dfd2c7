# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks on particles: symmetry, padding, and what they find that observables do not see."""

import json

import jsonschema
import numpy as np
import pytest
import torch

from mcsurrogate.analysis.selection import Events
from mcsurrogate.classifiers.auc import auc_test
from mcsurrogate.classifiers.crossfit import TrainingSettings, cross_fit
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation import validate
from mcsurrogate.validation.classifiers.lorentz import LorentzNetwork
from mcsurrogate.validation.classifiers.particle_flow import ParticleFlowNetwork
from mcsurrogate.validation.metrics_schema import schema
from mcsurrogate.validation.particle_sets import particle_sets
from mcsurrogate.validation.verdict import FAMILY_WISE_ERROR

NETWORKS = (ParticleFlowNetwork, LorentzNetwork)


def made(n, size, random, angle=0.0):
    """Sets of five particles; pairs of the candidate are turned by an angle around the beam."""
    sets = np.zeros((n, size, 6), dtype=np.float32)
    p = random.normal(0.0, 2.0, (n, 5, 3))
    p[:, 1, :2] = p[:, 0, :2]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    p[:, 1, :2] = p[:, 1, :2] @ turn.T
    sets[:, :5, 1:4] = p
    sets[:, :5, 0] = np.sqrt((p**2).sum(-1) + 0.02)
    sets[:, :5, 4] = random.integers(2, 6, (n, 5))
    sets[:, :2, 4] = 1
    sets[:, :5, 5] = random.choice((-1, 1), (n, 5))
    return sets


@pytest.mark.parametrize("make", NETWORKS)
def test_order_and_empty_places_do_not_matter(make):
    torch.manual_seed(1)
    network = make(1.0).double()
    sets = torch.as_tensor(made(4, 8, np.random.default_rng(1))).double()
    shuffled = sets[:, [4, 2, 0, 1, 3, 7, 6, 5]]
    longer = torch.cat((sets, torch.zeros(4, 3, 6, dtype=torch.float64)), dim=1)
    with torch.no_grad():
        expected = network(sets)
        assert torch.allclose(network(shuffled), expected, atol=1e-12)
        assert torch.allclose(network(longer), expected, atol=1e-12)


def test_lorentz_network_is_invariant_under_boosts_along_the_beam_pair():
    """Rotations around the beam leave the beams; the logit then follows the particles alone."""
    torch.manual_seed(2)
    network = LorentzNetwork(1.0).double()
    sets = torch.as_tensor(made(6, 8, np.random.default_rng(2))).double()
    c, s = np.cos(0.7), np.sin(0.7)
    turned = sets.clone()
    turned[..., 1] = c * sets[..., 1] - s * sets[..., 2]
    turned[..., 2] = s * sets[..., 1] + c * sets[..., 2]
    tilted = sets.clone()
    tilted[..., 1], tilted[..., 3] = sets[..., 3], -sets[..., 1]
    with torch.no_grad():
        assert torch.allclose(network(turned), network(sets), atol=1e-10)
        # the beams are part of the event: turning it away from them is seen
        assert not torch.allclose(network(tilted), network(sets), atol=1e-6)


@pytest.mark.parametrize("make", NETWORKS)
def test_a_correlation_of_two_particles_is_found(make):
    """Spectra of both samples are equal; only the angle within a pair differs."""
    random = np.random.default_rng(3)
    sets = np.concatenate((made(800, 5, random, angle=2.5), made(800, 5, random)))
    label = np.arange(1600) < 800
    settings = TrainingSettings(epochs=30, patience=30, batch=64, learning_rate=3e-3)
    scores, folds = cross_fit(lambda: make(1.0), (sets,), label, np.ones(1600), settings)
    found = auc_test(scores, label, np.ones(1600), folds)
    assert np.exp(found.log_p) < 1e-3


def test_particle_sets_keep_the_hardest(z_files):
    chunk = next(EventFile(z_files[0], max_events=30).chunks())
    events = Events(chunk, np.ones(30))
    sets = particle_sets(events, 10)
    momenta = np.linalg.norm(sets[..., 1:4], axis=-1)
    assert (np.diff(momenta, axis=1) <= 0.0).all()
    for i in range(30):
        own = np.sort(events.visible.p[events.visible.event == i])[::-1]
        filled = min(10, len(own))
        assert momenta[i, :filled] == pytest.approx(own[:filled], rel=1e-6)
        assert (sets[i, filled:] == 0.0).all()


@pytest.mark.slow
def test_deep_report(z_files, tmp_path):
    found = validate(*z_files, tmp_path, observables=["thrust", "charged_number"], deep=True)
    metrics = json.loads(found.metrics_file.read_text())
    jsonschema.validate(metrics, schema())
    tests = {test["name"]: test for test in metrics["global_tests"]}
    for name in ("particle_flow", "lorentz_network"):
        # seeds are fixed: equal samples, told apart at the family-wise error once in 370 tries
        assert tests[name]["p_value"] > FAMILY_WISE_ERROR
        assert tests[name]["regions"] == []
    assert "Lorentz-equivariant" in found.report.read_text()
