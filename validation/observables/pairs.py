# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbours in phase space, and decays as the record has them.

What spectra and yields of single particles do not see: Bose-Einstein enhancement, the order of
charges along a string, compensation of transverse momentum, widths of resonances, angles of decays.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import azimuth_difference
from mcsurrogate.validation.observables.correlation import (
    on_shell_energy,
    pairs,
    thrust_rapidity,
)
from mcsurrogate.validation.observables.registry import Section, linear, of_particles, register

__all__ = ["DECAY", "PAIR", "pairs_within"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_PION = 0.13957039
_OWN_ANTIPARTICLE = (113, 310)
_RHO = (0.28, *linear(0.4, 1.15, 30), 1.4)
_K_STAR = (0.63, *linear(0.75, 1.05, 24), 1.2)
_NEAR = 0.5
"""Rapidity difference of pions whose azimuths are compared."""

_correlation = Section("correlation")


def pairs_within(particles: Particles) -> tuple[IntArray, IntArray]:
    """Positions of all pairs of different particles of the same event, each pair once."""
    later = particles.counts[particles.event] - particles.rank - 1
    first = np.repeat(np.arange(len(particles)), later)
    begins = np.concatenate(([0], np.cumsum(later)))[:-1]
    return first, first + 1 + np.arange(len(first)) - np.repeat(begins, later)


def _masses2(particles: Particles) -> tuple[FloatArray, IntArray]:
    """Squared masses of all pairs, and their events."""
    i, j = pairs_within(particles)
    energy = on_shell_energy(particles)
    square = (energy[i] + energy[j]) ** 2
    for component in (particles.px, particles.py, particles.pz):
        square -= (component[i] + component[j]) ** 2
    return np.maximum(square, 0.0), particles.event[i]


def _like_sign(events: Events) -> Values:
    """Q = sqrt(m^2 - 4 m_pi^2) of pions of one charge."""
    both = [_masses2(events.final.where(events.final.pid == pid)) for pid in (211, -211)]
    square = np.concatenate([mass2 for mass2, _ in both]) - 4.0 * _PION**2
    return Values(np.sqrt(np.maximum(square, 0.0)), np.concatenate([event for _, event in both]))


def _photon_pairs(events: Events) -> Values:
    square, event = _masses2(events.final.where(events.final.pid == 22))
    return Values(np.sqrt(square), event)


def _neighbours(events: Events) -> Values:
    """Rapidity gap of charged particles that follow one another, with the sign of q q'."""
    charged = events.charged
    rapidity = thrust_rapidity(charged, events)
    order = np.lexsort((rapidity, charged.event))
    event, rapidity = charged.event[order], rapidity[order]
    sign = np.sign(charged.species.three_charge[order].astype(np.float64))
    same = event[1:] == event[:-1]
    gap = (rapidity[1:] - rapidity[:-1]) * sign[1:] * sign[:-1]
    return Values(gap[same], event[1:][same])


def _across(particles: Particles, events: Events) -> FloatArray:
    """Azimuth around the thrust axis, from an arbitrary but common direction."""
    axis = events.thrust.axis
    # the coordinate axis that lies furthest from the thrust axis
    helper = np.eye(3)[np.abs(axis).argmin(axis=1)]
    first = np.cross(axis, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(axis, first)
    momentum = np.stack((particles.px, particles.py, particles.pz), axis=1)
    x, y = ((momentum * basis[particles.event]).sum(axis=1) for basis in (first, second))
    azimuth: FloatArray = np.arctan2(y, x)
    return azimuth


def _azimuth_gap(events: Events) -> Values:
    final = events.final
    plus, minus = (final.where(final.pid == pid) for pid in (211, -211))
    i, j = pairs(plus, minus)
    near = thrust_rapidity(plus, events)[i] - thrust_rapidity(minus, events)[j]
    turn = azimuth_difference(_across(plus, events)[i], _across(minus, events)[j])
    chosen = np.abs(near) < _NEAR
    return Values(np.abs(turn[chosen]), plus.event[i][chosen])


def _decay_angle(parent: int, daughter: int, other: int) -> Callable[[Events], Values]:
    """Cosine of the angle between a daughter in the rest frame of both and their flight.

    From energies alone: E_d = (E E*_d + p p* cos) / M, with the sum of the daughters as parent,
    so that momenta which do not add up to the parent's give an angle still.
    """

    def compute(events: Events) -> Values:
        chunk = events.chunk
        values, event = [], []
        for sign in (1,) if parent in _OWN_ANTIPARTICLE else (1, -1):
            index = np.flatnonzero((chunk.pid == sign * parent) & (chunk.end_vertex >= 0))
            number, child = chunk.children(index)
            two = np.bincount(number, minlength=len(index)) == 2
            slots = []
            for pid in (sign * daughter, sign * other):
                slot = np.full(len(index), -1)
                own = two[number] & (chunk.pid[child] == pid)
                slot[number[own]] = child[own]
                slots.append(slot)
            good = (slots[0] >= 0) & (slots[1] >= 0)
            first, second = (chunk.select(slot[good]) for slot in slots)
            square = (
                (first.px + second.px) ** 2
                + (first.py + second.py) ** 2
                + (first.pz + second.pz) ** 2
            )
            total = first.energy + second.energy
            with np.errstate(divide="ignore", invalid="ignore"):
                mass = np.sqrt(total**2 - square)
                energy = (mass**2 + first.mass2 - second.mass2) / (2.0 * mass)
                momentum = np.sqrt(np.maximum(energy**2 - first.mass2, 0.0))
                cosine = (first.energy * mass - total * energy) / np.sqrt(square) / momentum
            values.append(np.clip(cosine, -1.0, 1.0 - 1e-12))
            event.append(first.event)
        return Values(np.concatenate(values), np.concatenate(event))

    return compute


def _resonance_mass(pid: int) -> Callable[[Events], Values]:
    def compute(events: Events) -> Values:
        chosen = events.last_copies(pid, -pid)
        return of_particles(chosen, chosen.mass)

    return compute


PAIR = (
    _correlation(
        "like_sign_pions",
        "Momentum difference of like-sign pions",
        r"$Q(\pi^\pm\pi^\pm)$",
        (*linear(0.0, 0.4, 10), *linear(0.5, 2.0, 15), 3.0),
        _like_sign,
        "Q = sqrt(m^2 - 4 m_pi^2) of all pairs of final-state pions of one charge",
        "GeV",
    ),
    _correlation(
        "photon_pair_mass",
        "Invariant mass of photon pairs",
        r"$m(\gamma\gamma)$",
        (0.0, 0.04, 0.08, 0.11, 0.125, 0.145, 0.16, *linear(0.2, 0.5, 6), 0.53, 0.565, 0.6, 1.0),
        _photon_pairs,
        "all pairs of final-state photons of an event",
        "GeV",
        fine=False,
    ),
    _correlation(
        "neighbour_charges",
        "Charges that follow one another in rapidity",
        r"$q q' \Delta y_T$",
        (-2.0, -1.5, *linear(-1.0, 1.0, 40), 1.5, 2.0),
        _neighbours,
        "rapidity difference along the thrust axis of neighbouring charged particles, with the "
        "sign of the product of their charges",
    ),
    _correlation(
        "azimuth_gap",
        "Azimuthal difference of opposite pions",
        r"$|\Delta\phi_T|(\pi^+\pi^-)$",
        linear(0.0, np.pi, 20),
        _azimuth_gap,
        f"around the thrust axis, pairs of final-state pions within {_NEAR} in rapidity along it",
    ),
)

DECAY = (
    *(
        _correlation(
            f"{name}_decay_angle",
            f"Decay angle of {words}",
            rf"$\cos\theta^*({symbol})$",
            linear(-1.0, 1.0, 20),
            _decay_angle(*pids),
            f"angle of the {daughter} in the rest frame of {words} to their flight",
        )
        for name, words, symbol, daughter, pids in (
            ("short_kaon", "K0S mesons", "K^0_S", "pi+", (310, 211, -211)),
            ("lambda", "Lambda baryons", r"\Lambda", "proton", (3122, 2212, -211)),
            ("rho", "neutral rho mesons", r"\rho^0", "pi+", (113, 211, -211)),
            ("d_star", "excited charged D mesons", r"D^{*\pm}", "pion", (413, 211, 421)),
        )
    ),
    *(
        _correlation(
            f"{name}_mass",
            f"Mass of decayed {words}",
            f"$m({symbol})$",
            edges,
            _resonance_mass(pid),
            "last copies in the record",
            "GeV",
        )
        for name, words, symbol, edges, pid in (
            ("rho", "neutral rho mesons", r"\rho^0", _RHO, 113),
            ("charged_rho", "charged rho mesons", r"\rho^\pm", _RHO, 213),
            ("k_star", "excited neutral kaons", "K^*(892)^0", _K_STAR, 313),
            ("charged_k_star", "excited charged kaons", r"K^*(892)^\pm", _K_STAR, 323),
        )
    ),
)

register(*PAIR, *DECAY)
