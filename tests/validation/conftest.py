# SPDX-License-Identifier: GPL-3.0-or-later
"""Small Pythia samples, generated once a session and written with pyhepmc.

They are made in Python, event by event, and so independently of the project's own native
event loop.
"""

from pathlib import Path

import pyhepmc
import pytest
import pythia8mc

TOP = ("Beams:eCM = 13000", "Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "PartonLevel:MPI = off")

TAU = (
    "Beams:idA = 11",
    "Beams:idB = -11",
    "Beams:eCM = 91.2",
    "WeakSingleBoson:ffbar2gmZ = on",
    "23:onMode = off",
    "23:onIfAny = 15",
)


def make_pythia(settings, seed):
    pythia = pythia8mc.Pythia("", False)
    for line in (*settings, "Print:quiet = on", "Random:setSeed = on", f"Random:seed = {seed}"):
        assert pythia.readString(line)
    assert pythia.init()
    return pythia


def to_hepmc(pythia, number, run_info):
    """Copy the event record, all copies and decays included."""
    record = pythia.event
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    event.run_info = run_info
    event.event_number = number
    particles = {}
    for i in range(1, record.size()):
        p = record[i]
        momentum = (p.px(), p.py(), p.pz(), p.e())
        particles[i] = pyhepmc.GenParticle(momentum, p.id(), p.statusHepMC())
        particles[i].generated_mass = p.m()
    ended = {}
    for i in range(1, record.size()):
        mothers = [m for m in sorted(record[i].motherList()) if m > 0]
        if not mothers:
            continue
        place = (record[i].xProd(), record[i].yProd(), record[i].zProd(), record[i].tProd())
        vertex = next((ended[m] for m in mothers if m in ended), None) or pyhepmc.GenVertex(place)
        for m in mothers:
            if m not in ended:
                ended[m] = vertex
                vertex.add_particle_in(particles[m])
        vertex.add_particle_out(particles[i])
    event.add_tree([particles[1], particles[2]])
    info = pythia.infoPython()
    section = pyhepmc.GenCrossSection()
    event.cross_section = section
    section.set_cross_section(info.sigmaGen() * 1e9, info.sigmaErr() * 1e9, number + 1, number + 1)
    event.weights = [info.weight(), 2.0 * info.weight()]
    return event


def write_sample(path, settings, events, seed):
    pythia = make_pythia(settings, seed)
    run_info = pyhepmc.GenRunInfo()
    run_info.weight_names = ["nominal", "double"]
    run_info.tools = [("Pythia", "8.317", f"seed = {seed}")]
    with pyhepmc.open(str(path), "w") as file:
        for number in range(events):
            while not pythia.next():
                pass
            file.write(to_hepmc(pythia, number, run_info))
    return path


@pytest.fixture(scope="session")
def z_files(tmp_path_factory, zpole) -> tuple[Path, Path]:
    """Two independent samples of 500 hadronic Z decays."""
    folder = tmp_path_factory.mktemp("z")
    return tuple(write_sample(folder / f"z{seed}.hepmc", zpole, 500, seed) for seed in (101, 102))


@pytest.fixture(scope="session")
def top_file(tmp_path_factory) -> Path:
    """20 top-pair events without multiparton interactions."""
    return write_sample(tmp_path_factory.mktemp("top") / "top.hepmc", TOP, 20, 103)


@pytest.fixture(scope="session")
def tau_file(tmp_path_factory) -> Path:
    """20 events e+ e- -> Z -> tau tau."""
    return write_sample(tmp_path_factory.mktemp("tau") / "tau.hepmc", TAU, 20, 106)


@pytest.fixture(scope="session")
def z_pythia(zpole):
    """Pythia for Z decays, for tests that ask Pythia's own analysis classes."""
    return make_pythia(zpole, 104)


@pytest.fixture(scope="session")
def top_pythia(tmp_path_factory):
    """20 top-pair events in a file, and what Pythia says of each hard process."""
    path = tmp_path_factory.mktemp("hard") / "top.hepmc"
    pythia = make_pythia((*TOP, "HadronLevel:all = off"), 105)
    run_info = pyhepmc.GenRunInfo()
    run_info.weight_names = ["nominal", "double"]
    rows = []
    with pyhepmc.open(str(path), "w") as file:
        for number in range(20):
            while not pythia.next():
                pass
            file.write(to_hepmc(pythia, number, run_info))
            info = pythia.infoPython()
            rows.append((info.x1(), info.x2(), info.mHat(), info.pTHat(), info.y()))
    return path, rows
