# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs within and across hemispheres, and the order of the table."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observable_result import rank
from mcsurrogate.validation.observables import get


@pytest.fixture(scope="module")
def events(z_files):
    chunk = next(EventFile(z_files[0], max_events=60).chunks())
    return Events(chunk, np.ones(len(chunk)))


def test_pairs_are_those_of_a_loop(events):
    found = get("hemisphere_pairs").values(events)
    kaons = events.last_copies(321, -321)
    momenta = np.stack((kaons.px, kaons.py, kaons.pz), axis=1)
    side = (momenta * events.thrust.axis[kaons.event]).sum(axis=1) > 0
    expected = np.zeros((len(events), 4))
    for i, j in itertools.combinations(range(len(kaons)), 2):
        if kaons.event[i] == kaons.event[j]:
            kind = 2 * (kaons.pid[i] == kaons.pid[j]) + (side[i] != side[j])
            expected[kaons.event[i], kind] += 1
    own = found.values < 4
    got = np.zeros_like(expected)
    got[found.event[own], found.values[own].astype(int)] = found.entry_weights[own]
    assert expected.sum() > 100
    assert (got == expected).all()


def test_particles_forward_of_their_antiparticles(events):
    found = get("net_species_forward").values(events)
    kaon = get("net_species_forward").categories.index("$K^+$")
    kaons = events.last_copies(321, -321)
    own = found.values.astype(int) == kaon
    assert own.sum() == len(kaons) > 50
    expected = kaons.sum_over(np.sign(kaons.pid * kaons.pz))
    assert np.bincount(found.event[own], found.entry_weights[own], len(events)) == pytest.approx(
        expected
    )


def row(name, log_p, significant=True):
    return SimpleNamespace(
        observable=get(name), log_p=log_p, significant=significant, counts=True, deviation=0.0
    )


def test_a_spin_goes_before_a_spectrum_that_follows_from_it():
    spectrum, spin, balance = (
        row("pion_pair_mass", -137.0),
        row("tau_rho_fraction", -122.0),
        row("energy_balance", -900.0),
    )
    assert sorted((spectrum, balance, spin), key=rank) == [spin, spectrum, balance]
    # not before one that deviates far more, nor without being significant
    assert sorted((spin, row("pion_pair_mass", -300.0)), key=rank)[0].log_p == -300.0
    weak = row("tau_rho_fraction", -6.0, significant=False)
    assert sorted((weak, row("thrust", -8.0, False)), key=rank)[0].log_p == -8.0
