# SPDX-License-Identifier: GPL-3.0-or-later
"""Definitions of one card that share events, which would count twice."""

from collections.abc import Sequence
from functools import cache

from mcsurrogate.errors import CardError
from mcsurrogate.hard_process.loop_induced import is_loop_induced
from mcsurrogate.matrix_elements import (
    Process,
    Subprocess,
    SubprocessGroup,
    diagrams,
    interferences,
    particle_by_pdg,
)

__all__ = ["require_once"]

_LIGHT = frozenset({*range(1, 5), *range(11, 15), 16})
"""Fermions of the generations that share an amplitude."""

Lines = frozenset[tuple[tuple[int, ...], int]]


def require_once(
    numbered: Sequence[tuple[int, SubprocessGroup]], definitions: Sequence[str]
) -> None:
    """Refuse definitions that overlap.

    Two with the same particles do if a diagram is in both and a power of the couplings of its
    square is, unless one has a resonance on its mass shell where the other, after ``$``, has it
    off.

    Parameters
    ----------
    numbered
        Subprocesses with the number of their definition, from 1.
    definitions
        As they stand in the card.

    Raises
    ------
    CardError
        If two share a subprocess.
    """
    known: dict[object, list[tuple[int, SubprocessGroup, Subprocess]]] = {}
    for number, group in numbered:
        for member in group.members:
            key = (member.pdg_ids[:2], tuple(sorted(member.pdg_ids[2:])))
            for other, theirs, their_member in known.setdefault(key, []):
                if other != number and _overlap(group, member, theirs, their_member):
                    names = " ".join(particle_by_pdg(pdg).name for pdg in member.pdg_ids)
                    raise CardError(
                        f"process.definition: {definitions[other - 1]!r} and "
                        f"{definitions[number - 1]!r} both have the subprocess {names}, which "
                        "would count twice"
                    )
            known[key].append((number, group, member))


def _overlap(
    group: SubprocessGroup, member: Subprocess, other: SubprocessGroup, other_member: Subprocess
) -> bool:
    one, two = group.representative, other.representative
    if _outside(one) & _inside(two) or _outside(two) & _inside(one):
        return False
    if is_loop_induced(one) or is_loop_induced(two):
        return True
    if not interferences(one) & interferences(two):
        return False
    return bool(_placed(one, member) & _placed(two, other_member))


def _inside(process: Process) -> frozenset[int]:
    return frozenset(item.pdg for item in process.resonances)


def _outside(process: Process) -> frozenset[int]:
    nested = (item.restrictions.off_shell for item in process.resonances)
    return process.off_shell.union(*nested)


@cache
def _lines(process: Process) -> tuple[Lines, ...]:
    return tuple(
        frozenset((line.legs, 0 if line.pdg in _LIGHT else line.pdg) for line in diagram.lines)
        for diagram in diagrams(process)
    )


def _placed(process: Process, member: Subprocess) -> frozenset[Lines]:
    """Diagrams by their propagators, at the legs of a member in the order of its particles."""
    outgoing = sorted(range(2, len(member.pdg_ids)), key=lambda leg: (member.pdg_ids[leg], leg))
    place = {leg: number for number, leg in enumerate((0, 1, *outgoing))}
    return frozenset(
        frozenset(
            (tuple(sorted(place[member.permutation[leg]] for leg in legs)), pdg)
            for legs, pdg in diagram
        )
        for diagram in _lines(process)
    )
