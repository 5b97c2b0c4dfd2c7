# SPDX-License-Identifier: GPL-3.0-or-later
"""What clusters can decay into: vertices of an end and a popped flavour, pairs, thresholds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.clusters.flavours import (
    CLUSTER_ENDS,
    POPPED,
    conjugate_hadron,
    end_index,
    partner,
    popcorn_partner,
    popped_index,
)
from mcsurrogate.hadronization.clusters.steps import KINDS, DecaySteps
from mcsurrogate.hadronization.string_breaks.flavours import QUARKS

__all__ = ["DecayTables", "second_is_anti", "seen_vertices", "vertices_of_hadrons"]

_ENDS = len(CLUSTER_ENDS)
#: Classes of popped flavours as ends of the next cluster.
POPPED_END = np.array([end_index(code) for code in POPPED])


def is_diquark(end: int) -> bool:
    """Whether a class of ends is one of diquarks; two of them never become two mesons."""
    return end >= len(QUARKS)


def second_is_anti(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the second end of canonical clusters is an antiparticle."""
    return ~((first >= 5) & (second < 5))


@dataclass(frozen=True, slots=True)
class DecayTables:
    """Vertices, pairs of hadrons and thresholds of a model.

    Attributes
    ----------
    vertices
        ``(V, 3)`` int64: class of the end, popped flavour, code of the hadron that a positive end
        becomes.
    hadron_mass
        ``(V,)`` float64 reference mass of the vertex' hadron in GeV.
    pairs
        ``(14, 14, P, 2)`` int64 vertices of both hadrons for each pair of ends, -1 beyond the last.
    lightest
        ``(14, 14)`` float64 lightest pair of hadrons in GeV, infinity where there is none.
    """

    vertices: NDArray[np.int64]
    hadron_mass: NDArray[np.float64]
    pairs: NDArray[np.int64]
    lightest: NDArray[np.float64]

    @classmethod
    def build(cls, vertices: NDArray[np.int64], masses: Mapping[int, float]) -> "DecayTables":
        """Tables of given vertices.

        Raises
        ------
        HadronizationError
            If there is no vertex, or a hadron has no mass.
        """
        if len(vertices) == 0:
            raise HadronizationError("no cluster decays into two hadrons: the data do not suffice")
        unknown = {int(code) for code in np.abs(vertices[:, 2])} - set(masses)
        if unknown:
            raise HadronizationError(f"hadrons {sorted(unknown)} have no mass")
        mass = np.array([masses[abs(int(code))] for code in vertices[:, 2]])
        of_end: list[list[list[int]]] = [[[] for _ in POPPED] for _ in range(_ENDS)]
        for v, (end, popped, _) in enumerate(vertices.tolist()):
            of_end[end][popped].append(v)
        lists = {
            (a, b): [
                (v, w)
                for x, end in enumerate(POPPED_END)
                if not is_diquark(a) or not is_diquark(b) or not is_diquark(end)
                for v in of_end[a][x]
                for w in of_end[b][x]
            ]
            for a in range(_ENDS)
            for b in range(a + 1)
        }
        pairs = np.full((_ENDS, _ENDS, max(map(len, lists.values())), 2), -1, dtype=np.int64)
        lightest = np.full((_ENDS, _ENDS), np.inf)
        for (a, b), entries in lists.items():
            if entries:
                pairs[a, b, : len(entries)] = entries
                pairs[b, a, : len(entries)] = np.array(entries)[:, ::-1]
                lightest[a, b] = lightest[b, a] = mass[np.array(entries)].sum(axis=1).min()
        return cls(vertices, mass, pairs, lightest)

    def kind_threshold(self) -> NDArray[np.float64]:
        """``(14, 14, 4)`` lowest cluster mass in GeV of each kind of step."""
        result = np.full((_ENDS, _ENDS, len(KINDS)), np.inf)
        result[..., 0] = self.lightest
        side = self.peel_threshold()
        result[..., 1] = side.min(axis=2)
        result[..., 2] = result[..., 1].T
        for x in POPPED_END:
            both = self.lightest[:, x][:, None] + self.lightest[x, :][None, :]
            result[..., 3] = np.minimum(result[..., 3], both)
        return result

    def peel_threshold(self) -> NDArray[np.float64]:
        """``(14, 14, V)``: mass of the vertex' hadron and of the lightest rest, infinity if none.

        The first index is the end that the hadron holds.
        """
        end, popped, _ = self.vertices.T
        result = np.full((_ENDS, _ENDS, len(self.vertices)), np.inf)
        rest = self.lightest[POPPED_END[popped]].T + self.hadron_mass  # (end of the rest, V)
        for v, a in enumerate(end):
            result[a, :, v] = rest[:, v]
        return result

    def pop_threshold(self) -> NDArray[np.float64]:
        """``(14, 14, 9)`` lowest mass of two clusters for each popped flavour."""
        light = self.lightest[:, POPPED_END]
        return light[:, None, :] + light[None, :, :]


def vertices_of_hadrons(codes: Iterable[int], *, popcorn: bool = False) -> NDArray[np.int64]:
    """All vertices at which positive ends can become the given hadrons or their antiparticles.

    Parameters
    ----------
    codes
        PDG codes without sign.
    popcorn
        Whether diquarks may give a quark to a meson.

    Returns
    -------
    NDArray[np.int64]
        ``(V, 3)`` class of the end, popped flavour, code; sorted.
    """
    found = set()
    for code in codes:
        for hadron in {code, conjugate_hadron(code)}:
            for end, flavour in enumerate(CLUSTER_ENDS):
                joined = partner(flavour, hadron)
                if joined == 0 and popcorn:
                    joined = popcorn_partner(flavour, hadron)
                popped = popped_index(joined)
                if popped >= 0:
                    found.add((end, popped, hadron))
    return np.array(sorted(found), dtype=np.int64).reshape(-1, 3)


def seen_vertices(steps: DecaySteps) -> NDArray[np.int64]:
    """Vertices of all hadrons in steps, ``(V, 3)``, sorted."""
    anti = second_is_anti(steps.first, steps.second)
    conjugate = np.vectorize(conjugate_hadron, otypes=[np.int64])
    rows = []
    for side, end in ((0, steps.first), (1, steps.second)):
        use = (steps.kind >= 0) & (steps.products[:, side] != 0)
        code = steps.products[use, side]
        if side == 1 and len(code):
            code = np.where(anti[use], conjugate(code), code)
        rows.append(np.stack([end[use], steps.popped[use], code], axis=1))
    found, counts = np.unique(np.concatenate(rows), axis=0, return_counts=True)
    return found[counts >= 1]
