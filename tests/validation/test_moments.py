# SPDX-License-Identifier: GPL-3.0-or-later
"""Lives, spins, shares of halves, lepton numbers, masses: each with a planted defect."""

from dataclasses import replace

import numpy as np
import pytest

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get, preset

MOMENTUM = ("px", "py", "pz")


@pytest.fixture(scope="module")
def chunk(z_files):
    return next(EventFile(z_files[0], max_events=100).chunks())


@pytest.fixture(scope="module")
def top(top_file):
    return next(EventFile(top_file).chunks())


@pytest.fixture(scope="module")
def taus(tau_file):
    return next(EventFile(tau_file).chunks())


def seen(chunk):
    return Events(chunk, np.ones(len(chunk)))


def sums(name, chunk):
    """Sum of the entries of each category."""
    observable, found = get(name), get(name).values(seen(chunk))
    weights = np.ones(len(found.values)) if found.entry_weights is None else found.entry_weights
    total = np.bincount(found.values.astype(int), weights, minlength=len(observable.categories))
    return dict(zip(observable.categories, total, strict=True))


def changed(chunk, index, **columns):
    particles = chunk.particles.copy()
    for name, new in columns.items():
        particles[name][index] = new
    return replace(chunk, particles=particles)


def mirrored(chunk):
    """Everything reflected at the plane of beam and y axis."""
    everything = np.arange(len(chunk.pid))
    return changed(chunk, everything, px=-chunk.particles["px"])


def test_longer_lives_are_seen_by_species(chunk):
    kaons = np.flatnonzero((chunk.pid == 310) & (chunk.end_vertex >= 0))
    positions = chunk.vertex_positions.copy()
    start, stop = chunk.production_vertex[kaons], chunk.end_vertex[kaons]
    positions[stop] += 0.1 * (positions[stop] - positions[start])
    other = replace(chunk, vertex_positions=positions)
    before, after = sums("mean_lives", chunk), sums("mean_lives", other)
    lives = before["$K^0_S$"] + len(kaons)
    assert len(kaons) > 50
    assert after["$K^0_S$"] - before["$K^0_S$"] == pytest.approx(0.1 * lives, rel=1e-6)
    assert after[r"$\Lambda$"] == before[r"$\Lambda$"] != 0.0


def test_moments_are_those_of_the_decay_angles(chunk):
    found = sums("decay_moments", chunk)
    for label, name in ((r"$\rho^0$", "rho_decay_angle"),):
        cosine = get(name).values(seen(chunk)).values
        assert len(cosine) > 5
        assert found[f"{label} along the flight"] == pytest.approx(cosine.sum(), abs=1e-4)
        aligned = (1.5 * cosine**2 - 0.5).sum()
        assert found[f"{label} aligned"] == pytest.approx(aligned, abs=1e-4)


def test_a_mirror_turns_what_is_across_the_flight_alone(chunk):
    before, after = sums("decay_moments", chunk), sums("decay_moments", mirrored(chunk))
    assert abs(before[r"$\Lambda$ across the flight"]) > 1e-3
    for name, value in before.items():
        sign = -1.0 if "across" in name else 1.0
        assert after[name] == pytest.approx(sign * value, abs=1e-9), name


def test_shares_of_hemispheres(chunk):
    found = get("hemisphere_shares").values(seen(chunk))
    charged = get("hemisphere_shares").categories.index("charged particles")
    own = found.values.astype(int) == charged
    particles = seen(chunk).charged
    axis = seen(chunk).thrust.axis
    for event in range(10):
        mine = np.flatnonzero(particles.event == event)
        momenta = np.stack((particles.px, particles.py, particles.pz), axis=1)[mine]
        one = (momenta @ axis[event] > 0).sum()
        other = len(mine) - one
        weight = found.entry_weights[own & (found.event == event)]
        assert weight == pytest.approx([((one - other) / (one + other)) ** 2])


