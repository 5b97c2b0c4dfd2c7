# SPDX-License-Identifier: GPL-3.0-or-later
"""Defects that earlier versions of the validation missed, tried by validation_power.py --missed.

Each takes a chunk of events and a random generator, as the defects of that script do.
"""

from dataclasses import replace

import numpy as np

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.chunk import EventChunk


def _scaled(chunk: EventChunk, index: np.ndarray, factor: float) -> EventChunk:
    """Momenta of particles times a factor, on their mass shell."""
    particles = chunk.particles.copy()
    mass2 = np.maximum(chunk.select(index).mass2, 0.0)
    for name in ("px", "py", "pz"):
        particles[name][index] *= factor
    square = sum(particles[name][index] ** 2 for name in ("px", "py", "pz"))
    particles["e"][index] = np.sqrt(square + mass2)
    return replace(chunk, particles=particles)


def harder_particle(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """One final-state particle 10% too hard in 0.5% of the events."""
    final = np.flatnonzero(chunk.status == 1)
    order = np.lexsort((random.random(len(final)), chunk.event[final]))
    events, first = np.unique(chunk.event[final][order], return_index=True)
    chosen = first[random.random(len(events)) < 0.005]
    return _scaled(chunk, np.sort(final[order][chosen]), 1.1)


def exchanged_parents(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Exchange the vertices that two final-state hadrons of an event come from, for 2% of them."""
    index = np.flatnonzero((chunk.status == 1) & chunk.species.hadron)
    index = index[random.random(len(index)) < 0.02]
    index = index[np.lexsort((random.random(len(index)), chunk.event[index]))]
    pair = np.flatnonzero(chunk.event[index[1:]] == chunk.event[index[:-1]])
    pair = pair[np.diff(pair, prepend=-2) > 1]
    production = chunk.production_vertex.copy()
    one, other = index[pair], index[pair + 1]
    production[one], production[other] = production[other], production[one]
    return replace(chunk, production_vertex=production)


def unmoved_kaons(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """1% of the K0S decay where they are made."""
    kaons = np.flatnonzero((chunk.pid == 310) & (chunk.end_vertex >= 0))
    kaons = kaons[random.random(len(kaons)) < 0.01]
    positions = chunk.vertex_positions.copy()
    positions[chunk.end_vertex[kaons]] = positions[chunk.production_vertex[kaons]]
    return replace(chunk, vertex_positions=positions)


def heavy_pions(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Neutral pions 3 MeV heavier than their photons."""
    index, particles = np.flatnonzero(chunk.pid == 111), chunk.particles.copy()
    square = sum(particles[name][index] ** 2 for name in ("px", "py", "pz"))
    particles["e"][index] = np.sqrt(square + (0.1349768 + 0.003) ** 2)
    particles["mass"][index] = 0.1349768 + 0.003
    return replace(chunk, particles=particles)


def _reflected(
    chunk: EventChunk, pid: int, share: float, random: np.random.Generator
) -> EventChunk:
    """Pairs of particle and antiparticle in order of pz, for a share of the events."""
    particles = chunk.particles.copy()
    last = chunk.last_copies(np.isin(chunk.pid, (pid, -pid)))
    for event in np.flatnonzero(random.random(len(chunk)) < share):
        own = last[chunk.event[last] == event]
        plus, minus = (own[chunk.pid[own] == one] for one in (pid, -pid))
        for one, other in zip(plus, minus, strict=False):
            if particles["pz"][one] < particles["pz"][other]:
                particles["pid"][one], particles["pid"][other] = -pid, pid
    return replace(chunk, particles=particles)


def forward_kaons(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """K+ put forward of K- in 20% of the events."""
    return _reflected(chunk, 321, 0.2, random)


def forward_charm(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """D0 put forward of their antiparticles in all events."""
    return _reflected(chunk, 421, 1.0, random)


def moved_strangeness(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Exchange the hemispheres of a K and a pi of one charge in 30% of the events."""
    events = Events(chunk, np.ones(len(chunk)))
    particles, axis = chunk.particles.copy(), events.thrust.axis
    for event in np.flatnonzero(random.random(len(chunk)) < 0.3):
        own = np.arange(*chunk.offsets[event : event + 2])
        own = own[chunk.status[own] == 1]
        p = np.stack([particles[name][own] for name in ("px", "py", "pz")], axis=1)
        side = p @ axis[event] > 0
        kaons = np.flatnonzero(np.abs(chunk.pid[own]) == 321)
        if not len(kaons):
            continue
        kaon = kaons[0]
        alike = chunk.pid[own] == np.sign(chunk.pid[own[kaon]]) * 211
        pions = np.flatnonzero(alike & (side != side[kaon]))
        if len(pions):
            nearest = pions[np.abs((p[pions] ** 2).sum(1) - (p[kaon] ** 2).sum()).argmin()]
            a, b = own[kaon], own[nearest]
            for name in ("px", "py", "pz"):
                particles[name][a], particles[name][b] = particles[name][b], particles[name][a]
            for i, mass in ((a, 0.493677), (b, 0.13957039)):
                square = sum(particles[name][i] ** 2 for name in ("px", "py", "pz"))
                particles["e"][i] = np.sqrt(square + mass**2)
    return replace(chunk, particles=particles)


def undecayed_status(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """0.05% of the decayed hadrons are called final."""
    particles = chunk.particles.copy()
    chosen = (chunk.status == 2) & chunk.species.hadron & (random.random(len(chunk.pid)) < 5e-4)
    particles["status"][chosen] = 1
    return replace(chunk, particles=particles)


def charged_vertices(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """pi+ and pi- of 1% of the events exchange their charges, wherever they come from."""
    particles = chunk.particles.copy()
    for event in np.flatnonzero(random.random(len(chunk)) < 0.01):
        own = np.arange(*chunk.offsets[event : event + 2])
        plus, minus = (own[(chunk.pid[own] == s * 211) & (chunk.status[own] == 1)] for s in (1, -1))
        if len(plus) and len(minus):
            particles["pid"][random.choice(plus)], particles["pid"][random.choice(minus)] = (
                -211,
                211,
            )
    return replace(chunk, particles=particles)


CHANGES = {
    "a particle 10% too hard": (harder_particle, ("balance",)),
    "2% exchanged parents": (exchanged_parents, ("decay_balance", "vertex_charge", "mothers")),
    "1% of K0S do not fly": (unmoved_kaons, ("no_flight",)),
    "pi0 3 MeV heavier": (heavy_pions, ("off_line", "line_shift")),
    "K+ forward of K-": (forward_kaons, ("kaon_signed",)),
    "D0 forward": (forward_charm, ("charm_signed",)),
    "strangeness across": (moved_strangeness, ("hemisphere", "kaon")),
    "0.05% decayed are final": (undecayed_status, ("record_rules", "final_species", "balance")),
    "1%: charges exchanged": (charged_vertices, ("vertex_charge",)),
}
SETTINGS = {
    "pi0 of 138 MeV": ("111:m0 = 0.13798", ("off_line", "line_shift", "photon_pair")),
    "unpolarised taus": ("TauDecays:mode = 0", ("tau_",)),
}
