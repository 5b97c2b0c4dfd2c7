# SPDX-License-Identifier: GPL-3.0-or-later
"""Defects of the record and of physics in any collision, tried by validation_power.py --broad.

As in sibling_defects.py: the change, the observables that name it, and a direct count.
"""

from dataclasses import replace

import numpy as np
from missed_defects import harder_particle, moved_strangeness
from sibling_defects import (
    MOMENTUM,
    Change,
    Count,
    _decayed,
    _events,
    _some,
    _with,
    heavier,
    mean_of,
    net,
    number_of,
    unmoved,
)

from mcsurrogate.analysis.selection import Events
from mcsurrogate.analysis.vertices import VertexBalances, VertexKind
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.validation.observables import get

Random = np.random.Generator

_HEAVY = (411, 421, 431, 511, 521, 531)


def _first(chunk: EventChunk, chosen: np.ndarray) -> np.ndarray:
    """First of the chosen particles of each event that has one."""
    index = np.flatnonzero(chosen)
    return index[np.unique(chunk.event[index], return_index=True)[1]]


def _anyone(chunk: EventChunk, chosen: np.ndarray, random: Random) -> np.ndarray:
    """Choose one of the chosen particles of each event that has one."""
    index = random.permutation(np.flatnonzero(chosen))
    return np.sort(index[np.unique(chunk.event[index], return_index=True)[1]])


def exchanged_charges(chunk: EventChunk, random: Random) -> EventChunk:
    """Exchange the charges of a pi+ and a pi- of 0.5% of the events."""
    pick = random.random(len(chunk)) < 5e-3
    final = (chunk.status == 1) & pick[chunk.event]
    plus, minus = (_anyone(chunk, final & (chunk.pid == pid), random) for pid in (211, -211))
    both = np.intersect1d(chunk.event[plus], chunk.event[minus])
    plus, minus = (x[np.isin(chunk.event[x], both)] for x in (plus, minus))
    return _with(_with(chunk, plus, pid=-211), minus, pid=211)


def lost_at_a_vertex(kind: VertexKind, share: float) -> Change:
    """One of the particles that come out of a vertex of a kind 5% softer, in some events."""

    def change(chunk: EventChunk, random: Random) -> EventChunk:
        balances = VertexBalances(chunk)
        own = np.zeros(chunk.n_vertices + 1, dtype=bool)
        own[balances._kept[balances.kind == kind]] = True
        # final particles would break the balance of the event as well
        chosen = own[chunk.production_vertex] & (chunk.status != 1)
        index = _some(_anyone(chunk, chosen, random), share, random)
        columns = {x: 0.95 * chunk.particles[x][index] for x in (*MOMENTUM, "e", "mass")}
        return _with(chunk, index, **columns)

    return change


def exchanged_parents(chunk: EventChunk, random: Random) -> EventChunk:
    """Two final hadrons of 2% of the events exchange the vertices that they come from."""
    pick = random.random(len(chunk)) < 0.02
    chosen = (chunk.status == 1) & chunk.species.hadron & pick[chunk.event]
    one = _anyone(chunk, chosen, random)
    chosen[one] = False
    other = _anyone(chunk, chosen, random)
    both = np.intersect1d(chunk.event[one], chunk.event[other])
    one, other = (x[np.isin(chunk.event[x], both)] for x in (one, other))
    production = chunk.production_vertex.copy()
    production[one], production[other] = chunk.production_vertex[other], production[one]
    return replace(chunk, production_vertex=production)


def conjugated(chunk: EventChunk, random: Random) -> EventChunk:
    """Hadrons and leptons that events end with are their antiparticles in 10% of them."""
    events = random.random(len(chunk)) < 0.1
    own = events[chunk.event] & ((chunk.status == 1) | (chunk.status == 2))
    own &= chunk.species.three_charge != 0
    return _with(chunk, np.flatnonzero(own), pid=-chunk.pid[own])


def _times(chunk: EventChunk, factor: np.ndarray) -> EventChunk:
    return replace(chunk, weights=factor[:, None] * chunk.weights)


def azimuth(chunk: EventChunk, _: Random) -> EventChunk:
    """Weights 1 + 0.15 cos(phi) of the hardest visible particle."""
    return _times(chunk, 1.0 + 0.15 * np.nan_to_num(cosine(_events(chunk))))


def cosine(events: Events) -> np.ndarray:
    """Cosine of the azimuth of the particle with the largest pT."""
    visible = events.visible.ordered_by(events.visible.pt)
    return np.cos(visible.take(visible.phi, 0))


def cut_tail(chunk: EventChunk, _: Random) -> EventChunk:
    """Nothing in events with a charged multiplicity 2.2 sigma above the mean."""
    number = _events(chunk).charged.counts
    return _times(chunk, np.where(number > number.mean() + 2.2 * number.std(), 0.0, 1.0))


