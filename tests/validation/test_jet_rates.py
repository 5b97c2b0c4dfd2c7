# SPDX-License-Identifier: GPL-3.0-or-later
"""Jet rates: which partons are radiation, and their scales."""

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.analysis.radiation import radiation
from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get

PARTONS = {21, *range(1, 6)}


def is_parton(particle: pyhepmc.GenParticle) -> bool:
    return abs(particle.pid) in PARTONS


def is_hadron(particle: pyhepmc.GenParticle) -> bool:
    return abs(particle.pid) > 100 and abs(particle.pid) // 10 % 10 > 0


def naive(event: pyhepmc.GenEvent) -> list[float]:
    """Energies of quarks and gluons that are final or hadronize, and do not come from tops."""

    def from_top(particle: pyhepmc.GenParticle) -> bool:
        above = [particle]
        while above:
            above = [p for one in above for p in (one.parents if is_parton(one) else ())]
            if any(abs(p.pid) in (6, 24) for p in above):
                return True
        return False

    return [
        p.momentum.e
        for p in event.particles
        if is_parton(p)
        and (p.status == 1 or any(is_hadron(child) for child in p.children))
        and not from_top(p)
    ]


@pytest.fixture(scope="module", params=["hadrons", "partons"])
def file(request, top_file, top_pythia):
    """Top pairs with hadrons, and to the end of the shower."""
    return top_file if request.param == "hadrons" else top_pythia[0]


@pytest.fixture(scope="module")
def events(file):
    chunk = next(EventFile(file).chunks())
    return Events(chunk, np.ones(len(chunk)))


def test_radiation_is_what_no_top_decays_to(events, file):
    found = radiation(events.chunk)
    with pyhepmc.open(file) as opened:
        expected = [sorted(naive(event)) for event in opened]
    assert len(expected) == len(events) == 20
    assert all(expected)
    for number, energies in enumerate(expected):
        own = np.sort(found.energy[found.event == number])
        assert np.allclose(own, energies, rtol=1e-9)


def test_rates_fall_from_jet_to_jet(events):
    rates = [get(f"jet_rate_{n}{n + 1}").compute(events) for n in range(3)]
    assert np.isfinite(rates).all()
    # d_01 is the hardest scale at which a jet joins the beam
    partons = radiation(events.chunk)
    hardest = np.array([partons.pt[partons.event == i].max() for i in range(len(events))])
    assert (rates[0] > 0.9 * hardest).all()
    assert np.sqrt(events.radiation_scales[:, 0]) == pytest.approx(rates[0])


def test_events_without_partons_have_no_rates(z_files):
    chunk = next(EventFile(z_files[0]).chunks())
    chunk.particles["pid"][np.abs(chunk.particles["pid"]) < 6] = 12
    chunk.particles["pid"][chunk.particles["pid"] == 21] = 12
    bare = Events(chunk, np.ones(len(chunk)))
    assert np.isnan(get("jet_rate_01").compute(bare)).all()
