# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs of the hard process in the event record.

Pythia (and what follows its convention in HepMC) marks the incoming legs of the hardest
process with status 21 and its outgoing legs with 22 (resonances) or 23; see "Particle
Properties" in its manual.  The legs are what goes into and comes out of one vertex, so that
decay products of the resonances, which have status 23 as well, do not count.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events import EventChunk, Particles

__all__ = ["INCOMING", "HardProcess"]

FloatArray = NDArray[np.float64]

INCOMING = 21
"""HepMC status of the incoming legs."""


class HardProcess:
    """Hard processes of N events; events of generators that do not mark them have none.

    Parameters
    ----------
    chunk
        The events.
    """

    def __init__(self, chunk: EventChunk) -> None:
        self._chunk = chunk

    @cached_property
    def _incoming(self) -> NDArray[np.int64]:
        """Positions of the two incoming legs of the events that have two."""
        chunk = self._chunk
        index = np.flatnonzero((chunk.status == INCOMING) & (chunk.end_vertex >= 0))
        # further interactions of a hadron collision have other codes: only the first counts
        counts = np.bincount(chunk.event[index], minlength=len(chunk))
        pairs: NDArray[np.int64] = index[counts[chunk.event[index]] == 2]
        return pairs

    @cached_property
    def incoming(self) -> Particles:
        """Incoming legs, two an event or none."""
        return self._chunk.select(self._incoming)

    @cached_property
    def _outgoing(self) -> Particles:
        """Outgoing legs in the order of the record."""
        _, child = self._chunk.children(self._incoming)
        # both incoming legs end in the same vertex: its particles come twice
        return self._chunk.select(np.unique(child))

    @cached_property
    def outgoing(self) -> Particles:
        """Outgoing legs, by descending transverse momentum."""
        return self._outgoing.ordered_by(self._outgoing.pt)

    @cached_property
    def system(self) -> Particles:
        """Sum of the incoming legs, one entry for every event that has them."""
        total = self.incoming.total()
        return total.where(np.flatnonzero(self.incoming.counts == 2))

    def per_event(self, values: FloatArray) -> FloatArray:
        """``(N,)`` a quantity of `system`, NaN for events without a hard process."""
        return self.system.take(values, 0)

    @cached_property
    def momentum_fractions(self) -> FloatArray:
        """``(N, 2)`` x_1 and x_2: light-cone fractions of the beams along +z and -z."""
        out = np.full((len(self._chunk), 2), np.nan)
        beams, legs = self._chunk.beams, self.incoming
        two = beams.counts == 2
        for side, sign in enumerate((1.0, -1.0)):
            of_beam = beams.sum_over(np.maximum(beams.energy + sign * beams.pz, 0.0))
            of_leg = legs.sum_over(np.maximum(legs.energy + sign * legs.pz, 0.0))
            found = two & (legs.counts == 2)
            out[found, side] = of_leg[found] / of_beam[found]
        return out

    @cached_property
    def cos_theta(self) -> FloatArray:
        """``(N,)`` polar angle of the first outgoing leg in the rest frame of two legs.

        "First" is by position in the record; NaN for other numbers of legs.
        """
        legs, total = self._outgoing, self.system
        with np.errstate(divide="ignore", invalid="ignore"):
            # the incoming legs have no transverse momentum: the boost is along z
            velocity = self.per_event(total.pz / total.energy)
            gamma = 1.0 / np.sqrt(1.0 - velocity**2)
            z = gamma * (legs.take(legs.pz, 0) - velocity * legs.take(legs.energy, 0))
            cosine = z / np.hypot(z, legs.take(legs.pt, 0))
        return np.where(legs.counts == 2, cosine, np.nan)
