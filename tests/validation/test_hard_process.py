# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard process, tops and Ws against Pythia's own record of them and against another library."""

import numpy as np
import pyhepmc
import pytest
import vector

from mcsurrogate.analysis.selection import Events
from mcsurrogate.analysis.top_decays import boosted_cosine
from mcsurrogate.events.chunk import Particles
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get, preset


@pytest.fixture(scope="module")
def events(top_pythia):
    chunk = next(EventFile(top_pythia[0]).chunks())
    assert len(chunk) == 20
    return Events(chunk, np.ones(20))


def test_legs_are_pythias(events, top_pythia):
    """x_1, x_2, invariant mass, transverse momentum and rapidity, as Pythia's Info has them."""
    x1, x2, mass, pt, rapidity = np.array(top_pythia[1]).T
    hard = events.hard_process
    assert np.allclose(hard.momentum_fractions[:, 0], x1, rtol=1e-6)
    assert np.allclose(hard.momentum_fractions[:, 1], x2, rtol=1e-6)
    assert np.allclose(hard.per_event(hard.system.mass), mass, rtol=1e-6)
    assert np.allclose(hard.per_event(hard.system.rapidity), rapidity, atol=1e-6)
    legs = hard.outgoing
    assert np.array_equal(legs.counts, np.full(20, 2))
    assert np.array_equal(np.unique(np.abs(legs.pid)), [6])
    assert np.allclose(legs.take(legs.pt, 0), pt, rtol=1e-6)
    assert np.allclose(get("hard_ht").compute(events), 2 * pt, rtol=1e-6)


def test_production_angle(events):
    """cos theta = pz / p of the first leg, boosted by the `vector` library."""
    hard = events.hard_process
    first = hard.outgoing
    index = np.array([np.flatnonzero((first.event == i) & (first.pid == 6))[0] for i in range(20)])
    top = vector.array(
        {
            "px": first.px[index],
            "py": first.py[index],
            "pz": first.pz[index],
            "E": first.energy[index],
        }
    )
    system = hard.system
    frame = vector.array({"px": system.px, "py": system.py, "pz": system.pz, "E": system.energy})
    expected = np.cos(top.boostCM_of_p4(frame).theta)
    assert np.allclose(hard.cos_theta, expected, atol=1e-9)


def test_all_observables_of_the_preset_have_values(events):
    for observable in preset("hard_process"):
        values = observable.values(events)
        if observable.name == "hard_pt3":
            assert np.isnan(values.values).all()
        else:
            assert np.isfinite(values.values).all(), observable.name
    species = get("hard_outgoing").values(events)
    assert np.array_equal(species.values, np.full(40, 5.5))


def test_events_without_marked_legs(z_files):
    """The Z of e+ e- has legs; a record whose statuses are wiped has none and does not fail."""
    chunk = next(EventFile(z_files[0]).chunks())
    assert np.array_equal(
        Events(chunk, np.ones(len(chunk))).hard_process.outgoing.pid[:5], [23] * 5
    )
    chunk.particles["status"][chunk.particles["status"] == 21] = 3
    del chunk.__dict__["status"]
    bare = Events(chunk, np.ones(len(chunk)))
    assert len(bare.hard_process.outgoing) == 0
    assert np.isnan(get("hard_mass").compute(bare)).all()
    assert (get("hard_legs").compute(bare) == 0).all()


def test_w_and_lepton_angles_by_another_library(events, top_pythia):
    """Walk through the events with pyhepmc, boost with `vector`."""
    expected, masses, bosons = [], [], []

    def momentum(p):
        m = p.momentum
        return vector.obj(px=m.px, py=m.py, pz=m.pz, E=m.e)

    def last(p):
        while True:
            copies = [c for c in p.children if c.pid == p.pid]
            if not copies:
                return p
            p = copies[0]

    with pyhepmc.open(str(top_pythia[0])) as file:
        for event in file:
            tops = [p for p in event.particles if abs(p.pid) == 6]
            for top in sorted({last(p).id for p in tops}):
                products = event.particles[top - 1].children
                w = last(next(p for p in products if abs(p.pid) == 24))
                b = next(p for p in products if abs(p.pid) in (1, 3, 5))
                bosons.append(momentum(w).mass)
                analyser = next(p for p in w.children if abs(p.pid) in (1, 3, 5, 11, 13, 15))
                frame = momentum(w)
                one = momentum(analyser).boostCM_of_p4(frame).to_xyz()
                two = momentum(b).boostCM_of_p4(frame).to_xyz()
                expected.append(-one.dot(two) / one.mag / two.mag)
                if abs(analyser.pid) > 10:
                    masses.append((momentum(analyser) + momentum(b)).mass)
    decays = events.top_decays
    assert len(expected) == 40
    assert np.allclose(np.sort(decays.helicity_cosine), np.sort(expected), atol=1e-9)
    ours = decays.lepton_bottom_mass
    assert np.allclose(np.sort(ours[decays.leptonic]), np.sort(masses), rtol=1e-9)
    assert np.isnan(ours[~decays.leptonic]).all()
    found = get("w_mass").values(events).values
    assert np.allclose(np.sort(found), np.sort(bosons), rtol=1e-9)


def test_helicity_angle_of_a_constructed_decay():
    """A lepton at 60 degrees to the W's direction in the W's rest frame: cos = 0.5."""
    mass, angle = 80.0, np.pi / 3
    lepton = vector.obj(px=40 * np.sin(angle), py=0.0, pz=40 * np.cos(angle), E=40.0)
    w = vector.obj(px=0.0, py=0.0, pz=0.0, E=mass)
    # in the W's rest frame the bottom quark comes along -z; boost everything anywhere
    bottom = vector.obj(px=0.0, py=0.0, pz=-66.0, E=66.0)
    moved = [p.boost(vector.obj(px=30.0, py=-20.0, pz=50.0, E=120.0)) for p in (lepton, bottom, w)]
    parts = [
        Particles(*(np.array([getattr(p, n)]) for n in ("px", "py", "pz", "E")), np.array([0]), 1)
        for p in moved
    ]
    assert -boosted_cosine(*parts) == pytest.approx([0.5], abs=1e-12)


def test_leptons_of_a_pair(events):
    decays = events.top_decays
    phi = decays.lepton_delta_phi
    both = np.bincount(decays.analyser.event[decays.leptonic], minlength=20) == 2
    assert np.array_equal(np.isfinite(phi), both)
    assert ((phi[both] >= 0) & (phi[both] <= np.pi)).all()
