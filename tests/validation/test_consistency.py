# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of broken events and correlations of particles, on events made by hand."""

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get

PION, KAON, MUON = 0.13957039, 0.493677, 0.1056583755


def write(path, *events):
    """Events e+ e- -> particles: lists of (pid, px, py, pz, mass)."""
    with pyhepmc.open(str(path), "w") as file:
        for number, particles in enumerate(events):
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            event.event_number = number
            vertex = pyhepmc.GenVertex()
            for sign in (1, -1):
                vertex.add_particle_in(
                    pyhepmc.GenParticle((0.0, 0.0, 5.0 * sign, 5.0), 11 * sign, 4)
                )
            for pid, px, py, pz, mass in particles:
                energy = np.sqrt(px**2 + py**2 + pz**2 + mass**2)
                vertex.add_particle_out(pyhepmc.GenParticle((px, py, pz, energy), pid, 1))
            event.add_vertex(vertex)
            event.weights = [1.0]
            file.write(event)
    return path


@pytest.fixture
def events(tmp_path):
    momentum = np.sqrt(25.0 - PION**2)
    path = write(
        tmp_path / "made.hepmc",
        [(211, momentum, 0, 0, PION), (-211, -momentum, 0, 0, PION)],
        [(211, momentum, 0, 0, PION), (211, -0.5, 0, 0, PION)],
        [(321, 1, 0, 0, PION), (-211, 0, 1, 0, PION), (-321, 0, 0, 2, KAON), (2212, 1, 1, 1, 0.9)],
    )
    chunk = next(EventFile(path).chunks())
    return Events(chunk, np.ones(3))


def values(name, events):
    return get(name).values(events)


def test_balances(events):
    energy = values("energy_balance", events).values
    assert energy[0] == pytest.approx(0.0, abs=1e-12)
    assert energy[1] == pytest.approx((5.0 + np.hypot(0.5, PION) - 10.0) / 10.0)
    momentum = values("momentum_balance", events).values
    assert momentum[0] == pytest.approx(0.0, abs=1e-12)
    assert momentum[1] == pytest.approx((np.sqrt(25.0 - PION**2) - 0.5) / 10.0)
    assert values("transverse_balance", events).values[2] == pytest.approx(np.hypot(2, 2))
    assert list(values("charge_balance", events).values) == [0.0, 2.0, 0.0]
    assert list(values("baryon_balance", events).values) == [0.0, 0.0, 1.0]


def test_wrong_masses_are_named(events):
    observable = get("wrong_masses")
    found = observable.values(events)
    named = [observable.categories[int(slot)] for slot in found.values]
    assert list(found.event) == [2, 2]
    assert sorted(named) == sorted((r"$K^\pm$", r"$p, \bar p$"))


def test_pairs_are_all_pairs_of_an_event(events):
    masses = values("kaon_pion_mass", events)
    assert list(masses.event) == [2]
    # the kaon is off its mass shell: its momentum counts
    energy = np.hypot(1, KAON) + np.hypot(1, PION)
    assert masses.values[0] == pytest.approx(np.sqrt(energy**2 - 2.0))
    pions = values("pion_pair_mass", events)
    assert list(pions.event) == [0]
    assert pions.values[0] == pytest.approx(10.0)


def test_lifetimes_are_those_of_the_particle_tables(z_files):
    """Mean c tau of K0S, 26.84 mm (Review of Particle Physics), within five errors."""
    lengths = np.concatenate(
        [
            values("short_kaon_lifetime", Events(chunk, np.ones(len(chunk)))).values
            for path in z_files
            for chunk in EventFile(path).chunks()
        ]
    )
    assert lengths.mean() == pytest.approx(26.84, abs=5 * 26.84 / np.sqrt(len(lengths)))


@pytest.fixture
def pairs_of_events(tmp_path):
    turn = 0.01
    path = write(
        tmp_path / "made.hepmc",
        [
            (13, 0, 20, 0, MUON),
            (22, 5 * np.sin(turn), 5 * np.cos(turn), 0, 0.0),
            (-13, 0, -20, 0, MUON),
            (22, 0, 0, 3, 0.0),
        ],
        [(321, 0, 30, 0, KAON), (-321, 0, -25, 0, KAON), (22, 0, -5, 0, 0.0)],
    )
    return Events(next(EventFile(path).chunks()), np.ones(2))


def test_photons_near_leptons(pairs_of_events):
    gaps = values("photon_lepton_angle", pairs_of_events)
    assert list(gaps.event[:2]) == [0, 0]
    assert gaps.values[:2] == pytest.approx([0.01, np.pi / 2])
    assert np.isnan(gaps.values[2])
    cones = values("lepton_photons_cone", pairs_of_events)
    energy = np.hypot(20.0, MUON)
    assert cones.values == pytest.approx([5.0 / energy, 0.0])
    assert values("lepton_pair_angle", pairs_of_events).values == pytest.approx([np.pi])
    distance = values("photon_lepton_distance", pairs_of_events).values
    # same polar angle, another azimuth; the photon along the beam has no transverse momentum
    assert distance[0] == pytest.approx(0.01)
    assert values("photon_surrounding_cone", pairs_of_events).values[0] == pytest.approx(
        energy / 5.0
    )


def test_hemispheres_know_of_each_other(pairs_of_events):
    charges = values("hemisphere_jet_charges", pairs_of_events)
    assert charges.values == pytest.approx([-1.0, -1.0])
    strangeness = values("hemisphere_strangeness", pairs_of_events).values
    assert np.isnan(strangeness[0])
    assert strangeness[1] == -1.0
    leaders = values("hemisphere_leaders", pairs_of_events)
    names = get("hemisphere_leaders").categories
    assert [names[int(slot)] for slot in leaders.values] == ["$K$ $K$, opposite charges"]
    assert list(leaders.event) == [1]
    energies = values("hemisphere_energies", pairs_of_events).values
    assert energies[1] == pytest.approx(
        abs(np.hypot(30, KAON) - np.hypot(25, KAON) - 5) / 10, abs=1e-6
    )
