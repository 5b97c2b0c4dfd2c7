"""Which powers of the couplings the tree diagrams of a process have.

A dynamic programme over subsets of the external legs: the particles that the legs of a
subset can merge into, each with the possible powers of the couplings.  It is the skeleton
of the off-shell recursion without any numbers, and costs milliseconds.
"""

from functools import lru_cache
from itertools import combinations

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.interactions import interactions_by_inputs
from mcsurrogate.matrix_elements.particles import antiparticle
from mcsurrogate.matrix_elements.process import CouplingOrders, Process

__all__ = ["coupling_powers", "resolve_orders", "splits"]

Orders = frozenset[tuple[int, int]]


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


@lru_cache(maxsize=4096)
def coupling_powers(all_incoming: tuple[int, ...], excluded: frozenset[int]) -> Orders:
    """Return the possible (QCD, QED) powers of the tree diagrams.

    Parameters
    ----------
    all_incoming
        PDG ids of the legs with the outgoing ones crossed.
    excluded
        PDG ids of particles that no propagator may have.
    """
    table = interactions_by_inputs()
    n = len(all_incoming)
    currents: dict[int, dict[int, set[tuple[int, int]]]] = {
        1 << leg: {all_incoming[leg]: {(0, 0)}} for leg in range(n - 1)
    }
    everything = (1 << (n - 1)) - 1
    target = antiparticle(all_incoming[-1])
    for size in range(2, n):
        for legs in combinations(range(n - 1), size):
            subset = sum(1 << leg for leg in legs)
            here: dict[int, set[tuple[int, int]]] = {}
            for parts in splits(subset, 2) + (splits(subset, 3) if size > 2 else []):
                _merge(parts, currents, table, here)
            if subset == everything:
                here = {pdg: powers for pdg, powers in here.items() if pdg == target}
            elif excluded:
                here = {pdg: powers for pdg, powers in here.items() if pdg not in excluded}
            currents[subset] = here
    return frozenset(currents[everything].get(target, ()))


def _merge(
    parts: tuple[int, ...],
    currents: dict[int, dict[int, set[tuple[int, int]]]],
    table: dict,  # type: ignore[type-arg]
    here: dict[int, set[tuple[int, int]]],
) -> None:
    states: list[tuple[tuple[int, ...], set[tuple[int, int]]]] = [((), {(0, 0)})]
    for part in parts:
        states = [
            ((*pdgs, pdg), {(a + c, b + d) for a, b in powers for c, d in more})
            for pdgs, powers in states
            for pdg, more in currents[part].items()
        ]
    for pdgs, powers in states:
        for vertex, result in table.get(tuple(sorted(pdgs)), ()):
            here.setdefault(result, set()).update(
                (qcd + vertex.qcd, qed + vertex.qed) for qcd, qed in powers
            )


def resolve_orders(process: Process) -> Process:
    """Return the process with definite limits and check that it has diagrams.

    Raises
    ------
    ProcessError
        If the process has no tree diagram at all, or none within its limits.
    """
    powers = coupling_powers(process.all_incoming, process.excluded)
    if not powers:
        raise ProcessError(
            f"{process.name}: no tree-level diagram; loop-induced processes need an external "
            "amplitude or a closed form"
        )
    if process.orders.is_default:
        weighted = min(qcd + 2 * qed for qcd, qed in powers)
        return process.with_orders(CouplingOrders(weighted=weighted))
    if not any(process.orders.allows(*power) for power in powers):
        possible = ", ".join(f"QCD={qcd} QED={qed}" for qcd, qed in sorted(powers))
        raise ProcessError(f"{process.name}: no diagram within the limits; possible are {possible}")
    return process
