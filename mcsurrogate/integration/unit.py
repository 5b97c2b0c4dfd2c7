# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit in which an integration counts: squares of its values must stay in range."""

import math

__all__ = ["LARGE", "fitting_unit"]

_EXPONENT = 200
LARGE = 2.0**_EXPONENT
"""Largest value, in units, whose fourth power double precision still holds."""


def fitting_unit(largest: float) -> float:
    """Return the unit for values up to ``largest``.

    It is one where fourth powers are far from the limits of double precision, else the power of
    two next below ``largest``: dividing by it loses no digit.
    """
    if largest == 0.0 or 1.0 / LARGE <= largest <= LARGE:
        return 1.0
    return math.ldexp(1.0, math.frexp(largest)[1] - 1)