def test_spins_of_tops_to_their_flight_are_the_helicity_angles(top):
    found = get("top_spin_matrix").values(seen(top))
    names = get("top_spin_matrix").categories
    slot = found.values.astype(int)
    angle = get("top_helicity_angle").values(seen(top))
    both = found.entry_weights[
        np.isin(slot, (names.index("$B(t, k)$"), names.index(r"$B(\bar t, k)$")))
    ]
    assert len(both) >= 30
    assert np.sort(both) == pytest.approx(np.sort(angle.values), abs=1e-8)
    product = get("top_spin_correlation").values(seen(top)).values
    correlation = found.entry_weights[slot == names.index("$C(k, k)$")]
    assert correlation == pytest.approx(product[np.isfinite(product)], abs=1e-8)


def test_axes_of_top_spins_are_complete_and_turn_in_a_mirror(top):
    """The three cosines are those of one direction; in a mirror that to the normal turns."""
    before, after = (get("top_spin_matrix").values(seen(one)) for one in (top, mirrored(top)))
    names = get("top_spin_matrix").categories
    slot = before.values.astype(int)
    cosines = [before.entry_weights[slot == names.index(f"$B(t, {axis})$")] for axis in "krn"]
    assert (np.array(cosines) ** 2).sum(axis=0) == pytest.approx(1.0)
    for axis, sign in zip("krn", (1.0, 1.0, -1.0), strict=True):
        own = slot == names.index(f"$B(t, {axis})$")
        assert after.entry_weights[own] == pytest.approx(sign * before.entry_weights[own], abs=1e-8)


def test_collins_soper_angle_of_a_z_along_the_beam(chunk):
    """Without transverse momentum the axis is the beam, as the Z flies."""
    particles = chunk.particles.copy()
    boost = np.where(chunk.event % 2 == 0, 0.3, -0.3)
    gamma = 1.0 / np.sqrt(1.0 - 0.09)
    e, pz = particles["e"].copy(), particles["pz"].copy()
    particles["e"], particles["pz"] = gamma * (e + boost * pz), gamma * (pz + boost * e)
    # electrons radiate: these Z bosons have no transverse momentum before
    moved = seen(replace(chunk, particles=particles))
    plain, found = get("z_decay_angle").values(moved), get("z_collins_soper").values(moved)
    assert len(found.values) == len(plain.values) > 50
    side = np.where(found.event % 2 == 0, 1.0, -1.0)
    assert found.values == pytest.approx(side * plain.values, abs=1e-6)


def test_lepton_numbers_of_decays(top, taus):
    for one in (top, taus):
        assert not any(sums("vertex_lepton_number", one).values())
        neutrinos = np.flatnonzero((np.abs(one.pid) == 12) & (one.status == 1))[:1]
        other = changed(one, neutrinos, pid=14 * np.sign(one.pid[neutrinos]))
        assert sums("vertex_lepton_number", other) == {"$e$": 1.0, r"$\mu$": 1.0, r"$\tau$": 0.0}


def test_tau_decays_by_direction_and_plane(taus):
    share = get("tau_forward_fraction").values(seen(taus))
    assert len(share.values) == 40
    turned = changed(taus, np.arange(len(taus.pid)), pz=-taus.particles["pz"])
    again = get("tau_forward_fraction").values(seen(turned))
    assert again.values == pytest.approx(-share.values)
    planes = get("tau_planes").values(seen(taus)).values
    assert np.isfinite(planes).sum() == 20
    assert np.abs(planes).max() <= 1.0 + 1e-9
    assert get("tau_planes").values(seen(mirrored(taus))).values == pytest.approx(planes)
    # turn the products of the positive tau by 180 degrees around the beam
    assert planes.min() < -0.5 < 0.5 < planes.max()


def test_masses_of_final_and_of_other_hadrons(chunk):
    pions = np.flatnonzero((np.abs(chunk.pid) == 211) & (chunk.status == 1))[:5]
    own = chunk.particles[pions]
    assert not any(sums("final_masses", chunk).values())
    heavier = np.sqrt(own["e"] ** 2 + 0.1396**2 - 0.13957039**2)
    assert sums("final_masses", changed(chunk, pions, e=heavier))[
        r"$\pi^\pm$ heavier by 0.02%"
    ] == len(pions)
    stars = chunk.last_copies((np.abs(chunk.pid) == 433) & (chunk.end_vertex >= 0))
    assert len(stars) > 2
    own = chunk.particles[stars]
    heavier = np.sqrt(own["e"] ** 2 + (own["mass"] + 0.02) ** 2 - own["mass"] ** 2)
    before, after = (
        sums("other_lines", one)["other hadrons with charm heavier by 0.5%"]
        for one in (chunk, changed(chunk, stars, e=heavier, mass=own["mass"] + 0.02))
    )
    assert after - before == len(stars)


