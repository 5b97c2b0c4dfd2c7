# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs of the networks with discrete inputs, and the outcomes that flavour allows."""

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.hadronization.string_breaks.flavours import (
    LIGHT_DIQUARKS,
    LIGHT_QUARKS,
    PICK_OUTCOMES,
    QUARKS,
    baryon_has_content,
    meson_has_content,
)

__all__ = ["DiscreteInput", "hadron_input", "pick_input", "popcorn_input"]

_LIGHT_DIQUARK_INDEX = {code: i for i, code in enumerate(LIGHT_DIQUARKS)}
_OTHER_DIQUARK = len(QUARKS) + len(LIGHT_DIQUARKS)
_PICK_INPUTS = _OTHER_DIQUARK + 1 + 1 + 3 + 1

DiscreteInput = tuple[NDArray[np.float64], NDArray[np.bool_]]
"""Input of a network, and which of its outcomes are allowed."""


def popcorn_input(diquark: int) -> DiscreteInput | None:
    """For the popcorn assignment inside a diquark at a string end; None if it is not covered."""
    index = _LIGHT_DIQUARK_INDEX.get(diquark)
    if index is None:
        return None
    x = np.zeros(len(LIGHT_DIQUARKS))
    x[index] = 1.0
    heavy, light = diquark // 1000, (diquark // 100) % 10
    return x, np.array([True, heavy != light, True, heavy != light])


def pick_input(old: int, at_end: int, popcorn: int) -> DiscreteInput | None:
    """For a new flavour; None if it is not covered.

    Parameters
    ----------
    old
        Code of the old flavour, without sign.
    at_end
        1 at a string end, else 0.
    popcorn
        The quark that a popcorn meson leaves, 0 without one.
    """
    is_quark = old in QUARKS
    if (popcorn and popcorn not in LIGHT_QUARKS) or (not is_quark and old < 1000):
        return None
    x = np.zeros(_PICK_INPUTS)
    if is_quark:
        x[old - 1] = 1.0
    else:
        diquark = _LIGHT_DIQUARK_INDEX.get(old)
        x[_OTHER_DIQUARK if diquark is None else len(QUARKS) + diquark] = 1.0
    x[_OTHER_DIQUARK + 1] = at_end
    if popcorn:
        x[_OTHER_DIQUARK + 1 + popcorn] = 1.0
        x[_OTHER_DIQUARK + 5] = 1.0
    if is_quark:
        allowed = np.ones(len(PICK_OUTCOMES), dtype=bool)
    elif popcorn:
        allowed = np.array(
            [o.popcorn_quark == popcorn and not o.popcorn_mesons for o in PICK_OUTCOMES]
        )
    else:
        allowed = np.array([o.popcorn_quark == 0 for o in PICK_OUTCOMES])
    return x, allowed


def hadron_input(large: int, small: int, vocabulary: tuple[int, ...]) -> DiscreteInput | None:
    """For a hadron of two flavours, the larger code first; None if it is not covered.

    Parameters
    ----------
    large, small
        Codes without sign: two quarks, or a diquark and a quark.
    vocabulary
        Mesons or baryons, with 0 for a rejected attempt.
    """
    if small not in QUARKS:
        return None
    if large < 1000:
        x = np.zeros(2 * len(QUARKS))
        x[large - 1] = x[len(QUARKS) + small - 1] = 1.0
        return x, np.array([not c or meson_has_content(c, large, small) for c in vocabulary])
    diquark = _LIGHT_DIQUARK_INDEX.get(large)
    if diquark is None:
        return None
    x = np.zeros(len(QUARKS) + len(LIGHT_DIQUARKS))
    x[small - 1] = x[len(QUARKS) + diquark] = 1.0
    return x, np.array([not c or baryon_has_content(c, large, small) for c in vocabulary])
