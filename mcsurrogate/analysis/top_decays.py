# SPDX-License-Identifier: GPL-3.0-or-later
"""Decays of top quarks and of the W bosons from them, in the event record."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events import EventChunk, Particles

__all__ = ["TopDecays", "boosted_cosine", "rest_frame_momenta"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_TOP, _W, _BOTTOM = 6, 24, 5
_DOWN_TYPE = (1, 3, 5, 11, 13, 15)
_CHARGED_LEPTONS = (11, 13, 15)


def boosted_cosine(particle: Particles, other: Particles, frame: Particles) -> FloatArray:
    """Cosine of the angle between two momenta in the rest frame of a third, ``(K,)``.

    Parameters
    ----------
    particle, other, frame
        K four-vectors each; row by row.
    """
    axes = np.stack((frame.px, frame.py, frame.pz))
    p, q = (
        rest_frame_momenta(
            one.energy, np.stack((one.px, one.py, one.pz)), frame.energy, axes, frame.mass
        )
        for one in (particle, other)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        product = (p * q).sum(axis=0)
        cosine: FloatArray = product / np.sqrt((p**2).sum(axis=0) * (q**2).sum(axis=0))
    return cosine


def rest_frame_momenta(
    energy: FloatArray, p: FloatArray, frame_energy: FloatArray, frame: FloatArray, mass: FloatArray
) -> FloatArray:
    """Three-momenta in the rest frame of others, ``(3, K)``.

    Parameters
    ----------
    energy, p
        ``(K,)`` and ``(3, K)`` of what is boosted, in GeV.
    frame_energy, frame, mass
        ``(K,)``, ``(3, K)`` and ``(K,)`` of the systems whose rest frame it is, in GeV; or one
        for all.
    """
    factor = (frame * p).sum(axis=0) / (mass * (frame_energy + mass)) - energy / mass
    boosted: FloatArray = p + frame * factor
    return boosted


class TopDecays:
    """Decays t -> W b, W -> f f' of the top quarks of N events.

    A decay counts if the last copy of a top quark ends in exactly a W and a down-type quark, and
    the last copy of the W in two fermions.

    Parameters
    ----------
    chunk
        The events.

    Attributes
    ----------
    boson, bottom, analyser
        K four-vectors each: the W, the down-type quark beside it, and the charged lepton or
        down-type quark that the W decays to.
    """

    def __init__(self, chunk: EventChunk) -> None:
        tops = chunk.last_copies(np.abs(chunk.pid) == _TOP)
        boson, bottom = self._two(chunk, tops, _W, (1, 3, 5))
        final = self._last(chunk, boson)
        both = final >= 0
        boson, bottom, final = boson[both], bottom[both], final[both]
        parent, child = chunk.children(final)
        charged = np.isin(np.abs(chunk.pid[child]), _DOWN_TYPE)
        two = np.bincount(parent, minlength=len(final)) == 2
        one = np.bincount(parent[charged], minlength=len(final)) == 1
        kept = charged & (two & one)[parent]
        rows = parent[kept]
        self.boson = chunk.select(final[rows])
        self.bottom = chunk.select(bottom[rows])
        self.analyser = chunk.select(child[kept])

    @staticmethod
    def _two(
        chunk: EventChunk, tops: IntArray, first: int, second: tuple[int, ...]
    ) -> tuple[IntArray, IntArray]:
        """Positions of the two decay products of those that end in these two."""
        parent, child = chunk.children(tops)
        magnitude = np.abs(chunk.pid[child])
        found = []
        for pids in ((first,), second):
            chosen = np.isin(magnitude, pids)
            single = np.bincount(parent[chosen], minlength=len(tops)) == 1
            position = np.full(len(tops), -1)
            position[parent[chosen]] = child[chosen]
            found.append(np.where(single, position, -1))
        good = (found[0] >= 0) & (found[1] >= 0)
        return found[0][good], found[1][good]

    @staticmethod
    def _last(chunk: EventChunk, index: IntArray) -> IntArray:
        """Last copy of each particle, -1 where its copies branch or have no end."""
        current = index.copy()
        for _ in range(_MOST_COPIES):
            parent, child = chunk.children(current)
            same = chunk.pid[child] == chunk.pid[current[parent]]
            if not same.any():
                break
            current[parent[same]] = child[same]
        return np.where(chunk.end_vertex[current] >= 0, current, -1)

    @cached_property
    def helicity_cosine(self) -> FloatArray:
        """``(K,)`` angle of the analyser in the W's rest frame to the reversed bottom quark.

        Its distribution is 3/8 (1 - c)^2 F_L + 3/4 (1 - c^2) F_0 + 3/8 (1 + c)^2 F_R with the
        helicity fractions of the W (arXiv:hep-ph/0003033).
        """
        return -boosted_cosine(self.analyser, self.bottom, self.boson)

    @cached_property
    def lepton_bottom_mass(self) -> FloatArray:
        """``(K,)`` mass of lepton and bottom quark in GeV, NaN for hadronic decays."""
        a, b = self.analyser, self.bottom
        pair = Particles(
            a.px + b.px, a.py + b.py, a.pz + b.pz, a.energy + b.energy, a.event, a.n_events
        )
        return np.where(self.leptonic, pair.mass, np.nan)

    @cached_property
    def leptonic(self) -> NDArray[np.bool_]:
        """``(K,)`` whether the analyser is a charged lepton."""
        return np.isin(np.abs(self.analyser.pid), _CHARGED_LEPTONS)

    @cached_property
    def lepton_delta_phi(self) -> FloatArray:
        """``(N,)`` azimuth between the two charged leptons; NaN unless both tops have one."""
        leptons = self.analyser.where(np.flatnonzero(self.leptonic))
        phi = leptons.take(leptons.phi, 0) - leptons.take(leptons.phi, 1)
        difference: FloatArray = np.abs(np.mod(phi + np.pi, 2.0 * np.pi) - np.pi)
        return difference


_MOST_COPIES = 200
"""Longer chains of copies than any shower makes end the search."""
