# SPDX-License-Identifier: GPL-3.0-or-later
"""From hadronic processes to partonic subprocesses, with equal amplitudes computed once.

Two subprocesses have equal amplitudes if a permutation of legs, an exchange of the
generations of massless quarks or leptons, or (where only the strong interaction acts) any
relabelling of massless flavours and charge conjugation turns one into the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.coupling_orders import CouplingOrders
from mcsurrogate.matrix_elements.orders import (
    allowed_powers,
    coupling_powers,
    has_diagrams_without_restrictions,
    resolve_orders,
)
from mcsurrogate.matrix_elements.particles import antiparticle
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.process_definition import ProcessDefinition
from mcsurrogate.matrix_elements.restrictions import Restrictions

__all__ = ["Subprocess", "SubprocessGroup", "expand"]


@dataclass(frozen=True, slots=True)
class Subprocess:
    """One partonic subprocess of a group.

    Attributes
    ----------
    pdg_ids
        PDG ids of the external legs, the parton of the first beam first.
    permutation
        Leg i of the group's representative is leg ``permutation[i]`` here: the amplitude
        is the representative's at ``momenta[:, permutation]``.
    conjugated
        Whether the representative's particles are antiparticles here, so that its colour
        flows have colour and anticolour exchanged.
    """

    pdg_ids: tuple[int, ...]
    permutation: tuple[int, ...]
    conjugated: bool = False

    def colour_flow(self, flow: ColourFlow) -> ColourFlow:
        """Return a colour flow of the representative in this subprocess's order of legs."""
        lines: list[tuple[int, int]] = [(0, 0)] * len(flow)
        for position, (colour, anticolour) in enumerate(flow):
            pair = (anticolour, colour) if self.conjugated else (colour, anticolour)
            lines[self.permutation[position]] = pair
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class SubprocessGroup:
    """Subprocesses whose amplitude is that of one representative.

    Attributes
    ----------
    representative
        The process that is evaluated.
    members
        All subprocesses of the group, the representative among them.
    """

    representative: Process
    members: tuple[Subprocess, ...]

    @property
    def permutations(self) -> tuple[tuple[int, ...], ...]:
        """The distinct leg permutations for which the amplitude must be evaluated."""
        return tuple(dict.fromkeys(member.permutation for member in self.members))


def expand(
    definition: ProcessDefinition | str, flavours: int = 4, bottom_massless: bool = False
) -> tuple[SubprocessGroup, ...]:
    """Expand a process into groups of partonic subprocesses with equal amplitudes.

    Parameters
    ----------
    definition
        Process in MadGraph's syntax, or already parsed.
    flavours
        Number of quark flavours in ``p`` and ``j`` where a string is given.
    bottom_massless
        Whether the bottom quark counts among the massless flavours.

    Raises
    ------
    ProcessError
        If no subprocess obeys the conservation laws, or none has a tree diagram.
    """
    if isinstance(definition, str):
        definition = ProcessDefinition.parse(definition, flavours)
    candidates = [
        (process, powers)
        for process in definition.partonic_processes()
        if (powers := coupling_powers(process))
    ]
    if not candidates:
        refused = definition.partonic_processes()
        # the reason of one that restrictions took the diagrams of tells more
        telling = [item for item in refused if has_diagrams_without_restrictions(item)]
        resolve_orders((telling or refused)[0])
    orders = definition.orders
    if orders.is_default:
        orders = CouplingOrders(
            weighted=min(qcd + 2 * qed for _, powers in candidates for qcd, qed in powers)
        )
    groups: dict[_Key, list[Subprocess]] = {}
    representatives: dict[_Key, tuple[Process, tuple[int, ...], bool]] = {}
    for process, _ in candidates:
        process = process.with_orders(orders)
        allowed = allowed_powers(process)
        if not allowed:
            continue
        # in a decay chain of the core, whose legs no resonance decays into
        core = allowed_powers(process.core)
        strong = all(qed == 0 for _, qed in core) and not process.required
        key, order, conjugated = _canonical(process, strong, bottom_massless)
        # The first subprocess found represents its group.
        _, base, base_conjugated = representatives.setdefault(key, (process, order, conjugated))
        permutation = tuple(leg for _, leg in sorted(zip(base, order, strict=True)))
        groups.setdefault(key, []).append(
            Subprocess(process.pdg_ids, permutation, conjugated != base_conjugated)
        )
    if not groups:
        possible = sorted({power for _, powers in candidates for power in powers})
        text = ", ".join(f"QCD={qcd} QED={qed}" for qcd, qed in possible)
        raise ProcessError(f"{definition.name}: no diagram within the limits; possible are {text}")
    return tuple(
        SubprocessGroup(representatives[key][0], tuple(members)) for key, members in groups.items()
    )


_Key = tuple[tuple[int, ...], tuple[tuple[int, tuple[int, ...], Restrictions], ...]]
"""PDG ids of a representative, and its resonances with their legs and restrictions."""

