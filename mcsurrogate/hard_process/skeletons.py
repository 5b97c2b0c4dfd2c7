# SPDX-License-Identifier: GPL-3.0-or-later
"""Propagators of the diagrams of a process, at the legs where its events have them."""

from collections.abc import Sequence
from dataclasses import dataclass

from mcsurrogate.hard_process.loop_induced import is_loop_induced, loop_lines
from mcsurrogate.matrix_elements import StandardModel, SubprocessGroup, topologies

__all__ = ["Skeleton", "skeletons"]


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What remains of a diagram: who goes in and out, and the propagators between.

    Attributes
    ----------
    pdg_ids
        Of the external legs, the incoming ones first.
    lines
        Legs on one side, mass and width in GeV of each propagator.
    is_loop
        Whether a loop is one of the vertices.
    """

    pdg_ids: tuple[int, ...]
    lines: tuple[tuple[tuple[int, ...], float, float], ...]
    is_loop: bool = False


def skeletons(groups: Sequence[SubprocessGroup], model: StandardModel) -> list[Skeleton]:
    """Return the skeletons of all subprocesses.

    Contracted diagrams (four-particle vertices) have no pole of their own and are left out.

    Parameters
    ----------
    groups
        Subprocesses, their outgoing legs in the same order.
    model
        Masses and widths of the propagators.
    """
    found = []
    for group in groups:
        process = group.representative
        loop = is_loop_induced(process)
        diagrams = loop_lines(process) if loop else topologies(process, model)
        for permutation in group.permutations:
            ids = dict(zip(permutation, process.pdg_ids, strict=True))
            legs = tuple(ids[leg] for leg in range(process.n_legs))
            found += [
                Skeleton(
                    legs,
                    tuple((tuple(permutation[leg] for leg in side), m, w) for side, m, w in lines),
                    loop,
                )
                for lines in diagrams
                if len(lines) >= process.n_legs - 3
            ]
    return found
