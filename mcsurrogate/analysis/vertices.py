# SPDX-License-Identifier: GPL-3.0-or-later
"""What each vertex of the event record keeps: four-momentum and charge.

Decays and hadronization keep both to rounding.  Vertices of showers need not: recoil is given to
partons that the record leads past the vertex.
"""

from enum import IntEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events import EventChunk, among

__all__ = ["VertexBalances", "VertexKind", "beyond_rounding"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_RESONANCES = (6, 23, 24, 25)
_SPREAD = 30.0
"""Rounding of single sums, over that of the median one."""
_COARSEST = 1e-6
"""More than this share of what is summed is no rounding, in however many vertices."""


class VertexKind(IntEnum):
    """What happens in a vertex."""

    SHOWER = 0
    DECAY = 1
    HADRONIZATION = 2
    RESONANCE = 3


def beyond_rounding(
    difference: FloatArray, scale: FloatArray, noise: FloatArray | None = None
) -> NDArray[np.bool_]:
    """Which differences are none of rounding.

    Files have different numbers of digits, so that the median difference tells what rounding is.

    Parameters
    ----------
    difference
        ``(K,)`` absolute differences of sums.
    scale
        ``(K,)`` what the rounding of each is proportional to.
    noise
        ``(K,)`` absolute differences that rounding alone makes; without it those themselves.
    """
    if not len(difference):
        return np.zeros(0, dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(scale > 0.0, difference / scale, 0.0)
        usual = relative if noise is None else np.where(scale > 0.0, noise / scale, 0.0)
    beyond: NDArray[np.bool_] = relative > min(_SPREAD * float(np.median(usual)), _COARSEST)
    return beyond


class VertexBalances:
    """Sums over what comes out of each vertex minus those over what goes in.

    Vertices without anything going in or coming out are left out.

    Parameters
    ----------
    chunk
        The events.

    Attributes
    ----------
    event
        ``(K,)`` event of each vertex, not in order.
    kind
        ``(K,)`` values of `VertexKind`: decays have one incoming particle of status 2,
        resonances are single top quarks, W, Z or Higgs bosons that do not go on.
    energy
        ``(K,)`` sum of the energies of all particles of the vertex in GeV.
    """

    def __init__(self, chunk: EventChunk) -> None:
        self._chunk = chunk
        # particles without a vertex go into a place of their own, which is dropped
        self._into, self._out = chunk.end_vertex + 1, chunk.production_vertex + 1
        n_in, n_out = self._sums()
        self._kept = np.flatnonzero((n_in > 0) & (n_out > 0))
        first = np.zeros(chunk.n_vertices + 1, dtype=np.int64)
        first[self._into] = np.arange(len(chunk.pid))
        leader = first[1:][self._kept]
        self.event: IntArray = chunk.event[leader]
        self._energies = self._sums(chunk.columns["e"])
        into, out = self._energies
        self.energy = (into + out)[self._kept]
        self._single = n_in[self._kept] == 1
        self.kind = self._kinds(leader, self._single)

    def _sums(
        self, values: NDArray[np.generic] | None = None, of: IntArray | slice = slice(None)
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Sum over what goes into each vertex and what comes out; count them without values."""
        most = self._chunk.n_vertices + 1
        into, out = (
            np.bincount(vertex[of], weights=values, minlength=most)[1:]
            for vertex in (self._into, self._out)
        )
        return into, out

    def _excess(self, sums: tuple[NDArray[Any], NDArray[Any]]) -> FloatArray:
        into, out = sums
        difference: FloatArray = (out - into)[self._kept]
        return difference

    def _kinds(self, leader: IntArray, single: NDArray[np.bool_]) -> IntArray:
        chunk = self._chunk
        into, out = self._sums(of=np.flatnonzero(chunk.species.hadron))
        kind = np.full(len(self._kept), int(VertexKind.SHOWER))
        kind[(into[self._kept] == 0) & (out[self._kept] > 0)] = VertexKind.HADRONIZATION
        kind[single & (chunk.status[leader] == 2)] = VertexKind.DECAY
        last = np.zeros(len(chunk.pid), dtype=bool)
        last[chunk.last_copies(among(np.abs(chunk.pid), _RESONANCES))] = True
        kind[single & last[leader]] = VertexKind.RESONANCE
        return kind

    @cached_property
    def imbalance(self) -> FloatArray:
        """``(K,)`` largest component of the four-momentum that is not kept, in GeV."""
        spatial = (self._sums(self._chunk.columns[name]) for name in ("px", "py", "pz"))
        excess = [self._excess(sums) for sums in (self._energies, *spatial)]
        largest: FloatArray = np.abs(np.stack(excess)).max(axis=0)
        return largest

    @cached_property
    def charge(self) -> FloatArray:
        """``(K,)`` electric charge that comes out minus that which goes in."""
        return self._excess(self._sums(self._chunk.species.three_charge)) / 3.0

    def lepton_families(self) -> tuple[IntArray, IntArray]:
        """Numbers of leptons of a family that vertices with one incoming particle do not keep.

        Returns
        -------
        family, event
            ``(L,)`` 0 to 2 for electrons, muons and tau leptons with their neutrinos, and the
            event, of each vertex and family that is not kept.
        """
        chunk = self._chunk
        magnitude = np.abs(chunk.pid)
        single = np.zeros(chunk.n_vertices, dtype=bool)
        single[self._kept[self._single]] = True
        where = np.full(chunk.n_vertices, -1, dtype=np.int64)
        where[self._kept] = np.arange(len(self._kept))
        families, events = [], []
        for family, charged in enumerate((11, 13, 15)):
            own = np.flatnonzero(among(magnitude, (charged, charged + 1)))
            into, out = self._sums(np.sign(chunk.pid[own]).astype(np.float64), own)
            wrong = np.flatnonzero((into != out) & single)
            families.append(np.full(len(wrong), family))
            events.append(self.event[where[wrong]])
        return np.concatenate(families), np.concatenate(events)

    def broken(self, kind: VertexKind) -> IntArray:
        """Positions of the vertices of a kind that do not keep four-momentum to rounding."""
        own = np.flatnonzero(self.kind == kind)
        return own[beyond_rounding(self.imbalance[own], self.energy[own])]
