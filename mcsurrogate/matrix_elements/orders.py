# SPDX-License-Identifier: GPL-3.0-or-later
"""Which powers of the couplings the tree diagrams of a process have.

A dynamic programme over subsets of the external legs: the particles that the legs of a
subset can merge into, each with the possible powers of the couplings.  It is the skeleton
of the off-shell recursion without any numbers, and costs milliseconds.
"""

from functools import lru_cache
from itertools import combinations

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.coupling_orders import CouplingOrders, Power
from mcsurrogate.matrix_elements.decay_trees import Resonance
from mcsurrogate.matrix_elements.interactions import interactions_by_inputs
from mcsurrogate.matrix_elements.particles import antiparticle
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.propagators import propagator_rules

__all__ = [
    "allowed_powers",
    "coupling_powers",
    "decay_power",
    "has_diagrams_without_restrictions",
    "interferences",
    "propagating",
    "resolve_orders",
    "splits",
]

Orders = frozenset[Power]
Currents = dict[int, set[tuple[int, int, int]]]
"""Powers of both couplings, and bits of required resonances, by PDG id."""


def splits(subset: int, parts: int, limit: int | None = None) -> list[tuple[int, ...]]:
    """All ways to divide a set of legs, a bit mask, into two or three non-empty parts.

    Parts are unordered: each division appears once.  ``limit`` bounds the size of a part.
    """
    legs = [bit for bit in range(subset.bit_length()) if subset >> bit & 1]
    first, others = legs[0], legs[1:]
    found: list[tuple[int, ...]] = []
    for size in range(len(others) + 1):
        if limit is not None and size + 1 > limit:
            break
        for chosen in combinations(others, size):
            head = (1 << first) | sum(1 << leg for leg in chosen)
            rest = subset & ~head
            if not rest:
                continue
            if parts == 2:
                if limit is None or rest.bit_count() <= limit:
                    found.append((head, rest))
            elif rest.bit_count() >= 2:
                found.extend((head, *pair) for pair in splits(rest, 2, limit))
    return found


@lru_cache(maxsize=64)
def _currents(process: Process) -> dict[int, Currents]:
    """Powers of the currents of all legs but the last, within no limits."""
    table = interactions_by_inputs()
    rules = propagator_rules(process)
    legs_of_all = process.all_incoming
    n = len(legs_of_all)
    currents: dict[int, Currents] = {
        1 << leg: {legs_of_all[leg]: {(0, 0, 0)}} for leg in range(n - 1)
    }
    everything = (1 << (n - 1)) - 1
    target = antiparticle(legs_of_all[-1])
    for size in range(2, n):
        for legs in combinations(range(n - 1), size):
            subset = sum(1 << leg for leg in legs)
            here: Currents = {}
            for parts in splits(subset, 2) + (splits(subset, 3) if size > 2 else []):
                _merge(parts, currents, table, here)
            if subset == everything:
                here = {pdg: powers for pdg, powers in here.items() if pdg == target}
            else:
                here = {
                    pdg: {
                        (qcd, qed, found | rules.found(subset, pdg)) for qcd, qed, found in powers
                    }
                    for pdg, powers in here.items()
                    if rules.allows(subset, pdg)
                }
            currents[subset] = here
    return currents


@lru_cache(maxsize=4096)
def _core_powers(process: Process) -> Orders:
    """Powers of a process without decays, within no limits."""
    everything = (1 << (process.n_legs - 1)) - 1
    target = antiparticle(process.all_incoming[-1])
    return frozenset(
        (qcd, qed)
        for qcd, qed, found in _currents(process)[everything].get(target, ())
        if propagator_rules(process).satisfied(found)
    )


def propagating(process: Process) -> frozenset[int]:
    """Return the PDG ids, without sign, of what may propagate within the limits of a process.

    Resonances among them; a few may be in no whole diagram.
    """
    core = process.core.with_orders(CouplingOrders())
    limits = _limits(process, coupling_powers(process)).select(coupling_powers(process))
    inside = (1 << (core.n_legs - 1)) - 1
    found = {
        abs(pdg)
        for legs, current in _currents(core).items()
        for pdg, powers in current.items()
        if legs != inside and legs.bit_count() > 1
        if any(a <= qcd and b <= qed for a, b, _ in powers for qcd, qed in limits)
    }
    return frozenset(found | {abs(item.pdg) for item in process.resonances})


