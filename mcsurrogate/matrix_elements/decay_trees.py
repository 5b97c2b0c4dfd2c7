# SPDX-License-Identifier: GPL-3.0-or-later
"""Decay chains: what outgoing particles decay into, step by step."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations_with_replacement, product

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.conservation import check_conservation
from mcsurrogate.matrix_elements.coupling_orders import CouplingOrders
from mcsurrogate.matrix_elements.labels import Labels, resolve, restrictions
from mcsurrogate.matrix_elements.particles import particle_by_pdg
from mcsurrogate.matrix_elements.process_syntax import Clause
from mcsurrogate.matrix_elements.restrictions import Restrictions, particle_names

__all__ = [
    "Branch",
    "DecayDefinition",
    "Resonance",
    "assignments",
    "check_all_decay",
    "decayed",
    "read_decay",
]


@dataclass(frozen=True, slots=True)
class Resonance:
    """An intermediate particle of a decay chain, which every diagram has.

    Attributes
    ----------
    pdg
        PDG id, as outgoing from what makes it.
    legs
        Sorted external legs that it decays into in the end.
    orders
        Limits on the couplings of its own decay.
    restrictions
        Which diagrams of its own decay count.
    """

    pdg: int
    legs: tuple[int, ...]
    orders: CouplingOrders = field(default_factory=CouplingOrders)
    restrictions: Restrictions = field(default_factory=Restrictions)


@dataclass(frozen=True, slots=True)
class Branch:
    """An outgoing particle, and what it decays into; nothing where it does not."""

    pdg: int
    products: tuple["Branch", ...] = ()
    orders: CouplingOrders = field(default_factory=CouplingOrders)
    restrictions: Restrictions = field(default_factory=Restrictions)

    @property
    def leaves(self) -> tuple[int, ...]:
        """PDG ids of what is there in the end."""
        if not self.products:
            return (self.pdg,)
        return tuple(pdg for item in self.products for pdg in item.leaves)

    @property
    def key(self) -> str:
        """The same for branches that differ by the order of their products."""
        own = self.restrictions.clause((self.pdg,), (), self.orders)
        return f"{own}({','.join(sorted(item.key for item in self.products))})"

    def resonances(self, first: int) -> Iterator[Resonance]:
        """Yield the resonances of the branch, its leaves counted from a leg."""
        if self.products:
            legs = tuple(range(first, first + len(self.leaves)))
            yield Resonance(self.pdg, legs, self.orders, self.restrictions)
            for item in self.products:
                yield from item.resonances(first)
                first += len(item.leaves)


@dataclass(frozen=True, slots=True)
class DecayDefinition:
    """How a particle decays, possibly with labels.

    Attributes
    ----------
    text
        As it was written.
    pdg_ids
        Of the particles that may decay so.
    choices
        PDG ids of each product.
    orders
        Limits on the couplings of this decay.
    restrictions
        Which of its diagrams count.
    decays
        Of its products.
    """

    text: str
    pdg_ids: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...]
    orders: CouplingOrders
    restrictions: Restrictions
    decays: tuple["DecayDefinition", ...]

    def makes(self, pdg_ids: Iterable[int]) -> bool:
        """Whether one of these particles is among its products."""
        return any(pdg in choice for pdg in pdg_ids for choice in self.choices)

    def branches(self, pdg: int) -> list[Branch]:
        """All decays of one particle.

        Raises
        ------
        ProcessError
            If none obeys the conservation laws, or one contradicts another.
        """
        found: dict[str, Branch] = {}
        reason: ProcessError | None = None
        for products in assignments(self.choices):
            try:
                name = f"decay {self.text!r} to {particle_names(products)}"
                check_conservation((pdg,), products, name)
            except ProcessError as error:
                reason = reason or error
                continue
            for branches in decayed(products, self.decays, self.text):
                branch = Branch(pdg, branches, self.orders, self.restrictions)
                found.setdefault(branch.key, branch)
        if not found:
            raise ProcessError(
                f"{self.text!r}: no such decay obeys the conservation laws; {reason}"
            )
        return list(found.values())


def decayed(
    products: tuple[int, ...], decays: tuple[DecayDefinition, ...], text: str
) -> Iterator[tuple[Branch, ...]]:
    """Let outgoing particles decay in all ways that differ by more than their order.

    A decay is for every particle that it names; where a particle appears k times, k decays are
    for one each.
    """
    options: list[list[Branch]] = []
    for leg, pdg in enumerate(products):
        own = [decay for decay in decays if pdg in decay.pdg_ids]
        count, place = products.count(pdg), products[:leg].count(pdg)
        if len(own) > 1 and len(own) != count:
            name = particle_by_pdg(pdg).name
            raise ProcessError(
                f"{text!r}: {len(own)} decays for {count} outgoing {name}; give one, perhaps with "
                "multiparticle labels, or one for each of them"
            )
        if not own:
            options.append([Branch(pdg)])
        else:
            options.append(own[place if len(own) > 1 else 0].branches(pdg))
    found: set[tuple[str, ...]] = set()
    for branches in product(*options):
        key = tuple(sorted(branch.key for branch in branches))
        if key not in found:
            found.add(key)
            yield branches


def check_all_decay(made: Iterable[int], decays: tuple[DecayDefinition, ...], text: str) -> None:
    """Refuse decays of what is not made.

    Raises
    ------
    ProcessError
        With what to write instead.
    """
    present = set(made)
    for decay in decays:
        if not present & set(decay.pdg_ids):
            makers = [other.text for other in decays if other.makes(decay.pdg_ids)]
            wanted = f"({makers[0]}, {decay.text})" if makers else "(t > w+ b, w+ > e+ ve)"
            raise ProcessError(
                f"{text!r}: nothing outgoing decays by {decay.text!r}; the decay of a decay "
                f"product stands in brackets with it, '{wanted}'"
            )


def assignments(choices: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """Yield definite particles for each leg; legs with the same choice are not ordered."""
    positions: dict[tuple[int, ...], list[int]] = {}
    for leg, choice in enumerate(choices):
        positions.setdefault(choice, []).append(leg)
    pools = [combinations_with_replacement(choice, len(legs)) for choice, legs in positions.items()]
    order = [leg for legs in positions.values() for leg in legs]
    for groups in product(*pools):
        final = chain.from_iterable(groups)
        yield tuple(pdg for _, pdg in sorted(zip(order, final, strict=True)))


def read_decay(clause: Clause, labels: Labels, text: str) -> DecayDefinition:
    """Read a decay and those of its products.

    Raises
    ------
    ProcessError
        If a name is unknown, or a decay is of nothing that is made.
    """
    decays = tuple(read_decay(decay, labels, text) for decay in clause.decays)
    choices = tuple(resolve(name, labels, text) for name in clause.outgoing)
    check_all_decay({pdg for choice in choices for pdg in choice}, decays, text)
    return DecayDefinition(
        clause.text,
        resolve(clause.incoming[0], labels, text),
        choices,
        clause.orders,
        restrictions(clause, labels, text),
        decays,
    )
