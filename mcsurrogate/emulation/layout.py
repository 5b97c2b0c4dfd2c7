# SPDX-License-Identifier: GPL-3.0-or-later
"""What an emulator knows about its process before it sees a point."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from mcsurrogate.emulation.antenna import Flow, antenna_flows
from mcsurrogate.matrix_elements import Process, StandardModel, as_number, pure_qcd

__all__ = ["ProcessLayout", "Triple"]

_HEAVIEST_QUARK = 6
_W_BOSON = 24
_SELF_CONJUGATE = frozenset({21, 22, 23, 25})


@dataclass(frozen=True, slots=True)
class Triple:
    """The propagator invariant of three legs, K^2 - m^2 with K the sum of their momenta.

    Attributes
    ----------
    legs
        The three legs.
    signs
        Sign with which 2 p_i.p_j of each pair enters: negative between incoming and outgoing.
    offset
        What has to be added, in GeV^2: squared masses of the legs minus that of the
        propagator.
    """

    legs: tuple[int, int, int]
    signs: dict[tuple[int, int], int]
    offset: float


@dataclass(frozen=True)
class ProcessLayout:
    """Legs, pairs, symmetries and colour flows of a partonic process.

    Attributes
    ----------
    process
        The process, incoming legs first.
    parameters
        Parameters of the model; they fix the masses of the legs.
    antennae
        Whether the colour flows are used; without them there is one empty flow.
    """

    process: Process
    parameters: StandardModel
    antennae: bool = True

    @property
    def legs(self) -> int:
        """Number of external legs."""
        return self.process.n_legs

    @cached_property
    def masses(self) -> tuple[float, ...]:
        """Masses of the legs in GeV."""
        return tuple(as_number(p.mass(self.parameters)) for p in self.process.particles)

    @cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """All pairs of legs (i < j), the incoming one first."""
        return tuple(combinations(range(self.legs), 2))

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """Powers of the invariants in every leading-colour flow."""
        return tuple(antenna_flows(self.process)) if self.antennae else ({},)

    @cached_property
    def identical(self) -> tuple[tuple[int, ...], ...]:
        """Groups of two or more identical outgoing legs."""
        groups: dict[int, list[int]] = {}
        for leg, pdg in enumerate(self.process.pdg_ids):
            if leg >= 2:
                groups.setdefault(pdg, []).append(leg)
        return tuple(tuple(group) for group in groups.values() if len(group) > 1)

    @property
    def identical_beams(self) -> bool:
        """Whether both incoming legs are the same particle."""
        return self.process.incoming[0] == self.process.incoming[1]

    @cached_property
    def conjugate_pair(self) -> tuple[int, int] | None:
        """An outgoing quark and antiquark whose momenta may be exchanged.

        CP takes the process to the one of the antiparticles with mirrored momenta.  Where the
        quark and the antiquark are the only legs that this changes it is the same process with
        both exchanged, and parity changes no invariant.  With a single W it is the process of
        the other W with the flavours exchanged, and quarks of equal mass have equal amplitudes.
        None where the process is not of this kind.
        """
        ids = self.process.pdg_ids
        quarks = [leg for leg, pdg in enumerate(ids) if abs(pdg) <= _HEAVIEST_QUARK]
        others = [pdg for leg, pdg in enumerate(ids) if leg not in quarks]
        if len(quarks) != 2 or min(quarks) < 2 or self.process.excluded:
            return None
        first, second = quarks
        bosons = [abs(pdg) for pdg in others if abs(pdg) not in _SELF_CONJUGATE]
        same_flavour = ids[first] == -ids[second] and not bosons
        one_w = self.masses[first] == self.masses[second] and bosons == [_W_BOSON]
        return (first, second) if same_flavour or one_w else None

    @property
    def beam_reference(self) -> int:
        """The outgoing leg that orders identical beams.

        It is the most energetic of the first group of identical legs, else the first leg outside
        the conjugate pair, whose order follows from that of the beams.
        """
        if self.identical:
            return self.identical[0][0]
        pair = self.conjugate_pair or ()
        return next((leg for leg in range(2, self.legs) if leg not in pair), 2)

    @cached_property
    def compare_exchanges(self) -> tuple[tuple[int, int], ...]:
        """Comparisons that sort all groups of identical outgoing legs (insertion network)."""
        network: list[tuple[int, int]] = []
        for group in self.identical:
            for end in range(len(group) - 1, 0, -1):
                network += [(group[k], group[k + 1]) for k in range(end)]
        return tuple(network)

    @cached_property
    def triples(self) -> tuple[Triple, ...]:
        """Propagator invariants of three legs, none for fewer than six legs.

        With six legs each is listed once, not again as that of the three other legs.  For
        massless incoming legs each has one sign in all of phase space (t u >= m1^2 m2^2 and
        t + u < 0), so that its logarithm is smooth; for massive ones none is used.
        """
        if self.legs < 6 or any(self.masses[:2]):
            return ()
        chosen = (
            legs for legs in combinations(range(self.legs), 3) if self.legs > 6 or legs[0] == 0
        )
        return tuple(self._triple(legs) for legs in chosen)

    def _triple(self, legs: tuple[int, int, int]) -> Triple:
        signs = {(i, j): (-1 if i < 2 <= j else 1) for i, j in combinations(legs, 2)}
        particles = [self.process.particles[leg] for leg in legs]
        squares = [self.masses[leg] ** 2 for leg in legs]
        heavy = [
            square
            for square, particle in zip(squares, particles, strict=True)
            if particle.is_fermion and square > 0.0
        ]
        # A single heavy quark that radiates keeps its mass; a W changes it.
        charged_current = any(abs(particle.pdg) == 24 for particle in particles)
        propagator = heavy[0] if len(heavy) == 1 and not charged_current else 0.0
        offset = sum(squares) - propagator
        return Triple(legs, signs, offset)

    @cached_property
    def scale_free(self) -> bool:
        """Whether nothing has a mass, so that only ratios of invariants matter."""
        return not any(self.masses) and pure_qcd(self.process)

    @property
    def dimension(self) -> int:
        """Power of GeV^-2 of the squared amplitude: n - 4 with n legs."""
        return self.legs - 4

    def pair_index(self, first: int, second: int) -> int:
        """Position of a pair of legs in :attr:`pairs`."""
        return self.pairs.index((min(first, second), max(first, second)))

    def map_flows(self, use: Callable[[int, int, int], None]) -> None:
        """Call ``use(flow, pair, power)`` for every factor of every flow."""
        for number, flow in enumerate(self.flows):
            for (first, second), power in flow.items():
                use(number, self.pair_index(first, second), power)