def test_slow_and_bent_flights_beyond_rounding(chunk):
    kaons = np.flatnonzero((chunk.pid == 310) & (chunk.end_vertex >= 0))
    start, stop = chunk.production_vertex[kaons], chunk.end_vertex[kaons]
    slow, bent = chunk.vertex_positions.copy(), chunk.vertex_positions.copy()
    way = slow[stop] - slow[start]
    assert not len(get("flight_speed").values(seen(chunk)).values)
    assert not get("flight_direction").values(seen(chunk)).values.any()
    slow[stop, 3] += 5e-3 * way[:, 3]
    late = get("flight_speed").values(seen(replace(chunk, vertex_positions=slow))).values
    assert (late < -4e-3).sum() == pytest.approx(len(kaons), abs=2)
    bent[stop, 0] -= 3e-3 * way[:, 1]
    bent[stop, 1] += 3e-3 * way[:, 0]
    turned = get("flight_direction").values(seen(replace(chunk, vertex_positions=bent))).values
    assert (turned > 1e-4).sum() >= len(kaons) - 2
    digits = np.array([[float(f"{x:.8e}") for x in row] for row in chunk.vertex_positions])
    rounded = seen(replace(chunk, vertex_positions=digits))
    assert not len(get("flight_speed").values(rounded).values)
    assert not get("flight_direction").values(rounded).values.any()


def test_harder_particles_than_antiparticles(chunk):
    before = sums("net_species_momentum", chunk)["$K^+$"]
    kaons = np.flatnonzero((chunk.pid == 321) & (chunk.status == 1))
    own = chunk.particles[kaons]
    harder = changed(chunk, kaons, **{x: 1.1 * own[x] for x in MOMENTUM})
    momentum = np.sqrt(sum(own[x] ** 2 for x in MOMENTUM))
    expected = 0.1 * 2.0 * momentum.sum() / 91.2
    assert sums("net_species_momentum", harder)["$K^+$"] - before == pytest.approx(expected)
    names = {o.name for o in preset("pp_top")}
    assert {"net_species_outward", "net_species_transverse", "top_spin_matrix"} <= names


def test_particles_without_energy_break_a_rule(chunk):
    photon = np.flatnonzero((chunk.pid == 22) & (chunk.status == 1))[:1]
    ghost = changed(chunk, photon, e=0.0, px=0.0, py=0.0, pz=0.0)
    assert sums("record_rules", ghost)["final, without energy"] == 1.0
    assert sums("record_rules", chunk)["final, without energy"] == 0.0


def test_rings_hold_what_cones_do_not(chunk):
    """Photons with one charged particle at 0.3 radian."""
    events = seen(chunk)
    cone, ring = (get(f"photon_surrounding_{x}").values(events) for x in ("cone", "ring"))
    photon = events.final.where((events.final.pid == 22) & (events.final.energy > 0.2))
    charged = events.charged.where(events.charged.energy > 0.2)
    assert len(ring.values) == len(photon) == len(cone.values)
    for i in range(0, len(photon), 97):
        own = np.flatnonzero(charged.event == photon.event[i])
        a = np.array([photon.px[i], photon.py[i], photon.pz[i]]) / photon.p[i]
        b = np.stack((charged.px, charged.py, charged.pz), axis=1)[own] / charged.p[own, None]
        gap = np.arccos(np.clip(b @ a, -1.0, 1.0))
        inside = (gap > 0.2) & (gap < 0.4)
        expected = charged.energy[own][inside].sum() / photon.energy[i]
        assert ring.values[i] == pytest.approx(expected)
