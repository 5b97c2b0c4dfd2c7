# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbering of string-end flavours: the discrete inputs and outputs of the string-break networks.

The same numbering as ``cpp_bindings/hadronization/flavours.h``; both are checked against each
other by the closure tests.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BREAK_CLASSES",
    "END_CLASSES",
    "LIGHT_DIQUARKS",
    "LIGHT_QUARKS",
    "PICK_OUTCOMES",
    "QUARKS",
    "NewFlavour",
    "baryon_has_content",
    "break_class",
    "end_class",
    "meson_has_content",
]

QUARKS = (1, 2, 3, 4, 5)
LIGHT_QUARKS = (1, 2, 3)
LIGHT_DIQUARKS = (1103, 2101, 2103, 2203, 3101, 3103, 3201, 3203, 3303)

#: Flavours that a break can make.
BREAK_CLASSES = LIGHT_QUARKS + LIGHT_DIQUARKS
#: Number of classes of string ends: quarks, light diquarks, charmed and bottom diquarks.
END_CLASSES = len(QUARKS) + len(LIGHT_DIQUARKS) + 2


@dataclass(frozen=True, slots=True)
class NewFlavour:
    """What a break turns an old flavour into.

    Attributes
    ----------
    id
        PDG code without sign of the quark or diquark.
    popcorn_mesons
        Number of popcorn mesons still to come, 0 or 1.
    popcorn_quark, vertex_quark
        The quarks of a diquark that are shared and not shared with the antibaryon; 0 for a quark.
    """

    id: int
    popcorn_mesons: int
    popcorn_quark: int
    vertex_quark: int


def _pick_outcomes() -> tuple[NewFlavour, ...]:
    outcomes = [NewFlavour(quark, 0, 0, 0) for quark in LIGHT_QUARKS]
    for mesons in (0, 1):
        for popcorn in LIGHT_QUARKS:
            for vertex in LIGHT_QUARKS:
                for spin in (1,) if popcorn == vertex else (0, 1):
                    code = 1000 * max(popcorn, vertex) + 100 * min(popcorn, vertex) + 2 * spin + 1
                    outcomes.append(NewFlavour(code, mesons, popcorn, vertex))
    return tuple(outcomes)


#: Outcomes of a flavour pick, in the order of the network's outputs.
PICK_OUTCOMES = _pick_outcomes()


def _lookup(table: dict[int, int], size: int) -> NDArray[np.int64]:
    lookup = np.full(size, -1, dtype=np.int64)
    for code, index in table.items():
        lookup[code] = index
    return lookup


_BREAK_LOOKUP = _lookup({code: i for i, code in enumerate(BREAK_CLASSES)}, 10_000)


def _end_lookup() -> NDArray[np.int64]:
    lookup = _lookup({code: i for i, code in enumerate(QUARKS + LIGHT_DIQUARKS)}, 10_000)
    codes = np.arange(10_000)
    is_diquark = (codes > 1000) & ((codes // 10) % 10 == 0)
    for i, heavy in enumerate((4, 5)):
        lookup[is_diquark & (codes // 1000 == heavy)] = END_CLASSES - 2 + i
    return lookup


_END_LOOKUP = _end_lookup()


def break_class(codes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Positions in `BREAK_CLASSES` of PDG codes without sign, -1 for others; any shape."""
    clipped = np.where((codes >= 0) & (codes < len(_BREAK_LOOKUP)), codes, 0)
    return _BREAK_LOOKUP[clipped]


def end_class(codes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Classes of string ends of PDG codes without sign, -1 for others; any shape."""
    clipped = np.where((codes >= 0) & (codes < len(_END_LOOKUP)), codes, 0)
    return _END_LOOKUP[clipped]


def meson_has_content(code: int, large: int, small: int) -> bool:
    """Whether a meson code fits a quark and an antiquark, the larger flavour first."""
    if (code // 1000) % 10 != 0:
        return False
    hundreds, tens = (code // 100) % 10, (code // 10) % 10
    if large == small and large in LIGHT_QUARKS:
        return hundreds == tens and hundreds in LIGHT_QUARKS
    return (hundreds, tens) == (large, small)


def baryon_has_content(code: int, diquark: int, quark: int) -> bool:
    """Whether a baryon code fits a diquark and a quark."""
    wanted = sorted((diquark // 1000, (diquark // 100) % 10, quark))
    found = sorted(((code // 1000) % 10, (code // 100) % 10, (code // 10) % 10))
    return wanted == found
