# SPDX-License-Identifier: GPL-3.0-or-later
"""Charges and classes of particles from their PDG numbers, for whole arrays.

The PDG numbering scheme is section 45 of the Review of Particle Physics; the decoding is
that of the `particle` package, looked up once for every number met.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from particle import pdgid

__all__ = ["Species", "among", "groups_of", "species"]

_NEUTRINOS = frozenset({12, 14, 16, 18})
# Invisible besides neutrinos: the neutralino, gravitino and generic dark matter numbers.
_INVISIBLE = frozenset({1000012, 1000014, 1000016, 1000022, 1000039, 51, 52, 53})

_BOTTOM, _CHARM, _HADRON, _CHARGED_LEPTON, _INVISIBLE_BIT = 1, 2, 4, 8, 16
_TABLE_SIZE = 8192


@dataclass(frozen=True, slots=True)
class Species:
    """What the PDG numbers of M particles say.

    Attributes
    ----------
    three_charge
        ``(M,)`` three times the electric charge.
    hadron, charged_lepton, invisible, bottom, charm
        ``(M,)`` masks; ``invisible`` marks neutrinos and dark-matter candidates, ``bottom``
        and ``charm`` hadrons that hold such a quark.
    """

    three_charge: NDArray[np.int8]
    hadron: NDArray[np.bool_]
    charged_lepton: NDArray[np.bool_]
    invisible: NDArray[np.bool_]
    bottom: NDArray[np.bool_]
    charm: NDArray[np.bool_]

    @property
    def charged(self) -> NDArray[np.bool_]:
        """Mask of electrically charged particles."""
        charged: NDArray[np.bool_] = self.three_charge != 0
        return charged


def _classify(pid: int) -> tuple[int, int]:
    """Three times the charge, and the class bits, of one PDG number."""
    magnitude = abs(pid)
    bits = 0
    if pdgid.is_hadron(pid):
        bits |= _HADRON
        bits |= _BOTTOM if pdgid.has_bottom(pid) else 0
        bits |= _CHARM if pdgid.has_charm(pid) else 0
    if magnitude in (11, 13, 15, 17):
        bits |= _CHARGED_LEPTON
    if magnitude in _NEUTRINOS or magnitude in _INVISIBLE:
        bits |= _INVISIBLE_BIT
    return int(pdgid.three_charge(pid) or 0), bits


# Most numbers are small: two tables indexed by pid + _TABLE_SIZE; -1 marks "not met yet".
_charges = np.zeros(2 * _TABLE_SIZE + 1, dtype=np.int8)
_bits = np.full(2 * _TABLE_SIZE + 1, -1, dtype=np.int8)


@lru_cache
def _group_table(groups: tuple[tuple[int, ...], ...]) -> NDArray[np.int16]:
    table = np.full(_TABLE_SIZE + 2, -1, dtype=np.int16)  # larger numbers meet the last entry
    for i, numbers in enumerate(groups):
        table[[number for number in numbers if number <= _TABLE_SIZE]] = i
    return table


def groups_of(
    magnitude: NDArray[np.int32], groups: tuple[tuple[int, ...], ...]
) -> NDArray[np.int64]:
    """Find the groups of PDG numbers that particles belong to, ``(M,)``, -1 for none.

    Parameters
    ----------
    magnitude
        ``(M,)`` absolute PDG numbers.
    groups
        Absolute PDG numbers of each group; of several that hold a number the last one counts.
    """
    found = _group_table(groups).take(magnitude, mode="clip").astype(np.int64)
    for i, numbers in enumerate(groups):
        for number in numbers:
            if number > _TABLE_SIZE:
                found[magnitude == number] = i
    return found


def among(pid: NDArray[np.int32], numbers: Iterable[int]) -> NDArray[np.bool_]:
    """Whether PDG numbers are one of a few, ``(M,)``; for a few faster than `numpy.isin`."""
    found = np.zeros(len(pid), dtype=bool)
    for number in numbers:
        found |= pid == number
    return found


def species(pid: NDArray[np.int32]) -> Species:
    """Classes and charges of PDG numbers.

    Parameters
    ----------
    pid
        ``(M,)`` PDG numbers; unknown ones count as neutral and as no hadron.
    """
    small = np.abs(pid) <= _TABLE_SIZE
    slot = np.where(small, pid, 0) + _TABLE_SIZE
    unmet = _bits[slot] < 0
    if unmet.any():
        for number in np.unique(slot[unmet]):
            _charges[number], _bits[number] = _classify(int(number) - _TABLE_SIZE)
    charge, bits = _charges[slot], _bits[slot]
    if not small.all():
        numbers, inverse = np.unique(pid[~small], return_inverse=True)
        found = [_classify(int(number)) for number in numbers]
        charge[~small] = np.array([c for c, _ in found], dtype=np.int8)[inverse]
        bits[~small] = np.array([b for _, b in found], dtype=np.int8)[inverse]
    return Species(
        three_charge=charge,
        hadron=(bits & _HADRON) != 0,
        charged_lepton=(bits & _CHARGED_LEPTON) != 0,
        invisible=(bits & _INVISIBLE_BIT) != 0,
        bottom=(bits & _BOTTOM) != 0,
        charm=(bits & _CHARM) != 0,
    )