def _merge(
    parts: tuple[int, ...],
    currents: dict[int, Currents],
    table: dict,  # type: ignore[type-arg]
    here: Currents,
) -> None:
    states: list[tuple[tuple[int, ...], set[tuple[int, int, int]]]] = [((), {(0, 0, 0)})]
    for part in parts:
        states = [
            (
                (*pdgs, pdg),
                {(a + c, b + d, e | f) for a, b, e in powers for c, d, f in more},
            )
            for pdgs, powers in states
            for pdg, more in currents[part].items()
        ]
    for pdgs, powers in states:
        for vertex, result in table.get(tuple(sorted(pdgs)), ()):
            here.setdefault(result, set()).update(
                (qcd + vertex.qcd, qed + vertex.qed, found) for qcd, qed, found in powers
            )


def coupling_powers(process: Process) -> Orders:
    """Return the possible (QCD, QED) powers of the tree diagrams, within no limits.

    Those of a decay chain are of the process without its decays.
    """
    return _core_powers(process.core.with_orders(CouplingOrders()))


def decay_power(process: Process, resonance: Resonance) -> Power:
    """Return the powers of one decay of a chain, without those of its products.

    Raises
    ------
    ProcessError
        If it has no diagram within its limits, or diagrams of several powers.
    """
    decay = process.decay_of(resonance)
    powers = allowed_powers(resolve_orders(decay))
    if len(powers) > 1:
        possible = ", ".join(f"QCD={qcd} QED={qed}" for qcd, qed in sorted(powers))
        raise ProcessError(
            f"{process.name}: the decay {decay.name!r} has diagrams of several powers; limit it to "
            f"one of {possible}"
        )
    return next(iter(powers))


def _decay_total(process: Process) -> Power:
    powers = [decay_power(process, resonance) for resonance in process.resonances]
    return sum(qcd for qcd, _ in powers), sum(qed for _, qed in powers)


@lru_cache(maxsize=4096)
def interferences(process: Process) -> frozenset[tuple[Power, Power]]:
    """Return the pairs of powers, decays included, whose product the squared amplitude holds.

    Without limits those of the smallest WEIGHTED; empty for a process without diagram.

    Raises
    ------
    ProcessError
        See `decay_power`.
    """
    powers = coupling_powers(process)
    pairs = _limits(process, powers).interferences(powers)
    qcd, qed = _decay_total(process)
    return frozenset(
        ((first[0] + qcd, first[1] + qed), (second[0] + qcd, second[1] + qed))
        for first, second in pairs
    )


def allowed_powers(process: Process) -> Orders:
    """Return the powers, decays included, of the diagrams that the squared amplitude needs."""
    return frozenset(first for first, _ in interferences(process))


def _limits(process: Process, powers: Orders) -> CouplingOrders:
    if powers and process.orders.is_default:
        return CouplingOrders(weighted=min(qcd + 2 * qed for qcd, qed in powers))
    return process.orders


def resolve_orders(process: Process) -> Process:
    """Return the process with definite limits and check that it has diagrams.

    Raises
    ------
    ProcessError
        If the process has no tree diagram at all, or none within its limits.
    """
    powers = coupling_powers(process)
    if not powers and has_diagrams_without_restrictions(process):
        raise ProcessError(
            f"{process.name}: no tree-level diagram is left: none has what is required and nothing "
            "that is excluded ('/') or forbidden ('$$')"
        )
    if not powers:
        raise ProcessError(
            f"{process.name}: no tree-level diagram; loop-induced processes need an external "
            "amplitude or a closed form"
        )
    process = process.with_orders(_limits(process, powers))
    if not process.orders.interferences(powers):
        possible = ", ".join(f"QCD={qcd} QED={qed}" for qcd, qed in sorted(powers))
        raise ProcessError(f"{process.name}: no diagram within the limits; possible are {possible}")
    interferences(process)  # refuses what its decays cannot have
    return process


def has_diagrams_without_restrictions(process: Process) -> bool:
    """Whether a process has tree diagrams if none is excluded, forbidden or required."""
    return bool(coupling_powers(Process(process.incoming, process.core.outgoing)))
