# SPDX-License-Identifier: GPL-3.0-or-later
"""Scattering processes and decays with definite particles."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.conservation import check_conservation
from mcsurrogate.matrix_elements.coupling_orders import CouplingOrders
from mcsurrogate.matrix_elements.decay_trees import (
    Branch,
    Resonance,
    check_all_decay,
    decayed,
    read_decay,
)
from mcsurrogate.matrix_elements.labels import multiparticle_labels, resolve, restrictions
from mcsurrogate.matrix_elements.particles import Particle, antiparticle, particle_by_pdg
from mcsurrogate.matrix_elements.process_syntax import parse_text
from mcsurrogate.matrix_elements.restrictions import Restrictions

__all__ = ["Process"]


@dataclass(frozen=True, slots=True)
class Process:
    """One partonic process, or the decay of one particle, with definite particles.

    Attributes
    ----------
    incoming
        PDG ids of the two incoming particles, or of the one that decays.
    outgoing
        PDG ids of the outgoing particles, those of a decay chain after all decays.
    orders
        Limits on the coupling orders, of a decay chain without its decays.
    excluded
        PDG ids of particles that no propagator may have (``/``).
    required
        Alternative sets of particles of which a diagram has at least one set in s-channels: PDG
        ids as outgoing from what makes them.  Empty for none.
    forbidden
        PDG ids that no s-channel may have (``$$``).
    off_shell
        PDG ids that no s-channel may have on its mass shell (``$``): a cut on events, the
        amplitude has all diagrams.
    resonances
        Of a decay chain.
    """

    incoming: tuple[int, ...]
    outgoing: tuple[int, ...]
    orders: CouplingOrders = field(default_factory=CouplingOrders)
    excluded: frozenset[int] = frozenset()
    required: tuple[tuple[int, ...], ...] = ()
    forbidden: frozenset[int] = frozenset()
    off_shell: frozenset[int] = frozenset()
    resonances: tuple[Resonance, ...] = ()

    def __post_init__(self) -> None:
        for pdg in self.pdg_ids:
            particle_by_pdg(pdg)
        if len(self.incoming) not in (1, 2):
            raise ProcessError(
                f"{self.name}: {len(self.incoming)} incoming particles, need two, or one that "
                "decays"
            )
        least = 3 - len(self.incoming)
        if len(self.outgoing) < least:
            count = "two" if least == 2 else "one"
            raise ProcessError(
                f"{self.name}: {len(self.outgoing)} outgoing particles, need at least {count}"
            )
        _check_resonances(self)
        check_conservation(self.incoming, self.outgoing, self.name)

    @classmethod
    def parse(cls, text: str) -> "Process":
        """Read a process with definite particles from a string in MadGraph's syntax.

        Raises
        ------
        ProcessError
            If the string cannot be understood, names a multiparticle label that stands
            for several particles, or violates a conservation law.
        """
        labels, clause = multiparticle_labels(), parse_text(text)
        pdgs: list[int] = []
        for name in (*clause.incoming, *clause.outgoing):
            choice = resolve(name, labels, text)
            if len(choice) > 1:
                raise ProcessError(
                    f"{text!r}: {name!r} stands for several particles; expand the process with "
                    "mcsurrogate.matrix_elements.subprocesses"
                )
            pdgs += choice
        count = len(clause.incoming)
        core = cls(
            tuple(pdgs[:count]),
            tuple(pdgs[count:]),
            clause.orders,
            **asdict(restrictions(clause, labels, text)),
        )
        decays = tuple(read_decay(decay, labels, text) for decay in clause.decays)
        check_all_decay(core.outgoing, decays, text)
        branches, *more = decayed(core.outgoing, decays, text)
        if more:
            raise ProcessError(
                f"{text!r}: its decays stand for {1 + len(more)} processes; expand it with "
                "mcsurrogate.matrix_elements.subprocesses"
            )
        return core.with_decays(branches)

    @property
    def pdg_ids(self) -> tuple[int, ...]:
        """PDG ids of all external legs, incoming first."""
        return (*self.incoming, *self.outgoing)

    @property
    def n_incoming(self) -> int:
        """Number of incoming particles: two, or one that decays."""
        return len(self.incoming)

    @property
    def n_legs(self) -> int:
        """Number of external legs."""
        return len(self.incoming) + len(self.outgoing)

    @property
    def particles(self) -> tuple[Particle, ...]:
        """All external legs, incoming first."""
        return tuple(particle_by_pdg(pdg) for pdg in self.pdg_ids)

    @property
    def all_incoming(self) -> tuple[int, ...]:
        """PDG ids with outgoing legs crossed into the initial state."""
        return (*self.incoming, *(antiparticle(pdg) for pdg in self.outgoing))

    @property
    def is_restricted(self) -> bool:
        """Whether some diagrams are left out by more than the coupling orders."""
        return bool(self.excluded or self.required or self.forbidden or self.resonances)

    @property
    def name(self) -> str:
        """The process in MadGraph's syntax."""
        legs = range(len(self.incoming), self.n_legs)
        return ", ".join((self._head(legs), *self._decay_names(legs)))

    def _head(self, legs: Iterable[int]) -> str:
        """Name without decays."""
        return self.restrictions.clause(self.incoming, self._made(legs), self.orders)

    @property
    def restrictions(self) -> Restrictions:
        """Which diagrams count, of a decay chain without its decays."""
        return Restrictions(self.excluded, self.required, self.forbidden, self.off_shell)

    def _decay_names(self, legs: Iterable[int], inside: Resonance | None = None) -> list[str]:
        names = []
        for resonance in self._within(legs, inside):
            made = self._made(resonance.legs, resonance)
            head = resonance.restrictions.clause((resonance.pdg,), made, resonance.orders)
            nested = self._decay_names(resonance.legs, resonance)
            names.append(f"({', '.join((head, *nested))})" if nested else head)
        return names

    def _within(self, legs: Iterable[int], inside: Resonance | None = None) -> list[Resonance]:
        """Resonances next below some legs, by their first leg."""
        here = set(legs)
        below = [r for r in self.resonances if set(r.legs) <= here and r != inside]
        largest = [r for r in below if not any(set(r.legs) < set(o.legs) for o in below)]
        return sorted(largest, key=lambda r: r.legs)

    def _made(self, legs: Iterable[int], inside: Resonance | None = None) -> tuple[int, ...]:
        """PDG ids that a vertex region makes: resonances, and legs that come from none."""
        resonances = self._within(legs, inside)
        hidden = {leg for r in resonances for leg in r.legs}
        entries = [(r.legs[0], r.pdg) for r in resonances]
        entries += [(leg, self.pdg_ids[leg]) for leg in legs if leg not in hidden]
        return tuple(pdg for _, pdg in sorted(entries))

    @property
    def core(self) -> "Process":
        """The process without its decays."""
        if not self.resonances:
            return self
        made = self._made(range(len(self.incoming), self.n_legs))
        return replace(self, outgoing=made, resonances=())

    def decay_of(self, resonance: Resonance) -> "Process":
        """Return the decay of one resonance, without those of its products."""
        return Process(
            (resonance.pdg,),
            self._made(resonance.legs, resonance),
            resonance.orders,
            **asdict(resonance.restrictions),
        )

    @property
    def symmetry_factor(self) -> int:
        """Product of n! over groups of n identical outgoing particles.

        Decay products of different resonances are not exchanged, as in MadGraph; resonances that
        decay alike count as identical.
        """
        factor = 1
        todo: list[tuple[Iterable[int], Resonance | None]] = [
            (range(len(self.incoming), self.n_legs), None)
        ]
        while todo:
            legs, inside = todo.pop()
            below = self._within(legs, inside)
            hidden = {leg for r in below for leg in r.legs}
            kinds = [self._structure(r) for r in below]
            kinds += [(self.pdg_ids[leg],) for leg in legs if leg not in hidden]
            factor *= math.prod(math.factorial(count) for count in Counter(kinds).values())
            todo += [(r.legs, r) for r in below]
        return factor

    def _structure(self, resonance: Resonance) -> tuple[object, ...]:
        """Tell what a resonance decays into, whatever the order."""
        below = self._within(resonance.legs, resonance)
        hidden = {leg for r in below for leg in r.legs}
        alone = sorted(self.pdg_ids[leg] for leg in resonance.legs if leg not in hidden)
        return (
            resonance.pdg,
            resonance.restrictions,
            tuple(alone),
            tuple(sorted(map(repr, map(self._structure, below)))),
        )

    @property
    def average_factor(self) -> int:
        """Number of spin and colour states of the initial state.

        Incoming neutrinos count two spin states, as in MadGraph; cross sections of a beam of
        left-handed neutrinos are twice as large.
        """
        factor = 1
        for pdg in self.incoming:
            particle = particle_by_pdg(pdg)
            factor *= _spin_states(particle) * abs(particle.colour)
        return factor

    def with_decays(self, branches: tuple[Branch, ...]) -> "Process":
        """Return the same process with its outgoing particles decayed."""
        resonances: list[Resonance] = []
        first = len(self.incoming)
        for branch in branches:
            resonances += branch.resonances(first)
            first += len(branch.leaves)
        outgoing = tuple(pdg for branch in branches for pdg in branch.leaves)
        return replace(self, outgoing=outgoing, resonances=tuple(resonances))

    def with_orders(self, orders: CouplingOrders) -> "Process":
        """Return the same process with other coupling-order limits."""
        return replace(self, orders=orders)

    def __str__(self) -> str:
        return self.name


def _spin_states(particle: Particle) -> int:
    if particle.is_fermion:
        return 2
    if particle.pdg == 25:
        return 1
    return 3 if particle.mass_name else 2


def _check_resonances(process: Process) -> None:
    for resonance in process.resonances:
        particle = particle_by_pdg(resonance.pdg)
        if not particle.resonance_width_name:
            raise ProcessError(
                f"{process.name}: {particle.name} has no width, and a decay chain is a product of "
                "resonances; name its decay products in the place of it"
            )
    for first, second in combinations(process.resonances, 2):
        one, other = set(first.legs), set(second.legs)
        if one & other and not (one < other or other < one):
            raise ProcessError(f"{process.name}: decays of the same particles")
