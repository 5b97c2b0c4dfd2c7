# SPDX-License-Identifier: GPL-3.0-or-later
r"""Renormalisation and factorisation scales: fixed, or from the momenta of an event.

======================== ==========================================================
name                     scale
======================== ==========================================================
``ht``                   sum of the transverse momenta of the final state
``ht/2``                 half of it
``sum_mt``               sum of the transverse masses, sqrt(m^2 + pT^2)
``sum_mt/2``             half of it (MadGraph's default, ``dynamical_scale_choice`` 3)
``transverse_energy``    sum of E sin(theta) (``dynamical_scale_choice`` 1)
``sqrt_shat``            partonic energy
======================== ==========================================================

MadGraph's choices are those of arXiv:1405.0301, section 2.4.
"""

import math
from collections.abc import Callable
from typing import Protocol

from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import mass, momentum, transverse_mass, transverse_momentum

__all__ = ["DYNAMIC_SCALES", "DynamicScale", "FixedScale", "Scale", "scale"]


class Scale(Protocol):
    """A scale of an event."""

    name: str

    def __call__(self, momenta: Tensor) -> Tensor | float:
        """Scale in GeV: a number, or ``(N,)`` for momenta ``(N, n, 4)`` in GeV."""
        ...


class FixedScale:
    """The same scale for every event.

    Parameters
    ----------
    value
        In GeV.
    """

    def __init__(self, value: float) -> None:
        if not 0 < value < math.inf:
            raise PhaseSpaceError(f"a scale of {value} GeV is not positive")
        self.value = float(value)
        self.name = f"{value:g} GeV"

    def __call__(self, momenta: Tensor) -> float:  # noqa: ARG002
        """Scale in GeV."""
        return self.value


class DynamicScale:
    """A scale from the momenta of an event.

    Parameters
    ----------
    name
        One of `DYNAMIC_SCALES`.
    factor
        Multiplies the scale.
    """

    def __init__(self, name: str, factor: float = 1.0) -> None:
        if name not in DYNAMIC_SCALES:
            raise PhaseSpaceError(
                f"unknown scale {name!r}; give a number in GeV or one of "
                f"{', '.join(DYNAMIC_SCALES)}"
            )
        if not 0 < factor < math.inf:
            raise PhaseSpaceError(f"a scale factor of {factor} is not positive")
        self.name = name if factor == 1 else f"{factor:g} * {name}"
        self.factor = factor
        self._function = DYNAMIC_SCALES[name]

    def __call__(self, momenta: Tensor) -> Tensor:
        """Scale in GeV, ``(N,)`` for momenta ``(N, n, 4)`` in GeV."""
        return self.factor * self._function(momenta)


def _ht(momenta: Tensor) -> Tensor:
    return transverse_momentum(momenta[:, 2:]).sum(dim=1)


def _sum_mt(momenta: Tensor) -> Tensor:
    return transverse_mass(momenta[:, 2:]).sum(dim=1)


def _transverse_energy(momenta: Tensor) -> Tensor:
    p = momenta[:, 2:]
    return (p[..., 0] * transverse_momentum(p) / momentum(p)).sum(dim=1)


def _sqrt_shat(momenta: Tensor) -> Tensor:
    return mass(momenta[:, 0] + momenta[:, 1])


DYNAMIC_SCALES: dict[str, Callable[[Tensor], Tensor]] = {
    "ht": _ht,
    "ht/2": lambda momenta: 0.5 * _ht(momenta),
    "sum_mt": _sum_mt,
    "sum_mt/2": lambda momenta: 0.5 * _sum_mt(momenta),
    "transverse_energy": _transverse_energy,
    "sqrt_shat": _sqrt_shat,
}
"""Functions of the momenta ``(N, n, 4)`` in GeV, by name."""


def scale(choice: float | str, factor: float = 1.0) -> Scale:
    """Build a scale from a number in GeV or a name of `DYNAMIC_SCALES`.

    Parameters
    ----------
    choice
        Number in GeV, or name.
    factor
        Multiplies the scale, for variations.
    """
    if isinstance(choice, str):
        return DynamicScale(choice, factor)
    return FixedScale(factor * choice)