def lost_particle(chunk: EventChunk, random: Random) -> EventChunk:
    """Take a final particle of 1% of the events away."""
    index = _some(_anyone(chunk, chunk.status == 1, random), 0.01, random)
    kept = np.ones(len(chunk.pid), dtype=bool)
    kept[index] = False
    counts = np.bincount(chunk.event[kept], minlength=len(chunk))
    return replace(
        chunk,
        particles=chunk.particles[kept],
        production_vertex=chunk.production_vertex[kept],
        end_vertex=chunk.end_vertex[kept],
        offsets=np.concatenate(([0], np.cumsum(counts))),
    )


def moved_events(shift: float, spread: float, share: float = 1.0) -> Change:
    """All vertices of events moved by so many mm along x, and by a normal number of mm in z."""

    def change(chunk: EventChunk, random: Random) -> EventChunk:
        n = len(chunk)
        way = np.zeros((n, 4))
        way[:, 0] = shift
        way[:, 2] = spread * random.standard_normal(n)
        way *= (random.random(n) < share)[:, None]
        owner = np.zeros(chunk.n_vertices, dtype=np.int64)
        for vertex in (chunk.production_vertex, chunk.end_vertex):
            owner[vertex[vertex >= 0]] = chunk.event[vertex >= 0]
        return replace(chunk, vertex_positions=chunk.vertex_positions + way[owner])

    return change


def moved_vertices(chunk: EventChunk, random: Random) -> EventChunk:
    """0.5% of the decays of short-lived hadrons 0.1 mm beside where they are made."""
    short = np.isin(np.abs(chunk.pid), (111, 113, 213, 221, 223, 313, 323, 413, 423))
    index = _some(np.flatnonzero(short & (chunk.end_vertex >= 0)), 5e-3, random)
    positions = chunk.vertex_positions.copy()
    positions[chunk.end_vertex[index], 1] += 0.1
    return replace(chunk, vertex_positions=positions)


def smeared_vertices(chunk: EventChunk, random: Random) -> EventChunk:
    """Decay vertices of K0S, Lambda and heavy hadrons smeared by 0.1 mm, 3% of them."""
    index = _some(_decayed(chunk, 310, 3122, *_HEAVY), 0.03, random)
    positions = chunk.vertex_positions.copy()
    positions[chunk.end_vertex[index], :3] += 0.1 * random.standard_normal((len(index), 3))
    return replace(chunk, vertex_positions=positions)


def stopped_clock(chunk: EventChunk, random: Random) -> EventChunk:
    """Decay vertices of 2% of the long-lived hadrons at the time of their production."""
    index = _some(_decayed(chunk, 310, 3122, *_HEAVY), 0.02, random)
    positions = chunk.vertex_positions.copy()
    positions[chunk.end_vertex[index], 3] = positions[chunk.production_vertex[index], 3]
    return replace(chunk, vertex_positions=positions)


def other_momentum_fractions(chunk: EventChunk, _: Random) -> EventChunk:
    """X of the first parton 5% larger."""
    info = chunk.pdf_info.copy()
    info[:, 2] *= 1.05
    return replace(chunk, pdf_info=info)


def other_partons(chunk: EventChunk, random: Random) -> EventChunk:
    """Parton ids of 1% of the events are those of a gluon pair, or of quarks."""
    info = chunk.pdf_info.copy()
    chosen = random.random(len(chunk)) < 0.01
    info[chosen, :2] = np.where(info[chosen, :2] == 21, 1, 21)
    return replace(chunk, pdf_info=info)


def other_sign(chunk: EventChunk, random: Random) -> EventChunk:
    """Weights of 1% of the events have the wrong sign."""
    return _times(chunk, np.where(random.random(len(chunk)) < 0.01, -1.0, 1.0))


def more_bottom(chunk: EventChunk, _: Random) -> EventChunk:
    """Weights of the events with hadrons with b quarks 20% larger."""
    return _times(chunk, 1.0 + 0.2 * (_events(chunk).weak_bottom.counts > 0))


def other_copies(chunk: EventChunk, random: Random) -> EventChunk:
    """Status of 0.2% of all particles that the generator numbers is that of a documentation."""
    index = _some(np.flatnonzero(chunk.status > 10), 2e-3, random)
    return _with(chunk, index, status=3)


def heavier_by(pids: tuple[int, ...], shift: float) -> Change:
    """Decayed particles heavier by so many GeV, with their decay products made to fit."""

    def change(chunk: EventChunk, _: Random) -> EventChunk:
        index = _decayed(chunk, *pids)
        own = chunk.particles[index]
        mass = chunk.select(index).mass
        square = sum(own[name] ** 2 for name in MOMENTUM)
        return _with(chunk, index, e=np.sqrt(square + (mass + shift) ** 2), mass=mass + shift)

    return change


def vertices_moved(events: Events) -> np.ndarray:
    """X of the first vertex."""
    chunk = events.chunk
    first = _first(chunk, chunk.status == 4)
    out = np.full(len(events), np.nan)
    out[chunk.event[first]] = chunk.vertex_positions[chunk.end_vertex[first], 0]
    return out


