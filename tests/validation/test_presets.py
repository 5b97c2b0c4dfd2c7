# SPDX-License-Identifier: GPL-3.0-or-later
"""Which preset fits which events, and its observables on events made by hand."""

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get, preset
from mcsurrogate.validation.observables.presets import detect

PROTONS = ((2212, 6500.0), (2212, -6500.0))


def made(path, beams, *events):
    """Events with beams (pid, pz) -> particles (pid, px, py, pz, status)."""
    with pyhepmc.open(str(path), "w") as file:
        for particles in events:
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            vertex = pyhepmc.GenVertex()
            for pid, pz in beams:
                vertex.add_particle_in(pyhepmc.GenParticle((0.0, 0.0, pz, abs(pz)), pid, 4))
            for pid, px, py, pz, status in particles:
                energy = float(np.sqrt(px**2 + py**2 + pz**2))
                out = pyhepmc.GenParticle((px, py, pz, energy), pid, status)
                vertex.add_particle_out(out)
                if status == 2:
                    decay = pyhepmc.GenVertex()
                    decay.add_particle_in(out)
                    decay.add_particle_out(pyhepmc.GenParticle((px, py, pz, energy), 22, 1))
                    event.add_vertex(decay)
            event.add_vertex(vertex)
            event.weights = [1.0]
            file.write(event)
    chunk = next(EventFile(path).chunks())
    return Events(chunk, np.ones(len(chunk)))


def values(name, events):
    return get(name).values(events).values


SOFT = (211, 1.0, 0.0, 0.0, 1)
HARD = (211, 100.0, 0.0, 0.0, 1)


@pytest.mark.parametrize(
    ("beams", "particles", "name", "told"),
    [
        (((11, 45.0), (-11, -45.0)), (SOFT,), "ee_z", ""),
        (((14, 45.0), (-14, -45.0)), (SOFT,), "ee_z", "-14, 14 were taken for electrons"),
        (((11, 27.5), (2212, -920.0)), (SOFT,), "ep_dis", ""),
        (((1000822080, 5e5), (2212, -6500.0)), (SOFT,), "heavy_ion", ""),
        (PROTONS, (SOFT,), "pp_soft", ""),
        (PROTONS, (HARD,), "pp_jets", ""),
        (PROTONS, (HARD, (23, 0.0, 1.0, 0.0, 2)), "pp_boson", ""),
        (PROTONS, (HARD, (25, 0.0, 1.0, 0.0, 2), (24, 0.0, 1.0, 0.0, 2)), "pp_higgs", ""),
        (PROTONS, (HARD, (6, 0.0, 1.0, 0.0, 2), (25, 0.0, 1.0, 0.0, 2)), "pp_top", ""),
        (((22, 100.0), (22, -100.0)), (HARD,), "pp_jets", "beams 22 were taken for protons"),
    ],
)
def test_beams_and_particles_choose(beams, particles, name, told, tmp_path):
    found, warning = detect(made(tmp_path / "a.hepmc", beams, particles))
    assert found == name
    assert told in warning
    assert bool(told) == bool(warning)
    assert len(preset(name)) > 50


def test_scattering_of_a_lepton(tmp_path):
    """HERA: electron 27.5 GeV on proton 920 GeV, scattered by 90 degrees with 20 GeV."""
    beams = ((11, -27.5), (2212, 920.0))
    neutral, charged = ((pid, 20.0, 0.0, 0.0, 1) for pid in (11, 12))
    soft = (11, 0.0, 0.5, 0.0, 1)
    events = made(tmp_path / "a.hepmc", beams, (soft, neutral, SOFT), (charged, SOFT), (SOFT,))
    q2 = 2 * 27.5 * 20.0
    # massless: P.k = 2 E E_p, P.q = E_p (2 E - E' (1 - cos)), angles to the proton
    y = (2 * 27.5 - 20.0) / (2 * 27.5)
    x = q2 / (4 * 27.5 * 920.0 * y)
    for name, expected in (
        ("dis_q2", q2),
        ("dis_y", y),
        ("dis_x", x),
        ("dis_w", np.sqrt(q2 * (1 - x) / x)),
        ("scattered_lepton_energy", 20.0),
        ("scattered_lepton_kind", 1.5),
    ):
        assert values(name, events)[0] == pytest.approx(expected, rel=1e-6)
        assert np.isnan(values(name, events)[2])
    assert values("scattered_lepton_angle", events)[0] == pytest.approx(0.0, abs=1e-12)
    assert list(values("scattered_lepton_kind", events)[:2]) == [1.5, 0.5]


def test_gaps_regions_and_flow(tmp_path):
    at = [(211, np.cos(a), np.sin(a), 0.0, 1) for a in (0.0, np.pi / 2, np.pi, -np.pi / 2)]
    leading = (211, 2.0, 0.0, 0.0, 1)
    forward = (2212, 0.0, 0.0, 6400.0, 1)
    eta_3 = (211, 1.0, 0.0, np.sinh(3.0), 1)
    events = made(tmp_path / "a.hepmc", PROTONS, (leading, *at, eta_3, forward), (forward,))
    # from eta = -8.5 to 0
    assert values("rapidity_gap", events) == pytest.approx([8.5, 17.0])
    assert values("transverse_number", events)[0] == 2
    assert values("transverse_pt", events)[0] == pytest.approx(2.0)
    assert np.isnan(values("transverse_number", events)[1])
    assert values("leading_charged_pt", events)[0] == pytest.approx(2.0)
    assert values("proton_loss", events) == pytest.approx([1 - 6400 / 6500] * 2)
    angles = np.array([0.0, 0.0, np.pi / 2, np.pi, -np.pi / 2])
    pairs = [np.cos(2 * (a - b)) for i, a in enumerate(angles) for b in angles[:i]]
    assert values("elliptic_flow", events)[0] == pytest.approx(np.mean(pairs))


def test_bosons_and_their_leptons(tmp_path):
    z = (23, 30.0, 0.0, 0.0, 2)
    leptons = ((13, 40.0, 30.0, 0.0, 1), (-13, 40.0, -30.0, 0.0, 1))
    odd = ((13, 40.0, 30.0, 0.0, 1), (-11, 40.0, -30.0, 0.0, 1))
    neutrino = (12, 0.0, 20.0, 0.0, 1)
    events = made(tmp_path / "a.hepmc", PROTONS, (z, *leptons), (*odd, neutrino))
    assert values("z_boson_pt", events) == pytest.approx([30.0])
    assert values("dilepton_mass", events)[0] == pytest.approx(np.sqrt(100.0**2 - 80.0**2))
    assert np.isnan(values("dilepton_mass", events)[1])
    assert sorted(values("hard_lepton_pt", events)) == pytest.approx([50.0] * 4)
    mass = np.sqrt(2 * 50.0 * 20.0 * (1 - 0.6))
    heavier = np.sqrt(2 * 50.0 * 20.0 * (1 + 0.6))
    # equal momenta: either may lead
    assert values("transverse_mass", events)[1] in (pytest.approx(mass), pytest.approx(heavier))
