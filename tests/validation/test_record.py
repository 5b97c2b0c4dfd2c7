# SPDX-License-Identifier: GPL-3.0-or-later
"""What the event record keeps: vertices, rules, flights and masses, each with a planted defect."""

from dataclasses import replace

import numpy as np
import pytest

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.comparison import compare
from mcsurrogate.validation.observables import get, preset
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.sample import Reading, Sample, fill_sample
from mcsurrogate.validation.verdict import Tolerance, Verdict

CLEAN = ("decay_balance", "vertex_charge", "record_rules", "no_flight", "off_line", "too_far")
MOMENTUM = ("px", "py", "pz", "e")


@pytest.fixture(scope="module")
def chunk(z_files):
    return next(EventFile(z_files[0], max_events=100).chunks())


def seen(chunk):
    return Events(chunk, np.ones(len(chunk)))


def values(name, chunk):
    return get(name).values(seen(chunk))


def named(name, chunk):
    observable = get(name)
    return [observable.categories[int(slot)] for slot in observable.values(seen(chunk)).values]


def changed(chunk, index, **columns):
    particles = chunk.particles.copy()
    for name, new in columns.items():
        particles[name][index] = new
    return replace(chunk, particles=particles)


def decayed(chunk, pid):
    return np.flatnonzero((chunk.pid == pid) & (chunk.end_vertex >= 0))


@pytest.mark.parametrize("name", CLEAN)
def test_a_sound_record_has_no_entries(name, chunk):
    assert len(values(name, chunk).values) == 0


def test_rounding_of_a_file_is_no_violation(chunk):
    """Nine digits, as HepMC2 files have: 1e-9 of the largest energy and more is lost."""
    particles = chunk.particles.copy()
    for name in MOMENTUM:
        particles[name] = [float(f"{x:.8e}") for x in particles[name]]
    rounded = replace(chunk, particles=particles)
    found = seen(rounded).vertex_balances
    assert found.imbalance[found.kind == 1].max() > 1e-8
    for name in ("decay_balance", "off_line"):
        assert len(values(name, rounded).values) == 0
    assert not values("energy_balance", rounded).values.any()
    assert not values("momentum_balance", rounded).values.any()


def test_a_harder_product_breaks_its_decay_and_its_event(chunk):
    product = chunk.children(decayed(chunk, 310)[:1])[1][0]
    own = chunk.particles[product]
    broken = changed(chunk, product, **{name: own[name] * (1.0 + 1e-6) for name in MOMENTUM})
    found = values("decay_balance", broken)
    assert list(found.event) == [chunk.event[product]]
    expected = 1e-6 * max(abs(own[name]) for name in MOMENTUM) / 91.2
    assert found.values[0] == pytest.approx(expected, rel=1e-3)
    energy = values("energy_balance", broken).values
    assert np.flatnonzero(energy) == [chunk.event[product]]


def test_exchanged_parents_break_both_vertices(chunk):
    first, second = decayed(chunk, 310)[:2], decayed(chunk, 3122)[:1]
    one, other = chunk.children(first[:1])[1][0], chunk.children(second)[1][0]
    production = chunk.production_vertex.copy()
    production[one], production[other] = production[other], production[one]
    broken = replace(chunk, production_vertex=production)
    assert len(values("decay_balance", broken).values) == 2
    both = values("vertex_charge", broken)
    assert set(both.event) <= {chunk.event[one], chunk.event[other]}
    assert both.values.sum() == 0.0


def test_flights_of_no_length_are_named(chunk):
    kaons = decayed(chunk, 310)[:3]
    positions = chunk.vertex_positions.copy()
    positions[chunk.end_vertex[kaons]] = positions[chunk.production_vertex[kaons]]
    assert named("no_flight", replace(chunk, vertex_positions=positions)) == ["$K^0_S$"] * 3


def test_masses_beside_their_line_are_named(chunk):
    pions = decayed(chunk, 111)[:4]
    own = chunk.particles[pions]
    heavier = np.sqrt(own["e"] ** 2 + 0.138**2 - 0.1349768**2)
    assert named("off_line", changed(chunk, pions, e=heavier)) == [r"$\pi^0$ heavier by 0.5%"] * 4
    little = np.sqrt(own["e"] ** 2 + 0.1349**2 - 0.1349768**2)
    assert named("off_line", changed(chunk, pions, e=little)) == [r"$\pi^0$ lighter by 0.02%"] * 4


def test_rules_of_hepmc(chunk):
    pion, photon = decayed(chunk, 111)[0], np.flatnonzero(chunk.status == 1)[0]
    assert named("record_rules", changed(chunk, pion, status=1)) == ["final, with an end vertex"]
    assert named("record_rules", changed(chunk, photon, status=2)) == [
        "decayed, without an end vertex"
    ]
    assert "not two beams" in named("record_rules", changed(chunk, 0, status=0))
    end = chunk.end_vertex.copy()
    end[pion] = -1
    assert named("record_rules", replace(chunk, end_vertex=end)) == [
        "decayed, without an end vertex", "vertex without incoming particles"
    ]  # fmt: skip


