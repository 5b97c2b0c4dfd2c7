# SPDX-License-Identifier: GPL-3.0-or-later
"""Defects that the validation was not written for, tried by validation_power.py --further.

Each takes a chunk of events and a random generator, as the defects of that script do.
"""

from dataclasses import replace

import numpy as np

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.chunk import EventChunk

REMOVED = 3
"""HepMC status of a particle that a defect takes away from the final state."""


def _final(chunk: EventChunk, *pids: int) -> np.ndarray:
    return np.flatnonzero((chunk.status == 1) & np.isin(np.abs(chunk.pid), pids))


def _events(chunk: EventChunk) -> Events:
    return Events(chunk, np.ones(len(chunk)))


def _rapidity(chunk: EventChunk, index: np.ndarray) -> np.ndarray:
    """Signed rapidity along the thrust axis."""
    own, axis = chunk.select(index), _events(chunk).thrust.axis
    along = own.px * axis[own.event, 0] + own.py * axis[own.event, 1] + own.pz * axis[own.event, 2]
    return np.arctanh(np.clip(along / own.energy, -1 + 1e-15, 1 - 1e-15))


def _removed(chunk: EventChunk, index: np.ndarray) -> EventChunk:
    particles = chunk.particles.copy()
    particles["status"][index] = REMOVED
    return replace(chunk, particles=particles)


