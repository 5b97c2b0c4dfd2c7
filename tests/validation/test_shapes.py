# SPDX-License-Identifier: GPL-3.0-or-later
"""Event shapes and jets against Pythia's own analysis classes and closed forms, to 1e-10."""

import numpy as np
import pytest
import pythia8mc

from mcsurrogate.analysis import durham, shapes
from mcsurrogate.analysis.jets import JetAlgorithm, JetDefinition, inclusive_jets
from mcsurrogate.events.chunk import Particles


def of_vectors(*events):
    """Massless particles from lists of three-momenta, one list an event."""
    counts = [len(e) for e in events]
    p = np.array([v for e in events for v in e], dtype=np.float64).reshape(-1, 3)
    energy = np.linalg.norm(p, axis=1)
    event = np.repeat(np.arange(len(events)), counts)
    columns = (np.ascontiguousarray(c) for c in p.T)
    return Particles(*columns, energy, event, len(events))


@pytest.fixture(scope="module")
def decays(zpole):
    """150 Z decays: our visible particles and Pythia's analyses of the same events."""
    pythia = pythia8mc.Pythia("", False)
    for line in (*zpole, "Print:quiet = on", "Random:setSeed = on", "Random:seed = 11"):
        assert pythia.readString(line)
    assert pythia.init()
    thrust = pythia8mc.Thrust()
    sphericity, linear = pythia8mc.Sphericity(), pythia8mc.Sphericity(1.0)
    durham_jets = pythia8mc.ClusterJet("Durham")
    slow = pythia8mc.SlowJet(-1, 0.4, 5.0, 25.0, 2, 2)
    theirs, rows = [], []
    for number in range(150):
        assert pythia.next()
        event = pythia.event
        thrust.analyze(event)
        sphericity.analyze(event)
        linear.analyze(event)
        durham_jets.analyze(event, 0.0, 0.0, 2, 2)
        slow.analyze(event)
        l1, l2, l3 = (linear.eigenValue(i) for i in (1, 2, 3))
        theirs.append(
            {
                "thrust": thrust.thrust(),
                "major": thrust.tMajor(),
                "minor": thrust.tMinor(),
                "oblateness": thrust.oblateness(),
                "sphericity": sphericity.sphericity(),
                "aplanarity": sphericity.aplanarity(),
                "c": 3 * (l1 * l2 + l2 * l3 + l3 * l1),
                "d": 27 * l1 * l2 * l3,
                "jet_pt": [slow.pT(i) for i in range(slow.sizeJet())],
                "jet_mass": [slow.m(i) for i in range(slow.sizeJet())],
                "distance": durham_jets.distance(0),
            }
        )
        for i in range(event.size()):
            p = event[i]
            if p.isFinal() and p.isVisible():
                rows.append((number, p.px(), p.py(), p.pz(), p.e()))
    table = np.array(rows)
    columns = (np.ascontiguousarray(table[:, i]) for i in range(1, 5))
    return Particles(*columns, table[:, 0].astype(np.int64), 150), theirs


def test_thrust_is_pythias(decays):
    particles, theirs = decays
    found = shapes.thrust(particles)
    for ours, name in (
        (found.value, "thrust"),
        (found.major, "major"),
        (found.minor, "minor"),
        (found.oblateness, "oblateness"),
    ):
        assert np.allclose(ours, [t[name] for t in theirs], rtol=0, atol=1e-10), name


def test_tensors_are_pythias(decays):
    particles, theirs = decays
    found = shapes.sphericity(particles)
    for ours, name in (
        (found.sphericity, "sphericity"),
        (found.aplanarity, "aplanarity"),
        (found.c_parameter, "c"),
        (found.d_parameter, "d"),
    ):
        assert np.allclose(ours, [t[name] for t in theirs], rtol=0, atol=1e-10), name


def test_anti_kt_jets_are_pythias(decays):
    particles, theirs = decays
    definition = JetDefinition(JetAlgorithm.ANTI_KT, 0.4, 5.0, 25.0)
    jets = inclusive_jets(particles, definition)
    assert np.array_equal(jets.counts, [len(t["jet_pt"]) for t in theirs])
    pt = np.concatenate([t["jet_pt"] for t in theirs])
    mass = np.concatenate([t["jet_mass"] for t in theirs])
    assert np.allclose(jets.pt, pt, rtol=1e-10)
    # a mass is the root of a difference of large squares: 1e-10 of the energy squared
    assert np.allclose(jets.mass**2, mass**2, rtol=0, atol=1e-10 * 91.2**2)


