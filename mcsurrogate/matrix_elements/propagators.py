# SPDX-License-Identifier: GPL-3.0-or-later
"""Which propagators the diagrams of a process may and must have.

A propagator divides the external legs in two.  An s-channel has all incoming legs on one side and
is told by the outgoing ones, its *products*.  Decay chains keep the diagrams that have a propagator
of every resonance: no other propagator may mix the products of one with what is outside.  Each
decay has restrictions of its own, and those of the process are on what is in no decay, as in
MadGraph.
"""

from functools import lru_cache

from mcsurrogate.matrix_elements.particles import antiparticle
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.restrictions import Restrictions

__all__ = ["PropagatorRules", "propagator_rules"]


class PropagatorRules:
    """The restrictions of one process, asked for every propagator of a recursion.

    Legs are bit masks; PDG ids are those of a current, as incoming into the rest of the diagram.

    Parameters
    ----------
    process
        With its restrictions.
    """

    def __init__(self, process: Process) -> None:
        self._everything = (1 << process.n_legs) - 1
        self._incoming = (1 << process.n_incoming) - 1
        self._resonances = {_mask(resonance.legs): resonance for resonance in process.resonances}
        # the smallest first: what is inside of several resonances belongs to the innermost
        self._regions = sorted(self._resonances, key=int.bit_count)
        limits = {mask: item.restrictions for mask, item in self._resonances.items()}
        self._limits = {self._everything: process.restrictions, **limits}
        wanted = dict.fromkeys(
            (region, pdg)
            for region, limit in self._limits.items()
            for ids in limit.required
            for pdg in ids
        )
        self._bits = {key: 1 << place for place, key in enumerate(wanted)}
        self._alternatives = [
            [sum(self._bits[region, pdg] for pdg in set(ids)) for ids in limit.required]
            for region, limit in self._limits.items()
            if limit.required
        ]
        self._has_none = not self._resonances and process.restrictions == Restrictions()

    def divides(self, legs: int) -> bool:
        """Whether any propagator may divide the legs like this."""
        side = self._side(legs)
        return all(
            side & resonance in (0, side, resonance) or (side | resonance) == self._everything
            for resonance in self._resonances
        )

    def is_resonance(self, legs: int) -> bool:
        """Whether a propagator of these legs is a resonance of the decay chain."""
        return self._side(legs) in self._resonances

    def joins(self, parts: tuple[int, ...]) -> bool:
        """Whether a vertex may join these currents: it may not have the place of a resonance.

        A vertex of four lines that are products of a resonance two by two is one.
        """
        if len(parts) < 3 or not self._resonances:
            return True
        pairs = (parts[0] | parts[1], parts[0] | parts[2], parts[1] | parts[2])
        return not any(
            pair in self._resonances or self._everything & ~pair in self._resonances
            for pair in pairs
        )

    def allows(self, legs: int, pdg: int) -> bool:
        """Whether a propagator of these legs may be this particle."""
        if self._has_none:
            return True
        side = self._side(legs)
        if side in self._resonances:
            return self._outgoing(legs, pdg) == self._resonances[side].pdg
        limit = self._limits[self._region(side)]
        if pdg in limit.excluded or -pdg in limit.excluded:
            return False
        s_channel = not side & self._incoming
        return not (s_channel and self._outgoing(legs, pdg) in limit.forbidden)

    def found(self, legs: int, pdg: int) -> int:
        """Bits of the required resonances that a propagator is."""
        if not self._bits:
            return 0
        side = self._side(legs)
        if side & self._incoming or side in self._resonances:
            return 0
        return self._bits.get((self._region(side), self._outgoing(legs, pdg)), 0)

    def satisfied(self, found: int) -> bool:
        """Whether a diagram with these bits has all that is required."""
        return all(
            any(found & wanted == wanted for wanted in alternatives)
            for alternatives in self._alternatives
        )

    def off_shell(self, products: tuple[int, ...]) -> frozenset[int]:
        """Return the PDG ids after ``$`` that an s-channel with these products may have."""
        side = _mask(products)
        if side & self._incoming or side in self._resonances:
            return frozenset()
        return self._limits[self._region(side)].off_shell

    def _side(self, legs: int) -> int:
        """Products of an s-channel; of another propagator the legs themselves."""
        if legs & self._incoming == self._incoming:
            return self._everything & ~legs
        return legs

    def _outgoing(self, legs: int, pdg: int) -> int:
        """PDG id of an s-channel as outgoing from what makes it."""
        return pdg if legs & self._incoming else antiparticle(pdg)

    def _region(self, side: int) -> int:
        """Products of the innermost resonance that a propagator is inside of, or everything."""
        inside = (legs for legs in self._regions if side & legs == side != legs)
        return next(inside, self._everything)


def _mask(legs: tuple[int, ...]) -> int:
    return sum(1 << leg for leg in legs)


@lru_cache(maxsize=1024)
def propagator_rules(process: Process) -> PropagatorRules:
    """Return the restrictions of a process."""
    return PropagatorRules(process)