_EXCHANGED = frozenset((1, 2, 3, 4, 5, 11, 12, 13, 14))
_PREFERENCE = {pdg: rank for rank, pdg in enumerate((21, 2, 1, 4, 3, 5, 6, 22, 11, 12))}


def _canonical(
    process: Process, strong: bool, bottom_massless: bool
) -> tuple[_Key, tuple[int, ...], bool]:
    """Return what the representative is known by, the permutation to it and the conjugation."""
    best: tuple[tuple[tuple[int, int, int], ...], _Key, tuple[int, ...], bool] | None = None
    limited = (process.restrictions, *(item.restrictions for item in process.resonances))
    named = {abs(pdg) for restrictions in limited for pdg in restrictions.pdg_ids}
    decays = tuple((item.pdg, item.legs, item.restrictions) for item in process.resonances)
    hidden = frozenset(leg for item in process.resonances for leg in item.legs)
    for conjugated in (False, True) if strong and not decays else (False,):
        pdgs = process.pdg_ids
        if conjugated:
            pdgs = tuple(antiparticle(pdg) for pdg in pdgs)
        for order in _leg_orders(process):
            ordered = tuple(pdgs[leg] for leg in order)
            relabelled = ordered
            if not named & _EXCHANGED:  # a restriction is on particles, not on generations
                relabelled = _relabel(ordered, strong, bottom_massless, hidden)
            rank = tuple(
                (_PREFERENCE.get(abs(pdg), abs(pdg)), abs(pdg), int(pdg < 0)) for pdg in relabelled
            )
            if best is None or rank < best[0]:
                best = (rank, (relabelled, decays), order, conjugated)
    assert best is not None  # there is always at least one order of the legs
    return best[1:]


def _leg_orders(process: Process) -> Iterator[tuple[int, ...]]:
    """Orders of the legs that differ; products of decays stay where they are."""
    first = process.n_incoming
    tails = [tuple(range(first, process.n_legs))]
    if not process.resonances:
        tails = list(_orders_that_differ(process.pdg_ids, tails[0]))
    for head in permutations(range(first)):
        for tail in tails:
            yield (*head, *tail)


def _orders_that_differ(pdgs: tuple[int, ...], legs: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Permutations of legs, of those that exchange identical particles only the first."""
    if not legs:
        yield ()
    taken = set()
    for leg in legs:
        if pdgs[leg] in taken:
            continue
        taken.add(pdgs[leg])
        rest = tuple(other for other in legs if other != leg)
        yield from ((leg, *tail) for tail in _orders_that_differ(pdgs, rest))


def _relabel(
    pdgs: tuple[int, ...], strong: bool, bottom_massless: bool, decayed: frozenset[int]
) -> tuple[int, ...]:
    """Exchange flavours that have equal amplitudes; ``decayed`` are legs from resonances."""
    if strong and decayed:
        core = tuple(pdg for leg, pdg in enumerate(pdgs) if leg not in decayed)
        made = tuple(pdg for leg, pdg in enumerate(pdgs) if leg in decayed)
        parts = iter(_any_flavour(core, bottom_massless)), iter(_generations(made))
        return tuple(next(parts[leg in decayed]) for leg in range(len(pdgs)))
    return _any_flavour(pdgs, bottom_massless) if strong else _generations(pdgs)


def _any_flavour(pdgs: tuple[int, ...], bottom_massless: bool) -> tuple[int, ...]:
    massless = 5 if bottom_massless else 4
    order = [2, 1, 4, 3, 5]
    mapping: dict[int, int] = {}
    for pdg in pdgs:
        if 1 <= abs(pdg) <= massless:
            mapping.setdefault(abs(pdg), order[len(mapping)])
    return tuple(
        (1 if pdg > 0 else -1) * mapping[abs(pdg)] if abs(pdg) in mapping else pdg for pdg in pdgs
    )


def _generations(pdgs: tuple[int, ...]) -> tuple[int, ...]:
    quark_swap = _first_generation(pdgs, (1, 2), (3, 4))
    lepton_swap = _first_generation(pdgs, (11, 12), (13, 14))
    return tuple(_swap_generation(pdg, quark_swap, lepton_swap) for pdg in pdgs)


def _first_generation(
    pdgs: tuple[int, ...], first: tuple[int, int], second: tuple[int, int]
) -> bool:
    """Whether the second generation appears before the first."""
    for pdg in pdgs:
        if abs(pdg) in first:
            return False
        if abs(pdg) in second:
            return True
    return False


def _swap_generation(pdg: int, quarks: bool, leptons: bool) -> int:
    number, sign = abs(pdg), 1 if pdg > 0 else -1
    if quarks and number <= 4:
        return sign * (number + 2 if number <= 2 else number - 2)
    if leptons and 11 <= number <= 14:
        return sign * (number + 2 if number <= 12 else number - 2)
    return pdg