def faster_kaons(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Momenta of charged kaons 1% larger."""
    index, particles = _final(chunk, 321), chunk.particles.copy()
    mass2 = chunk.select(index).mass2
    for name in ("px", "py", "pz"):
        particles[name][index] *= 1.01
    square = sum(particles[name][index] ** 2 for name in ("px", "py", "pz"))
    particles["e"][index] = np.sqrt(square + np.maximum(mass2, 0.0))
    return replace(chunk, particles=particles)


def boosted(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Everything but the beams boosted along the beam by 0.2% of the speed of light."""
    particles, beta = chunk.particles.copy(), 0.002
    gamma, moved = 1.0 / np.sqrt(1.0 - beta**2), chunk.status != 4
    energy, pz = chunk.particles["e"], chunk.particles["pz"]
    particles["e"] = np.where(moved, gamma * (energy + beta * pz), energy)
    particles["pz"] = np.where(moved, gamma * (pz + beta * energy), pz)
    return replace(chunk, particles=particles)


def lost_neutrinos(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """10% of the neutrinos lost."""
    index = _final(chunk, 12, 14, 16)
    return _removed(chunk, index[random.random(len(index)) < 0.1])


def lost_forward(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """2% of the charged particles within 25 degrees of the beam lost."""
    index = np.flatnonzero((chunk.status == 1) & (chunk.species.three_charge != 0))
    own = chunk.select(index)
    forward = np.abs(own.pz / own.p) > 0.9
    return _removed(chunk, index[forward & (random.random(len(index)) < 0.02)])


def rapidity_hole(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """10% of the charged particles with 1 < |y_T| < 1.1 lost."""
    index = np.flatnonzero((chunk.status == 1) & (chunk.species.three_charge != 0))
    y = np.abs(_rapidity(chunk, index))
    return _removed(chunk, index[(y > 1.0) & (y < 1.1) & (random.random(len(index)) < 0.1)])


def doubled_pions(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """0.1% of the photons are copies of the pion that follows them in the record."""
    photons, pions = _final(chunk, 22), _final(chunk, 211)
    place = np.searchsorted(pions, photons)
    good = place < len(pions)
    photons, partner = photons[good], pions[place[good]]
    chosen = (chunk.event[photons] == chunk.event[partner]) & (random.random(len(photons)) < 1e-3)
    particles = chunk.particles.copy()
    particles[photons[chosen]] = particles[partner[chosen]]
    return replace(chunk, particles=particles)


def heavy_protons(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Energy of 0.5% of the protons 2% too large for their momentum."""
    index, particles = _final(chunk, 2212), chunk.particles.copy()
    particles["e"][index[random.random(len(index)) < 0.005]] *= 1.02
    return replace(chunk, particles=particles)


def wrong_vertices(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """2% of the K0S decay where they did not fly to, at the right distance."""
    index = np.flatnonzero((chunk.pid == 310) & (chunk.end_vertex >= 0))
    index = index[random.random(len(index)) < 0.02]
    positions = chunk.vertex_positions.copy()
    start = positions[chunk.production_vertex[index]]
    way = positions[chunk.end_vertex[index]] - start
    positions[chunk.end_vertex[index]] = start + way[:, [1, 2, 0, 3]]
    return replace(chunk, vertex_positions=positions)


def exchanged_charges(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """10% of the neighbours pi+ pi- in rapidity exchange their charges."""
    index = _final(chunk, 211)
    order = np.lexsort((_rapidity(chunk, index), chunk.event[index]))
    index = index[order]
    pid, event = chunk.pid[index], chunk.event[index]
    pair = np.flatnonzero((event[1:] == event[:-1]) & (pid[1:] == -pid[:-1]))
    pair = pair[random.random(len(pair)) < 0.1]
    pair = pair[np.diff(pair, prepend=-2) > 1]
    particles = chunk.particles.copy()
    for one in (pair, pair + 1):
        particles["pid"][index[one]] *= -1
    return replace(chunk, particles=particles)


def lost_compensation(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Azimuths around the thrust axis of 5% of the charged pions are random."""
    index = _final(chunk, 211)
    index = index[random.random(len(index)) < 0.05]
    axis = _events(chunk).thrust.axis[chunk.event[index]]
    p = np.stack([chunk.particles[n][index] for n in ("px", "py", "pz")], axis=1)
    angle = 2 * np.pi * random.random(len(index))[:, None]
    along = (p * axis).sum(axis=1, keepdims=True) * axis
    turned = along + np.cos(angle) * (p - along) + np.sin(angle) * np.cross(axis, p)
    particles = chunk.particles.copy()
    for i, name in enumerate(("px", "py", "pz")):
        particles[name][index] = turned[:, i]
    return replace(chunk, particles=particles)


def ordered_events(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Order a tenth of the events, in groups of ten, by descending thrust."""
    thrust = _events(chunk).thrust.value
    order = np.arange(len(chunk))
    for start in range(0, len(chunk) - 10, 10):
        if random.random() < 0.1:
            order[start : start + 10] = start + np.argsort(-thrust[start : start + 10])
    size = np.diff(chunk.offsets)[order]
    rows = np.concatenate([np.arange(*chunk.offsets[i : i + 2]) for i in order])
    return replace(
        chunk,
        offsets=np.concatenate(([0], np.cumsum(size))),
        particles=chunk.particles[rows],
        production_vertex=chunk.production_vertex[rows],
        end_vertex=chunk.end_vertex[rows],
        weights=chunk.weights[order],
        event_numbers=chunk.event_numbers[order],
    )


def wrong_signs(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Wrong sign of the weight in 5% of the events with 1 - T > 0.1."""
    chosen = (1.0 - _events(chunk).thrust.value > 0.1) & (random.random(len(chunk)) < 0.05)
    return replace(chunk, weights=np.where(chosen[:, None], -1.0, 1.0) * chunk.weights)


def asymmetric_decays(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """10% of the backward pi+ of K0S decays exchange their momentum with the pi-."""
    index = np.flatnonzero((chunk.pid == 310) & (chunk.end_vertex >= 0))
    parent, child = chunk.children(index)
    two = (np.bincount(parent, minlength=len(index)) == 2)[parent]
    plus, minus = (child[two & (chunk.pid[child] == pid)] for pid in (211, -211))
    # equal masses: the faster one in the laboratory is the forward one
    back = chunk.particles["e"][plus] < chunk.particles["e"][minus]
    back &= random.random(len(plus)) < 0.1
    particles = chunk.particles.copy()
    for name in ("px", "py", "pz", "e"):
        particles[name][plus[back]] = chunk.particles[name][minus[back]]
        particles[name][minus[back]] = chunk.particles[name][plus[back]]
    return replace(chunk, particles=particles)


def harder_bottom(chunk: EventChunk, _: np.random.Generator) -> EventChunk:
    """Weights that make b hadrons 1% harder."""
    events = _events(chunk)
    hadrons = events.weak_bottom
    x = 2.0 * hadrons.energy / events.energy_scale[hadrons.event]
    factor = 1.0 + 0.45 * hadrons.sum_over(x - 0.7)
    return replace(chunk, weights=factor[:, None] * chunk.weights)


def smeared_photons(chunk: EventChunk, random: np.random.Generator) -> EventChunk:
    """Energies of photons smeared by 3%."""
    index, particles = _final(chunk, 22), chunk.particles.copy()
    factor = 1.0 + 0.03 * random.standard_normal(len(index))
    for name in ("px", "py", "pz", "e"):
        particles[name][index] *= factor
    return replace(chunk, particles=particles)


CHANGES = {
    "K momenta + 1%": (faster_kaons, ("kaon_x",)),
    "boost by 0.2%": (boosted, ("cos_theta", "momentum_balance", "direction_map")),
    "10% of neutrinos lost": (lost_neutrinos, ("final_species", "energy_balance")),
    "2% of forward charged lost": (lost_forward, ("cos_theta", "direction_map", "beam_pt")),
    "rapidity hole": (rapidity_hole, ("thrust_rapidity",)),
    "0.1% of photons are pi twice": (doubled_pions, ("charge_balance", "pion", "like_sign")),
    "0.5% of p off their mass": (heavy_protons, ("wrong_masses",)),
    "2% of K0S vertices wrong": (wrong_vertices, ("flight_direction",)),
    "10% of neighbours' charges": (exchanged_charges, ("neighbour", "pion_pair", "like_sign")),
    "azimuths of 5% of pi random": (lost_compensation, ("azimuth_gap", "pion_pair", "balance")),
    "events in order": (ordered_events, ("_",)),
    "wrong sign of weights": (wrong_signs, ("thrust", "sphericity", "_", "weight")),
    "K0S decays asymmetric": (asymmetric_decays, ("short_kaon_decay",)),
    "b hadrons 1% harder": (harder_bottom, ("bottom_energy", "weight")),
    "photons smeared by 3%": (smeared_photons, ("photon", "energy_balance")),
}
SETTINGS = {
    "Bose-Einstein": ("HadronLevel:BoseEinstein = on", ("like_sign",)),
    "rho width + 5%": ("113:mWidth = 0.157", ("rho_mass", "pion_pair")),
    "no B mixing": ("ParticleDecays:mixB = off", ("_",)),
}
