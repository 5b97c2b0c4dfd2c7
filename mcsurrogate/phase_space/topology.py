# SPDX-License-Identifier: GPL-3.0-or-later
r"""Topologies: which external legs merge into which propagator.

Every propagator of a tree diagram divides the external legs in two.  Of a process
``0 1 -> 2 3 ... n-1`` (beams 0 and 1) it is described here by its outgoing legs on the side
that does not hold beam 1:

* a *time-like* propagator has only outgoing legs there; their momenta sum to its own;
* a *space-like* one has beam 0 there as well; its momentum is p_0 minus theirs.

Space-like propagators of a diagram are nested and form a chain from beam 0 to beam 1.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

from mcsurrogate.errors import PhaseSpaceError

__all__ = ["Propagator", "Topology", "is_narrow"]


_NARROW = 1e-3
"""Width over mass below which a resonance is met by chance alone where no map looks for it."""


def is_narrow(mass: float, width: float) -> bool:
    """Whether a particle is so narrow a resonance that its line is a channel of its own."""
    return 0 < width < _NARROW * mass


@dataclass(frozen=True, slots=True)
class Propagator:
    """An internal line.

    Attributes
    ----------
    legs
        Outgoing external legs (2, 3, ...) on the side without beam 1.
    mass, width
        In GeV.
    space_like
        Whether beam 0 is on that side, too.
    others
        Mass and width of other particles that the line may be: a photon or a Z boson.
    """

    legs: frozenset[int]
    mass: float = 0.0
    width: float = 0.0
    space_like: bool = False
    others: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        for mass, width in self.poles:
            if not 0 <= mass < math.inf or not 0 <= width < math.inf:
                raise PhaseSpaceError(
                    f"propagator of the legs {sorted(self.legs)}: mass {mass} GeV and width "
                    f"{width} GeV must not be negative"
                )
            if width > 0 and mass == 0:
                raise PhaseSpaceError(
                    f"propagator of the legs {sorted(self.legs)} has a width but no mass"
                )

    @property
    def poles(self) -> tuple[tuple[float, float], ...]:
        """Mass and width in GeV of every particle that the line may be."""
        return ((self.mass, self.width), *self.others)


@dataclass(frozen=True, slots=True)
class Topology:
    """Propagators of a diagram, for a process with two incoming and n - 2 outgoing legs.

    Attributes
    ----------
    legs
        Number n of external legs.
    time_like
        Time-like propagators; nested or disjoint.  One that holds all outgoing legs carries
        the partonic energy.
    space_like
        Space-like propagators, ordered from beam 0 to beam 1.
    name
        What results call the channel.

    Raises
    ------
    PhaseSpaceError
        The propagators belong to no tree.
    """

    legs: int
    time_like: tuple[Propagator, ...] = ()
    space_like: tuple[Propagator, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        outgoing = frozenset(range(2, self.legs))
        if len(outgoing) < 2:
            raise PhaseSpaceError(f"{self.legs} external legs; at least two must be outgoing")
        for propagator in (*self.time_like, *self.space_like):
            if not propagator.legs <= outgoing:
                raise PhaseSpaceError(
                    f"propagator of the legs {sorted(propagator.legs)}: outgoing legs are 2 to "
                    f"{self.legs - 1}"
                )
        for propagator in self.time_like:
            if propagator.space_like or len(propagator.legs) < 2:
                raise PhaseSpaceError(
                    f"time-like propagator of the legs {sorted(propagator.legs)}: at least two "
                    "outgoing legs must merge into it"
                )
        for propagator in self.space_like:
            if not propagator.space_like or not 0 < len(propagator.legs) < len(outgoing):
                raise PhaseSpaceError(
                    f"space-like propagator of the legs {sorted(propagator.legs)}: at least one "
                    "outgoing leg must be on each side"
                )
        for a, b in combinations(self.time_like, 2):
            if a.legs == b.legs or (
                a.legs & b.legs and not a.legs < b.legs and not b.legs < a.legs
            ):
                raise PhaseSpaceError(
                    f"time-like propagators of the legs {sorted(a.legs)} and {sorted(b.legs)} "
                    "are neither nested nor disjoint"
                )
        for a, b in pairwise(self.space_like):
            if not a.legs < b.legs:
                raise PhaseSpaceError(
                    f"space-like propagators of the legs {sorted(a.legs)} and {sorted(b.legs)} "
                    "do not follow each other from beam 0 to beam 1"
                )
        for s in self.time_like:
            for block in self.blocks:
                if s.legs & block and not s.legs <= block and self.space_like:
                    raise PhaseSpaceError(
                        f"the time-like propagator of the legs {sorted(s.legs)} crosses a "
                        "space-like one"
                    )

    @property
    def blocks(self) -> tuple[frozenset[int], ...]:
        """Outgoing legs between neighbouring space-like propagators, from beam 0 to beam 1."""
        outgoing = frozenset(range(2, self.legs))
        edges = (frozenset[int](), *(p.legs for p in self.space_like), outgoing)
        return tuple(high - low for low, high in pairwise(edges))

    @property
    def propagators(self) -> tuple[Propagator, ...]:
        """All propagators."""
        return (*self.time_like, *self.space_like)

    @classmethod
    def from_lines(
        cls,
        legs: int,
        lines: Iterable[tuple[Iterable[int], float, float]],
        name: str = "",
    ) -> "Topology":
        """Build a topology from the internal lines of a diagram.

        Parameters
        ----------
        legs
            Number of external legs, beams 0 and 1 included.
        lines
            For each internal line the external legs on one side of it (either side, beams 0
            and 1 included where they are), its mass and its width in GeV.
        name
            What results call the channel.
        """
        everything = frozenset(range(legs))
        time_like: list[Propagator] = []
        space_like: list[Propagator] = []
        for side, mass, width in lines:
            held = frozenset(side)
            if 1 in held:
                held = everything - held
            propagator = Propagator(held - {0}, mass, width, space_like=0 in held)
            (space_like if propagator.space_like else time_like).append(propagator)
        return cls(
            legs,
            tuple(sorted(time_like, key=lambda p: (len(p.legs), sorted(p.legs)))),
            tuple(sorted(space_like, key=lambda p: len(p.legs))),
            name,
        )

    def relabelled(self, permutation: Sequence[int]) -> "Topology":
        """Return the topology in which outgoing leg i has become ``permutation[i]``.

        Parameters
        ----------
        permutation
            One entry for each external leg, the beams fixed.
        """
        if sorted(permutation) != list(range(self.legs)) or tuple(permutation[:2]) != (0, 1):
            raise PhaseSpaceError(
                f"{tuple(permutation)} is no permutation of {self.legs} legs that keeps the beams"
            )

        def moved(p: Propagator) -> Propagator:
            return replace(p, legs=frozenset(permutation[leg] for leg in p.legs))

        return Topology(
            self.legs,
            tuple(map(moved, self.time_like)),
            tuple(map(moved, self.space_like)),
            self.name,
        )

    @property
    def tree(self) -> frozenset[tuple[frozenset[int], bool]]:
        """The lines without what runs along them: legs, and whether it is space-like."""
        return frozenset((p.legs, p.space_like) for p in self.propagators)

    @property
    def narrow(self) -> frozenset[Propagator]:
        """The narrow resonances."""
        return frozenset(p for p in self.time_like if any(is_narrow(*pole) for pole in p.poles))

    def joined(self, other: "Topology") -> "Topology":
        """Return the topology whose lines may be what they are here or in one of the same tree."""
        found = {(p.legs, p.space_like): p.poles for p in other.propagators}

        def both(p: Propagator) -> Propagator:
            poles = dict.fromkeys((*p.poles, *found[p.legs, p.space_like]))
            return replace(p, others=tuple(poles)[1:])

        return replace(
            self,
            time_like=tuple(map(both, self.time_like)),
            space_like=tuple(map(both, self.space_like)),
        )

    def reflected(self) -> "Topology":
        """Return the topology of the event with the beams exchanged."""
        outgoing = frozenset(range(2, self.legs))
        space_like = tuple(replace(p, legs=outgoing - p.legs) for p in reversed(self.space_like))
        return Topology(self.legs, self.time_like, space_like, self.name)
