# SPDX-License-Identifier: GPL-3.0-or-later
"""More defects of the kinds that the validation names, tried by validation_power.py --cousins.

As in sibling_defects.py: the change, the observables that name it, and a direct count.
"""

from dataclasses import replace

import numpy as np
from sibling_defects import (
    MOMENTUM,
    Change,
    Count,
    _decayed,
    _some,
    _with,
    ahead,
    forward,
    heavier,
    mean_of,
    net,
    number_of,
    other_sign,
    unmoved,
)

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.validation.observables import get

Random = np.random.Generator


def extra_energy(chunk: EventChunk, random: Random) -> EventChunk:
    """Energy of a photon of 2% of the events 10 keV too large, its momentum kept."""
    photons = np.flatnonzero((chunk.status == 1) & (chunk.pid == 22))
    _, first = np.unique(chunk.event[photons], return_index=True)
    index = _some(photons[first], 0.02, random)
    return _with(chunk, index, e=chunk.particles["e"][index] + 1e-5)


def backward_flights(chunk: EventChunk, random: Random) -> EventChunk:
    """2% of the Lambda baryons decay at the other side of where they are made."""
    index = _some(_decayed(chunk, 3122), 0.02, random)
    positions = chunk.vertex_positions.copy()
    start, stop = chunk.production_vertex[index], chunk.end_vertex[index]
    positions[stop, :3] = 2.0 * positions[start, :3] - positions[stop, :3]
    return replace(chunk, vertex_positions=positions)


def lost_ends(chunk: EventChunk, random: Random) -> EventChunk:
    """0.1% of the final particles are called decayed, and have no vertex that they end in."""
    index = _some(np.flatnonzero(chunk.status == 1), 1e-3, random)
    return _with(chunk, index, status=2)


def other_flavour(chunk: EventChunk, random: Random) -> EventChunk:
    """5% of the electrons are called muons."""
    index = np.flatnonzero((chunk.status == 1) & (np.abs(chunk.pid) == 11))
    index = _some(index, 0.05, random)
    return _with(chunk, index, pid=13 * np.sign(chunk.pid[index]))


def energies(events: Events) -> np.ndarray:
    """Whether the energy of an event is kept to 1e-9 of sqrt(s)."""
    return (np.abs(mean_of("energy_balance")(events)) > 1e-9).astype(float)


def flown_back(events: Events) -> np.ndarray:
    """Flights that go backwards."""
    found = get("flight_direction").values(events)
    return np.bincount(found.event[found.values > 2.0], minlength=len(events)).astype(float)


def count_of(*pids: int) -> Count:
    """Count final particles of some PDG numbers."""

    def count(events: Events) -> np.ndarray:
        return events.final.where(np.isin(np.abs(events.final.pid), pids)).counts.astype(float)

    return count


def moved_line(pid: int, shift: float, share: float) -> Change:
    """Masses of a share of the decayed particles of a species moved by so many GeV."""

    def change(chunk: EventChunk, random: Random) -> EventChunk:
        index = _some(_decayed(chunk, pid), share, random)
        own = chunk.particles[index]
        square = sum(own[name] ** 2 for name in MOMENTUM)
        mass = chunk.select(index).mass + shift
        return _with(chunk, index, e=np.sqrt(square + mass**2), mass=mass)

    return change


CHANGES: dict[str, tuple[Change, tuple[str, ...], Count]] = {
    "2%: 10 keV too much": (extra_energy, ("energy_balance", "wrong_masses"), energies),
    "3% of Lambdas do not fly": (
        unmoved(3122, share=0.03),
        ("no_flight",),
        number_of("no_flight"),
    ),
    "2% of Lambdas fly back": (
        backward_flights,
        ("flight_direction",),
        flown_back,
    ),
    "Lambda 1 MeV heavier": (
        heavier(3122, 1.0009),
        ("off_line", "line_shift"),
        number_of("off_line"),
    ),
    "phi: 30% moved by 5 MeV": (
        moved_line(333, 0.005, 0.3),
        ("phi_meson_line",),
        mean_of("phi_meson_line"),
    ),
    "Lambda forward": (ahead(3122, 1.0), ("lambda_signed",), forward(3122)),
    "30% of Lambda reversed": (
        other_sign(3122, 0.3),
        ("net_species", "baryon_balance", "lambda_signed"),
        net(3122),
    ),
    "0.1% of final: no end": (lost_ends, ("record_rules", "final_species"), count_of(22, 211)),
    "5% of e are mu": (other_flavour, ("final_species", "electron", "muon"), count_of(13)),
}