def score(line: int) -> Count:
    """Sum of the derivatives of the log of a line by its place."""

    def count(events: Events) -> np.ndarray:
        found = get("line_shapes").values(events)
        assert found.entry_weights is not None
        assert found.event is not None
        own = found.values.astype(int) == 2 * line
        return np.bincount(found.event[own], found.entry_weights[own], minlength=len(events))

    return count


CHANGES: dict[str, tuple[Change, tuple[str, ...], Count]] = {
    "0.5%: charges exchanged": (
        exchanged_charges,
        ("vertex_charge",),
        number_of("vertex_charge"),
    ),
    "0.5%: a decay loses": (
        lost_at_a_vertex(VertexKind.DECAY, 5e-3),
        ("decay_balance",),
        number_of("decay_balance"),
    ),
    "0.5%: hadronization loses": (
        lost_at_a_vertex(VertexKind.HADRONIZATION, 5e-3),
        ("hadronization_balance",),
        number_of("hadronization_balance"),
    ),
    "0.5%: a shower loses": (
        lost_at_a_vertex(VertexKind.SHOWER, 5e-3),
        ("shower_balance",),
        number_of("shower_balance"),
    ),
    "0.5%: a resonance loses": (
        lost_at_a_vertex(VertexKind.RESONANCE, 5e-3),
        ("resonance_balance",),
        number_of("resonance_balance"),
    ),
    "0.5%: 10% too hard": (harder_particle, ("_balance",), number_of("decay_balance")),
    "2%: parents exchanged": (
        exchanged_parents,
        ("decay_balance", "vertex_charge", "mothers", "hadronization_balance"),
        number_of("decay_balance"),
    ),
    "5% of taus do not fly": (unmoved(15, share=0.05), ("no_flight",), number_of("no_flight")),
    "1% of K0S do not fly": (unmoved(310, share=0.01), ("no_flight",), number_of("no_flight")),
    "1% of Lambda do not fly": (unmoved(3122, share=0.02), ("no_flight",), number_of("no_flight")),
    "5% of B do not fly": (
        unmoved(511, 521, 531, share=0.05),
        ("no_flight",),
        number_of("no_flight"),
    ),
    "5% of D do not fly": (
        unmoved(411, 421, 431, share=0.05),
        ("no_flight",),
        number_of("no_flight"),
    ),
    "pi0 1 MeV heavier": (heavier(111, 1.0074), ("off_line",), number_of("off_line")),
    "K* 5 MeV heavier": (
        heavier_by((313, 323), 0.005),
        ("line_shapes", "k_star_mass"),
        score(1),
    ),
    "phi 1 MeV heavier": (
        heavier_by((333,), 0.001),
        ("line_shapes", "phi_meson_line"),
        score(4),
    ),
    "Z 0.3 GeV heavier": (
        heavier_by((23,), 0.3),
        ("line_shapes", "z_boson_line"),
        score(8),
    ),
    "D* 1 MeV heavier": (heavier_by((413,), 0.001), ("off_line",), number_of("off_line")),
    "10% conjugated": (conjugated, ("net_species", "vertex_charge", "charge_balance"), net(321)),
    "azimuth not uniform": (azimuth, ("phi", "azimuth", "direction"), cosine),
    "multiplicity cut": (cut_tail, ("number", "multiplicity"), lambda e: e.charged.counts * 1.0),
    "1%: one particle missing": (
        lost_particle,
        ("_balance", "final_species"),
        number_of("decay_balance"),
    ),
    "0.1 mm aside": (moved_events(0.1, 0.0), ("vertex",), vertices_moved),
    "1%: 0.1 mm aside": (moved_events(0.1, 0.0, 0.01), ("vertex",), vertices_moved),
    "z smeared by 0.1 mm": (moved_events(0.0, 0.1), ("vertex",), vertices_moved),
    "0.5% of short decays moved": (moved_vertices, ("too_far", "flight"), number_of("mothers")),
    "3% of vertices smeared": (smeared_vertices, ("flight_",), number_of("flight_speed")),
    "2% of clocks stopped": (stopped_clock, ("flight_speed",), number_of("flight_speed")),
    "x1 5% larger": (other_momentum_fractions, ("parton_",), lambda e: e.chunk.pdf_info[:, 2]),
    "1%: other partons": (
        other_partons,
        ("parton_",),
        lambda e: (e.chunk.pdf_info[:, 0] == 21) * 1.0,
    ),
    "1%: weights' sign": (other_sign, ("weight",), lambda e: (e.weights < 0.0) * 1.0),
    "b events 20% more": (
        more_bottom,
        ("bottom", "b_", "net_species", "hemisphere_pairs", "mothers", "decay_products"),
        lambda e: (e.weak_bottom.counts > 0) * 1.0,
    ),
    "0.2% of statuses are 3": (
        other_copies,
        ("status",),
        lambda e: np.bincount(e.chunk.event[e.chunk.status == 3], minlength=len(e)) * 1.0,
    ),
    "strangeness across": (
        moved_strangeness,
        ("hemisphere", "kaon"),
        mean_of("hemisphere_strangeness"),
    ),
}