def test_status_codes_are_for_information(z_files):
    planner = Planner(observables=["status_codes", "charged_number"])
    reference = fill_sample(Reading(z_files[1], "b"), planner)
    candidate = Sample("a", reference.file, reference.plan)
    for part in EventFile(z_files[0]).chunks():
        partons = (part.status > 40) & (part.status < 60)
        other = changed(part, partons, status=71)
        candidate.fill(seen(other), part.first_event)
    found = compare(candidate, reference, Tolerance())
    assert found.verdict is Verdict.INDISTINGUISHABLE
    assert found.results[-1].observable.name == "status_codes"
    assert found.results[-1].log_p < -100.0


def test_decay_angles_follow_from_energies(top_file):
    """E = (E_W / 2) (1 + beta cos) of a massless fermion."""
    chunk = next(EventFile(top_file).chunks())
    events = seen(chunk)
    found = values("w_decay_angle", chunk)
    assert len(found.values) >= 30
    index = chunk.last_copies(np.abs(chunk.pid) == 24)
    parent, child = chunk.children(index)
    own = np.isin(np.abs(chunk.pid[child]), (1, 3, 5, 11, 13, 15))
    own &= (np.bincount(parent, minlength=len(index)) == 2)[parent]
    w, energy = chunk.select(index[parent[own]]), chunk.particles["e"][child[own]]
    expected = (2.0 * energy / w.energy - 1.0) / (w.p / w.energy)
    # masses of the fermions, at most 1.5 GeV of 40
    assert found.values == pytest.approx(expected, abs=0.03)
    product = values("top_spin_correlation", chunk).values
    cosines = values("top_helicity_angle", chunk)
    first = cosines.event[0]
    assert product[first] == pytest.approx(np.prod(cosines.values[cosines.event == first]))
    assert np.abs(cosines.values).max() <= 1.0
    assert len(events) == 20


def test_signs_are_those_of_charge_and_quark(chunk):
    kaons = values("kaon_signed_angle", chunk)
    minus = chunk.select((chunk.pid == -321) & (chunk.end_vertex < 0))
    assert len(minus) > 20
    for event, cosine in zip(minus.event[:20], (minus.pz / minus.p)[:20], strict=True):
        own = kaons.values[kaons.event == event]
        assert np.abs(own + cosine).min() < 1e-12
    net = values("net_species", chunk)
    slot = get("net_species").categories.index("$K^+$") + 0.5
    difference = (chunk.pid == 321).sum() - (chunk.pid == -321).sum()
    assert net.entry_weights[net.values == slot].sum() == difference


def test_all_are_in_the_presets():
    for name, own in (("ee_z", "kaon_signed_angle"), ("pp_top", "top_helicity_angle")):
        names = {o.name for o in preset(name)}
        assert {own, *CLEAN, "mothers", "decay_products", "tau_pion_fraction"} <= names


def test_status_codes_of_decayed_particles(chunk):
    kaons = decayed(chunk, 310)[:3]
    assert set(named("decayed_status", chunk)) == {"hadrons and tau: 2", "others: above 10"}
    third = named("decayed_status", changed(chunk, kaons, status=3))
    assert third.count("hadrons and tau: 3") == 3
    partons = np.flatnonzero((chunk.end_vertex >= 0) & (chunk.status > 10))[:5]
    third = named("decayed_status", changed(chunk, partons, status=3))
    assert third.count("others: 3") == 5
    seven = changed(chunk, kaons, status=7)
    assert named("decayed_status", seven).count("hadrons and tau: reserved") == 3
    assert named("record_rules", seven) == ["status that HepMC reserves"] * 3


def test_flights_that_go_back_in_time_or_too_slowly(chunk):
    kaons = decayed(chunk, 310)[:4]
    positions = chunk.vertex_positions.copy()
    start, stop = chunk.production_vertex[kaons], chunk.end_vertex[kaons]
    positions[stop[:2], 3] += positions[stop[:2], 3] - positions[start[:2], 3]
    positions[stop[2], 3] = positions[start[2], 3] - 1.0
    positions[stop[3], 3] = positions[start[3], 3]
    moved = replace(chunk, vertex_positions=positions)
    assert len(values("flight_speed", chunk).values) == 0
    slow = values("flight_speed", moved).values
    assert (np.abs(slow + 0.5) < 1e-6).sum() == 2
    assert slow.max() == 1e3
    assert "end vertex before the production vertex" in named("record_rules", moved)


def test_generated_masses_beside_the_momentum(chunk):
    pions = np.flatnonzero((chunk.pid == 211) & (chunk.status == 1))[:2]
    heavier = changed(chunk, pions, mass=1.01 * chunk.particles["mass"][pions])
    assert named("record_rules", heavier) == ["generated mass beside that of its momentum"] * 2