def test_pencil_event():
    """Two back-to-back particles: T = 1, S = 0, C = 0."""
    event = of_vectors([(0, 0, 3), (0, 0, -3)], [(1, 2, 2), (-1, -2, -2)])
    found, tensors = shapes.thrust(event), shapes.sphericity(event)
    assert np.allclose(found.value, 1.0, atol=1e-12)
    assert np.allclose(found.major, 0.0, atol=1e-7)
    for value in (tensors.sphericity, tensors.c_parameter):
        assert np.allclose(value, 0.0, atol=1e-12)
    sides = shapes.hemispheres(event, found.axis)
    assert np.allclose(sides.total, 0.0, atol=1e-7)


def test_mercedes_event():
    """Three equal momenta at 120 degrees: T = 2/3, M = 1/sqrt(3), m = 0, S = 3/4, C = 3/4."""
    angles = 2 * np.pi * np.arange(3) / 3
    star = [(np.cos(a), np.sin(a), 0.0) for a in angles]
    event = of_vectors(star)
    found, tensors = shapes.thrust(event), shapes.sphericity(event)
    assert found.value == pytest.approx([2 / 3], abs=1e-12)
    assert found.major == pytest.approx([1 / np.sqrt(3)], abs=1e-12)
    assert found.minor == pytest.approx([0], abs=1e-12)
    assert tensors.sphericity == pytest.approx([0.75], abs=1e-12)
    assert tensors.c_parameter == pytest.approx([0.75], abs=1e-12)
    assert tensors.d_parameter == pytest.approx([0.0], abs=1e-12)


def test_octahedron_event():
    """Six equal momenta along the axes: C = D = S = 1, T = 1/sqrt(3)."""
    six = [v for axis in np.eye(3) for v in (axis, -axis)]
    found, tensors = shapes.thrust(of_vectors(six)), shapes.sphericity(of_vectors(six))
    assert found.value == pytest.approx([1 / np.sqrt(3)], abs=1e-12)
    for value in (tensors.sphericity, tensors.c_parameter, tensors.d_parameter):
        assert value == pytest.approx([1.0], abs=1e-12)


def test_events_without_particles():
    event = of_vectors([], [(0, 0, 1), (0, 0, -1)], [])
    assert np.isnan(shapes.thrust(event).value[[0, 2]]).all()
    assert np.isnan(shapes.sphericity(event).sphericity[[0, 2]]).all()
    assert np.isnan(durham.merging_scales(event)).all()
    assert len(inclusive_jets(event, JetDefinition())) == 0


def test_durham_scale_of_three_particles():
    """y_23 = min over pairs of 2 min(E_i^2, E_j^2)(1 - cos theta_ij) / E_vis^2."""
    vectors = np.array([(30.0, 0.0, 0.0), (-20.0, 10.0, 0.0), (-10.0, -10.0, 5.0)])
    energy = np.linalg.norm(vectors, axis=1)
    pairs = []
    for i in range(3):
        for j in range(i):
            cosine = vectors[i] @ vectors[j] / energy[i] / energy[j]
            pairs.append(2 * min(energy[i], energy[j]) ** 2 * (1 - cosine))
    expected = min(pairs) / energy.sum() ** 2
    scales = durham.merging_scales(of_vectors(list(vectors)))
    assert scales[0, 0] == pytest.approx(expected, rel=1e-10)
    assert np.isnan(scales[0, 1:]).all()


def test_three_jets_are_ordered_and_conserve_momentum(decays):
    particles, _ = decays
    jets = durham.three_jets(particles)
    assert np.array_equal(jets.counts, np.full(150, 3))
    energies = jets.energy.reshape(150, 3)
    assert (np.diff(energies, axis=1) <= 0).all()
    for name in ("px", "py", "pz", "energy"):
        ours, total = getattr(jets.total(), name), getattr(particles.total(), name)
        assert np.allclose(ours, total, atol=1e-9)
