"""Energies in cards: numbers in GeV, or text with a unit."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

__all__ = ["Energy", "PositiveEnergy", "Scale"]

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

_DYNAMIC = ("ht", "ht/2", "sum_mt", "sum_mt/2", "transverse_energy", "sqrt_shat")


def _to_scale(value: object) -> object:
    if value in _DYNAMIC:
        return value
    try:
        number = _to_gev(value)
    except ValueError as error:
        raise ValueError(f"{error}; dynamic scales are {', '.join(_DYNAMIC)}") from error
    if isinstance(number, int | float) and not 0 < number < float("inf"):
        raise ValueError("a fixed scale must be above zero")
    return number


Scale = Annotated[float | str, BeforeValidator(_to_scale)]
"""A fixed scale in GeV, or the name of a dynamic one."""
