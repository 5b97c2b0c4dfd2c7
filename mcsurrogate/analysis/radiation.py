# SPDX-License-Identifier: GPL-3.0-or-later
"""Partons that showers leave to hadronization, beside the heavy particles of the hard process."""

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events import EventChunk, Particles

__all__ = ["radiation"]

_HEAVY = (6, 23, 24, 25)
"""Particles whose decay products are no radiation: top quarks, Z, W and Higgs bosons."""
_LIGHT, _GLUON = 5, 21


def radiation(chunk: EventChunk) -> Particles:
    """Return quarks and gluons at the end of the shower that no heavy particle decays to.

    They reach the final state or go into hadrons; those of further interactions are among them,
    diquarks of beam remnants are not.  Events without partons in their record have none.
    """
    size = np.abs(chunk.pid)
    parton = (size > 0) & (size <= _LIGHT) | (size == _GLUON)
    ends = parton & (chunk.status == 1)
    going_on = np.flatnonzero(parton & (chunk.end_vertex >= 0))
    parent, child = chunk.children(going_on)
    ends[going_on[parent[chunk.species.hadron[child]]]] = True
    return chunk.select(ends & ~_from_decays(chunk, size, parton))


def _from_decays(
    chunk: EventChunk, size: NDArray[np.int32], parton: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """``(M,)`` whether a parton comes from a heavy particle, generation by generation."""
    heavy = np.isin(size, _HEAVY)
    coming = np.zeros(len(size), dtype=bool)
    found = np.flatnonzero(heavy)
    while len(found):
        coming[found] = True
        _, child = chunk.children(found)
        found = np.unique(child[parton[child] & ~coming[child]])
    return coming
