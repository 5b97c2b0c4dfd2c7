# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things happen: the place of a collision, and flights longer than a life."""

import itertools
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from particle import Particle, ParticleNotFound

from mcsurrogate.analysis import Events
from mcsurrogate.events import among
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Section, linear, register

__all__ = ["PLACES"]

FloatArray = NDArray[np.float64]

_place = Section("event", feature=False, specific=True)

_AXES = ("x", "y", "z", "t")
_STEPS = tuple(float(x) for x in np.geomspace(1e-6, 1e3, 19))
_SIDES = (*(-x for x in reversed(_STEPS)), *_STEPS)
"""Two bins a factor of ten in mm, one for all that is closer to zero."""
_SLOTS = len(_SIDES) + 1

_BOSONS_AND_TOP = (6, 23, 24, 25)
_LEPTONS = (11, 13, 15)
_KINDS = ("partons", "t, W, Z, H", "leptons", "short-lived hadrons", "long-lived hadrons", "others")
_LIFETIMES = 50.0
"""One particle in 10^21 lives longer."""
_HBARC = 1.973269804e-13
"""GeV mm; CODATA 2018."""
_LONG_LIVED = 1e-3
"""Of c tau in mm."""
_ROUNDING = 1e-6
"""Distances in mm, and shares of what they are differences of, that rounding makes."""


def _primary(events: Events) -> Values:
    """Slot of each coordinate of the vertex that the beams go into."""
    chunk = events.chunk
    beams = np.flatnonzero((chunk.status == 4) & (chunk.end_vertex >= 0))
    event, first = np.unique(chunk.event[beams], return_index=True)
    place = chunk.vertex_positions[chunk.end_vertex[beams[first]]]
    slot = np.searchsorted(_SIDES, place) + _SLOTS * np.arange(len(_AXES))
    return Values(slot.ravel().astype(np.float64) + 0.5, np.repeat(event, len(_AXES)))


def _slot_names() -> tuple[str, ...]:
    edges = [f"{edge:.2g}" for edge in _SIDES]
    ranges = (f"below {edges[0]}", *map(" … ".join, itertools.pairwise(edges)))
    return tuple(f"{axis}: {r} mm" for axis in _AXES for r in (*ranges, f"above {edges[-1]}"))


@lru_cache(maxsize=4096)
def _lifetime(pid: int) -> float:
    """Return c tau in mm, from the width where that is what is known; infinite where unknown."""
    if pid < 7 or pid == 21 or (1000 < pid < 6000 and pid % 100 < 10):  # quarks, gluons, diquarks
        return 0.0
    try:
        known = Particle.from_pdgid(pid)
    except ParticleNotFound:
        return np.inf
    if known.ctau is not None:
        return float(known.ctau)
    return 1e3 * _HBARC / known.width if known.width else np.inf


def _too_far(events: Events) -> Values:
    """Kinds of the particles that go further than 50 of their lifetimes take them."""
    chunk = events.chunk
    index = np.flatnonzero((chunk.production_vertex >= 0) & (chunk.end_vertex >= 0))
    start = np.abs(chunk.vertex_positions[chunk.production_vertex[index], :3]).max(axis=1)
    distance = chunk.flight(index)
    moved = distance > _ROUNDING * (1.0 + start)
    index, distance = index[moved], distance[moved]
    pids, inverse = np.unique(np.abs(chunk.pid[index]), return_inverse=True)
    lifetime = np.array([_lifetime(int(pid)) for pid in pids])[inverse] if len(pids) else distance
    own = chunk.select(index)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        reach = np.where(lifetime > 0.0, _LIFETIMES * lifetime * own.p / own.mass, 0.0)
    far = distance > np.nan_to_num(reach, nan=np.inf)
    magnitude, hadron = np.abs(own.pid), own.species.hadron
    kind = np.full(len(index), len(_KINDS) - 1)
    kind[hadron] = 3 + (lifetime[hadron] > _LONG_LIVED)
    kind[(lifetime == 0.0) & ~hadron] = 0
    kind[among(magnitude, _BOSONS_AND_TOP)] = 1
    kind[among(magnitude, _LEPTONS)] = 2
    return Values(kind[far].astype(np.float64) + 0.5, own.event[far])


PLACES = (
    _place(
        "primary_vertex",
        "Place and time of the collision",
        "coordinate",
        linear(0, len(_AXES) * _SLOTS, len(_AXES) * _SLOTS),
        _primary,
        "coordinates in mm of the vertex that the beams go into, two bins a factor of ten",
        categories=_slot_names(),
        density=False,
    ),
    _place(
        "too_far",
        "Particles that fly further than they live",
        "kind",
        linear(0, len(_KINDS), len(_KINDS)),
        _too_far,
        "mean number of particles whose vertices are further apart than "
        f"{_LIFETIMES:g} c tau p / m of the Review of Particle Physics",
        group="consistency",
        categories=_KINDS,
        density=False,
        specific=False,
    ),
)

register(*PLACES)
