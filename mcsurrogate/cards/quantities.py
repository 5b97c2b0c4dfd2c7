# SPDX-License-Identifier: GPL-3.0-or-later
"""Energies in cards: numbers in GeV, or text with a unit."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from mcsurrogate.cards.expressions import is_own_function, parse_expression

__all__ = ["Energy", "EventFunction", "PositiveEnergy", "Scale"]

_GEV = {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
_QUANTITY = re.compile(r"\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*([A-Za-z]*)\s*")


def _to_gev(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _QUANTITY.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is no energy; write a number in GeV or a text like '13 TeV'")
    number, unit = match.groups()
    if not unit:
        raise ValueError(
            f"{value!r} has no unit; write a plain number for GeV or a text like '13 TeV'"
        )
    if unit not in _GEV:
        raise ValueError(f"{unit!r} is no unit of energy; use one of {', '.join(_GEV)}")
    return float(number) * _GEV[unit]


Energy = Annotated[float, BeforeValidator(_to_gev), Field(ge=0, allow_inf_nan=False)]
"""An energy, mass or width in GeV; ``173.0`` and ``"173 GeV"`` are the same."""

PositiveEnergy = Annotated[float, BeforeValidator(_to_gev), Field(gt=0, allow_inf_nan=False)]
"""An energy or mass in GeV above zero."""


def _to_scale(value: object) -> object:
    if isinstance(value, str) and not _QUANTITY.fullmatch(value):
        return _to_event_function(value)
    number = _to_gev(value)
    if isinstance(number, int | float) and not 0 < number < float("inf"):
        raise ValueError("a fixed scale must be above zero")
    return number


def _to_event_function(value: object) -> object:
    if isinstance(value, str) and not is_own_function(value):
        parse_expression(value)
    return value


Scale = Annotated[float | str, BeforeValidator(_to_scale)]
"""A fixed scale in GeV, or an expression or function of events."""

EventFunction = Annotated[str, BeforeValidator(_to_event_function)]
"""An expression of observables of events, or ``path/to/file.py:function``."""
