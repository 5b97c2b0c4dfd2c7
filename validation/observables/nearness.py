# SPDX-License-Identifier: GPL-3.0-or-later
"""Photons and leptons near other particles: radiation, conversions, isolation."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles, among
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import azimuth_difference
from mcsurrogate.validation.observables.correlation import pairs
from mcsurrogate.validation.observables.registry import (
    Observable,
    Section,
    logarithmic,
    of_particles,
    register,
)

__all__ = ["NEAR_ANGLE", "NEAR_DISTANCE"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Measure = Callable[[Particles, Particles, IntArray, IntArray], FloatArray]
Select = Callable[[Events], Particles]
Neighbours = tuple[Particles, Particles, IntArray, IntArray, FloatArray]

_near = Section("correlation", feature=False, log_y=True, specific=True)
_CONE, _RING = (0.0, 0.2), (0.2, 0.4)
_SAME = 1e-12
"""A particle is at distance zero from itself."""


def _angle(first: Particles, second: Particles, i: IntArray, j: IntArray) -> FloatArray:
    """Angle between momenta, precise where it is small; NaN at rest."""
    with np.errstate(invalid="ignore"):
        a = np.stack((first.px, first.py, first.pz)) / first.p
        b = np.stack((second.px, second.py, second.pz)) / second.p
    chord: FloatArray = np.sqrt(((a[:, i] - b[:, j]) ** 2).sum(axis=0))
    return 2.0 * np.arcsin(np.minimum(0.5 * chord, 1.0))


def _distance(first: Particles, second: Particles, i: IntArray, j: IntArray) -> FloatArray:
    """Distance in pseudorapidity and azimuth."""
    turn = azimuth_difference(first.phi[i], second.phi[j])
    return np.hypot(first.eta[i] - second.eta[j], turn)


def _photons(minimum: float, transverse: bool) -> Select:
    def select(events: Events) -> Particles:
        photons = events.final.where(events.final.pid == 22)
        return photons.where((photons.pt if transverse else photons.energy) > minimum)

    return select


def _charged(minimum: float, transverse: bool) -> Select:
    def select(events: Events) -> Particles:
        charged = events.charged
        return charged.where((charged.pt if transverse else charged.energy) > minimum)

    return select


def _leptons(minimum: float, transverse: bool, *pids: int) -> Select:
    def select(events: Events) -> Particles:
        leptons = events.final.where(among(events.final.pid, pids))
        return leptons.where((leptons.pt if transverse else leptons.energy) > minimum)

    return select


def _neighbours(events: Events, one: Select, other: Select, measure: Measure) -> Neighbours:
    """Particles of two kinds, all their pairs, and the distance of each pair."""

    def found() -> Neighbours:
        first, second = (events.once(select, partial(select, events)) for select in (one, other))
        i, j = pairs(first, second)
        return first, second, i, j, measure(first, second, i, j)

    return events.once((one, other, measure), found)


def _nearest(one: Select, other: Select, measure: Measure) -> Callable[[Events], Values]:
    """Distance of each particle to the nearest of others."""

    def compute(events: Events) -> Values:
        first, _, i, _, gap = _neighbours(events, one, other, measure)
        nearest = np.full(len(first), np.nan)
        if len(i):
            begins = np.flatnonzero(np.diff(i, prepend=-1))
            nearest[i[begins]] = np.fmin.reduceat(gap, begins)
        return of_particles(first, nearest)

    return compute


def _around(
    one: Select, other: Select, measure: Measure, ring: tuple[float, float]
) -> Callable[[Events], Values]:
    """Energy of others in a cone or ring around each particle, over its own."""

    def compute(events: Events) -> Values:
        first, second, i, j, gap = _neighbours(events, one, other, measure)
        inside = (gap < ring[1]) & (gap > max(ring[0], _SAME))
        energy = np.bincount(i[inside], weights=second.energy[j[inside]], minlength=len(first))
        return of_particles(first, energy / first.energy)

    return compute


def _all(
    kind: str, words: str, measure: Measure, cut: Callable[[float], tuple[float, bool]]
) -> tuple[Observable, ...]:
    """Observables with one measure; `cut` tells how an energy in GeV is asked for."""
    photons, charged = _photons(*cut(0.2)), _charged(*cut(0.2))
    leptons = _leptons(*cut(0.5), 11, 13, -11, -13)
    plus, minus = _leptons(*cut(0.2), -11, -13), _leptons(*cut(0.2), 11, 13)
    variable = r"\theta" if measure is _angle else r"\Delta R"
    asked = "pT" if cut(1.0)[1] else "energy"
    gaps = (
        ("photon_charged", "photons to charged particles", r"\gamma, q", photons, charged, 0.2),
        ("photon_lepton", "photons to electrons and muons", r"\gamma, \ell", photons, leptons, 0.5),
        ("lepton_pair", "positive to negative leptons", r"\ell^+, \ell^-", plus, minus, 0.2),
    )
    cones = (
        ("lepton_photons", "photons around electrons and muons", leptons, photons),
        ("lepton_charged", "charged particles around electrons and muons", leptons, charged),
        ("photon_surrounding", "charged particles around photons", photons, charged),
    )
    cone, wider = ("cone", "ring") if kind == "angle" else ("isolation", "distance_ring")
    return (
        *(
            _near(
                f"{name}_{kind}",
                f"{words} from {what}".capitalize(),
                rf"${variable}({symbol})$",
                logarithmic(1e-3, 3.0, 20),
                _nearest(one, other, measure),
                f"{words} of each to the nearest, final state, {asked} above {cut(least)[0]:g} GeV",
                log_x=True,
            )
            for name, what, symbol, one, other, least in gaps
        ),
        *(
            _near(
                f"{name}_{suffix}",
                f"Energy of {what}{further}",
                r"$\sum E / E$",
                (0.0, *logarithmic(1e-3, 10.0, 16)),
                _around(one, other, measure, ring),
                f"sum of the energies {place} ({words.lower()}) over the own energy, final "
                f"state, {asked} above {cut(0.2)[0]:g} GeV (leptons {cut(0.5)[0]:g})",
            )
            for name, what, one, other in cones
            for suffix, further, ring, place in (
                (cone, "", _CONE, f"within {_CONE[1]}"),
                (wider, ", further away", _RING, f"between {_RING[0]} and {_RING[1]}"),
            )
        ),
    )


NEAR_ANGLE = _all("angle", "angle", _angle, lambda energy: (energy, False))
NEAR_DISTANCE = _all(
    "distance", "distance in pseudorapidity and azimuth", _distance, lambda pt: (5.0 * pt, True)
)

register(*NEAR_ANGLE, *NEAR_DISTANCE)
