# SPDX-License-Identifier: GPL-3.0-or-later
"""From a topology to the tree of a recursive phase-space decomposition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from mcsurrogate.phase_space.competing import Mixture, remainder, shoulder
from mcsurrogate.phase_space.invariants import BreitWigner, InvariantMap, PowerLaw, power_law
from mcsurrogate.phase_space.topology import Propagator, Topology, is_narrow

__all__ = [
    "RESOLUTION",
    "Node",
    "Powers",
    "build_blocks",
    "competing_map",
    "least_sum",
    "typical_sums",
]

RESOLUTION = 1e-6
"""Mass in GeV: a system of massless particles is no lighter, or its frame is lost."""
_RESOLVED = 1.0 + 1e-9
"""Factor by which masses differ more than by rounding."""
_MOST_THRESHOLDS = 4
"""Thresholds that a density may have."""


@dataclass(frozen=True, slots=True)
class Powers:
    r"""Exponents nu of the power-law maps :math:`1/p^{2\nu}`.

    Attributes
    ----------
    time_like
        Of time-like propagators without resonance: 1/(s - m^2)^nu.
    space_like
        Of space-like propagators, in the variable \|t\| + m^2.
    exchange
        Of the transfers through massive bosons that massless beam particles exchange.
    energy
        Of the partonic mass squared, in hadron collisions.
    open
        Of masses that belong to no propagator: the rest of a space-like chain, legs that meet
        in one vertex.
    soft
        Of the energy of a massless particle at the beginning of a space-like chain, where cuts
        keep its transverse momentum from zero.
    floor
        In GeV: massless propagators are taken for 1/(p^2 + floor^2), and those of massive
        particles that radiate for 1/(p^2 - m^2 + m floor), so that their maps stay regular at
        the pole, far below what cuts let through.
    """

    time_like: float = 0.8
    space_like: float = 0.8
    exchange: float = 1.5
    energy: float = 2.0
    open: float = 0.0
    soft: float = 1.0
    floor: float = 0.1


@dataclass(frozen=True, slots=True)
class Node:
    """A particle or a system of particles that decays.

    Attributes
    ----------
    legs
        Outgoing external legs, in increasing order.
    particles
        Sum of the masses of the particles in GeV.
    least
        Smallest mass in GeV: of the particles, or what the cuts ask for; of a system at least
        the sum of those of its parts, and `RESOLUTION`.
    children
        Its parts, those with the narrowest resonances first; none for a particle.
    invariant
        Map of its mass squared; None for a particle.
    typical
        Masses in GeV where its propagators are large: of the resonances that it may be, or that
        it decays to.
    """

    legs: tuple[int, ...]
    particles: float
    least: float
    children: tuple["Node", ...] = ()
    invariant: InvariantMap | None = field(default=None, compare=False)
    typical: tuple[float, ...] = field(default=(), compare=False)

    @property
    def is_leaf(self) -> bool:
        """Whether this is an external particle."""
        return not self.children

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for systems that differ by the names of their legs only."""
        invariant = None if self.invariant is None else self.invariant.key
        return (self.particles, self.least, invariant, *(child.key for child in self.children))

    @property
    def leaves(self) -> tuple[int, ...]:
        """Its particles, in the order of the tree."""
        if self.is_leaf:
            return self.legs
        return tuple(leg for child in self.children for leg in child.leaves)


def build_blocks(
    topology: Topology,
    masses: Sequence[float],
    powers: Powers,
    least_mass: Callable[[frozenset[int]], float],
) -> tuple[Node, ...]:
    """Build the tree of each block between space-like propagators.

    Parameters
    ----------
    topology
        The channel.
    masses
        Of the outgoing legs 2, 3, ... in GeV.
    powers
        Exponents of the maps.
    least_mass
        Least mass in GeV that cuts allow a set of legs to have.

    Returns
    -------
    tuple of Node
        One node a block, from beam 0 to beam 1; a topology without space-like propagators has
        one block, the whole final state.
    """
    by_legs = {p.legs: p for p in topology.time_like}

    def node(legs: frozenset[int]) -> Node:
        if len(legs) == 1:
            (leg,) = legs
            mass = float(masses[leg - 2])
            return Node((leg,), mass, mass, typical=(mass,))
        inside = [p.legs for p in topology.time_like if p.legs < legs]
        largest = [a for a in inside if not any(a < b for b in inside)]
        single = legs.difference(*largest) if largest else legs
        parts = [*largest, *(frozenset((leg,)) for leg in single)]
        children = tuple(
            sorted(map(node, parts), key=lambda c: (*_width(by_legs, c), -c.least, c.legs))
        )
        least = max(least_sum(children), least_mass(legs), RESOLUTION)
        particles = sum(child.particles for child in children)
        propagator = by_legs.get(legs)
        poles = () if propagator is None else propagator.poles
        own = [_pole_map(*pole, powers, particles, least) for pole in poles]
        own = own or [power_law(powers.open, powers.floor)]
        lightest = min((mass for mass, width in poles if is_narrow(mass, width)), default=0.0)
        children = (_either_off_shell(children[0], children[1:], lightest), *children[1:])
        sums = typical_sums(children)
        return Node(
            tuple(sorted(legs)),
            particles,
            least,
            children,
            competing_map(own, sums, least),
            _typical(own, sums, least),
        )

    return tuple(node(block) for block in topology.blocks)


