# SPDX-License-Identifier: GPL-3.0-or-later
"""Polarisations of top quark and antiquark and all correlations of their spins.

In the rest frame of the pair k is the direction of the top quark, n the normal of beam and top, r
lies in their plane; the analysers of both decays (charged lepton or down-type quark) have the
cosines c to these axes in the rest frames of their top quarks.  The means of c and of the products
are the polarisations and the matrix of correlations, up to factors (arXiv:1508.05271, section 2).
"""

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events, rest_frame_momenta
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Section, linear, register

__all__ = ["TOP_SPIN_MATRIX"]

FloatArray = NDArray[np.float64]

_spin = Section("correlation", feature=False, specific=True)
_AXES = ("k", "r", "n")
_NAMES = (
    *(f"$B({which}, {axis})$" for which in ("t", r"\bar t") for axis in _AXES),
    *(f"$C({a}, {b})$" for a in _AXES for b in _AXES),
)


def _vectors(particles: Particles) -> FloatArray:
    return np.stack((particles.px, particles.py, particles.pz))


def _into(one: tuple[FloatArray, FloatArray], frame: tuple[FloatArray, FloatArray]) -> FloatArray:
    """Momenta (energy, three-vector) in the rest frame of others."""
    square = frame[0] ** 2 - (frame[1] ** 2).sum(axis=0)
    return rest_frame_momenta(*one, *frame, np.sqrt(square))


def _unit(vectors: FloatArray) -> FloatArray:
    unit: FloatArray = vectors / np.sqrt((vectors**2).sum(axis=0))
    return unit


def _cosines(events: Events) -> tuple[NDArray[np.int64], FloatArray]:
    """Events with two decays, and cosines of both analysers to the three axes, ``(2, 3, K)``."""
    decays = events.top_decays
    analyser, boson, bottom = decays.analyser, decays.boson, decays.bottom
    sign = np.sign(bottom.pid).astype(np.float64)  # b comes from t
    two = (analyser.counts == 2) & (analyser.sum_over(sign) == 0.0)
    rows = np.flatnonzero(two[analyser.event])
    # the top quark first
    rows = rows[np.lexsort((-sign[rows], analyser.event[rows]))]
    pairs = rows.reshape(-1, 2)
    energy = boson.energy + bottom.energy
    momentum = _vectors(boson) + _vectors(bottom)
    top, anti = ((energy[pairs[:, i]], momentum[:, pairs[:, i]]) for i in range(2))
    pair = top[0] + anti[0], top[1] + anti[1]
    masses = [np.sqrt(e**2 - (p**2).sum(axis=0)) for e, p in (top, anti)]
    k = _into(top, pair)
    beam = np.zeros_like(k)
    beam[2] = 1.0
    cosine = _unit(k)[2]
    side = np.sign(cosine)
    r = side * _unit(beam - cosine * _unit(k))
    n = side * _unit(np.cross(beam, _unit(k), axis=0))
    found = []
    for i, (one, direction, mass) in enumerate(((top, 1.0, masses[0]), (anti, -1.0, masses[1]))):
        # both top quarks are seen from the rest frame of their pair
        seen = _into(one, pair)
        lepton = analyser.energy[pairs[:, i]], _vectors(analyser)[:, pairs[:, i]]
        light = _into(lepton, pair)
        top_energy = np.sqrt(mass**2 + (seen**2).sum(axis=0))
        norm = np.sqrt((light**2).sum(axis=0) + _mass2(lepton))
        own = _unit(_into((norm, light), (top_energy, seen)))
        axes = (direction * _unit(k), direction * r, direction * n)
        found.append(np.stack([(own * axis).sum(axis=0) for axis in axes]))
    return analyser.event[pairs[:, 0]], np.stack(found)


def _mass2(particle: tuple[FloatArray, FloatArray]) -> FloatArray:
    square: FloatArray = np.maximum(particle[0] ** 2 - (particle[1] ** 2).sum(axis=0), 0.0)
    return square


def _matrix(events: Events) -> Values:
    """Polarisations and correlations of each pair, as weights of entries."""
    event, (one, other) = _cosines(events)
    products = one[:, None] * other[None, :]
    weights = np.concatenate((one, other, products.reshape(9, -1)))
    slots = np.tile(np.arange(len(_NAMES)) + 0.5, len(event))
    return Values(slots, np.repeat(event, len(_NAMES)), weights.T.ravel())


TOP_SPIN_MATRIX = (
    _spin(
        "top_spin_matrix",
        "Polarisations and spin correlations of top pairs",
        "coefficient",
        linear(0, len(_NAMES), len(_NAMES)),
        _matrix,
        "means of the cosines of both analysers to the axes k (flight of the top in the rest frame "
        "of the pair), r and n (normal of beam and k), and of their products; events with two "
        "decays t -> W b",
        categories=_NAMES,
        density=False,
    ),
    _spin(
        "top_asymmetry",
        "Rapidities of top and antitop",
        r"$|y(t)| - |y(\bar t)|$",
        linear(-2.5, 2.5, 20),
        lambda e: (
            np.abs(e.top.take(e.top.rapidity, 0)) - np.abs(e.antitop.take(e.antitop.rapidity, 0))
        ),
        "first top and first antitop, last copies",
    ),
)

register(*TOP_SPIN_MATRIX)