def _either_off_shell(first: Node, others: Sequence[Node], mass: float) -> Node:
    """Let the part that is drawn first be what the others leave of a narrow resonance.

    H -> W W* is too light for both on their mass shells, and either may be the one off it.
    """
    left = mass - sum(part.typical[-1] for part in others)
    if not isinstance(first.invariant, BreitWigner) or not first.least < left < first.typical[-1]:
        return first
    return replace(first, invariant=Mixture([first.invariant, remainder(left)]))


def least_sum(parts: Sequence[Node]) -> float:
    """Least mass in GeV of a system of parts, of which the last two are a system as well."""
    raised = max(0.0, RESOLUTION - sum(part.least for part in parts[-2:]))
    return sum(part.least for part in parts) + raised


def typical_sums(parts: Sequence[Node]) -> tuple[float, ...]:
    """Masses in GeV that parts have together where they are typical, the heaviest few."""
    sums = {round(sum(chosen), 6) for chosen in product(*(part.typical for part in parts))}
    return tuple(sorted(sums)[-_MOST_THRESHOLDS:])


def competing_map(
    own: Sequence[InvariantMap], inside: Sequence[float] = (), least: float = 0.0
) -> InvariantMap:
    """Return the map of a system where several densities compete.

    Parameters
    ----------
    own
        Maps of the particles that the system's propagator may be.
    inside
        Masses in GeV that its parts have together where they are typical.
    least
        Mass in GeV from which it is possible.

    Returns
    -------
    InvariantMap
        Their mixture, with a density above every threshold of resonances among the parts that is
        heavier than the system's own resonances: those decay to them.
    """
    resonances = _resonances(own, least)
    thresholds = _thresholds(resonances, inside, least)
    if thresholds and min(inside) > _RESOLVED * least:
        # below all thresholds is next to nothing
        own = [m for m in own if isinstance(m, BreitWigner)]
    maps = list({m.key: m for m in [*own, *map(shoulder, thresholds)]}.values())
    return maps[0] if len(maps) == 1 else Mixture(maps)


def _resonances(maps: Sequence[InvariantMap], least: float) -> list[float]:
    masses = [m.mass2**0.5 for m in maps if isinstance(m, BreitWigner)]
    return [mass for mass in masses if mass > least]


def _thresholds(resonances: Sequence[float], inside: Sequence[float], least: float) -> list[float]:
    lightest = max([_RESOLVED * least, *resonances])
    return [mass for mass in inside if mass > lightest]


def _typical(
    own: Sequence[InvariantMap], inside: Sequence[float], least: float
) -> tuple[float, ...]:
    """Masses where a system lives: its resonances, and its parts' unless it decays to them."""
    resonances = _resonances(own, least)
    decays = resonances and all(isinstance(m, BreitWigner) for m in own)
    wide = _thresholds(resonances, inside, least) if decays else inside
    return tuple(sorted({max(least, mass) for mass in (*resonances, *wide)}))


def _width(by_legs: dict[frozenset[int], Propagator], child: Node) -> tuple[int, float]:
    """Sort key: resonances, narrowest first, then other systems, then particles."""
    if child.is_leaf:
        return 2, 0.0
    propagator = by_legs.get(frozenset(child.legs))
    widths = () if propagator is None else [width for _, width in propagator.poles if width > 0]
    return (0, min(widths)) if widths else (1, 0.0)


def _pole_map(
    mass: float, width: float, powers: Powers, particles: float, least: float
) -> InvariantMap:
    """Choose the map of a propagator whose particles have masses of the sum ``particles``."""
    if mass > 0 and abs(mass - particles) < 1e-9 * particles:
        # Radiation from a massive particle: the pole is the threshold, 1/(s - m^2).
        return PowerLaw(powers.time_like, mass * (mass - powers.floor))
    if width > 0:
        return BreitWigner(mass, width)
    if 0 < mass < least:
        return PowerLaw(powers.time_like, mass**2)
    # The pole of a stable particle inside the range is no pole of a physical amplitude.
    return power_law(powers.time_like, powers.floor)
