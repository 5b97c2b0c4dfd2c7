# SPDX-License-Identifier: GPL-3.0-or-later
"""Four-vectors as four separate columns: boosts and axes of phase-space recursions.

The maps work on one contiguous tensor ``(N,)`` a component, several times as fast in torch as
on ``(N, 4)``.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "Columns",
    "azimuth_fraction",
    "boost_momentum",
    "onto_axis",
    "safe_sqrt",
    "to_rest_frame",
    "with_mass",
]


class Columns(NamedTuple):
    """Components of a batch of four-vectors, ``(N,)`` each, in GeV."""

    e: Tensor
    x: Tensor
    y: Tensor
    z: Tensor

    def __add__(self, other: "Columns") -> "Columns":  # type: ignore[override]
        return Columns(self.e + other.e, self.x + other.x, self.y + other.y, self.z + other.z)


def safe_sqrt(value: Tensor) -> Tensor:
    """Square root, zero below zero, with a finite gradient at zero."""
    return value.clamp(min=torch.finfo(value.dtype).tiny).sqrt()


def with_mass(s: Tensor | float, x: Tensor, y: Tensor, z: Tensor) -> Columns:
    """Return the four-vector of mass squared ``s`` with the given three-momentum."""
    squares = torch.addcmul(torch.addcmul(x * x, y, y), z, z)
    if isinstance(s, Tensor) or s > 0:
        return Columns((squares + s).sqrt(), x, y, z)
    return Columns(safe_sqrt(squares), x, y, z)


def boost_momentum(
    energy: Tensor, x: Tensor, y: Tensor, z: Tensor, frame: Columns, mass: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Boost a momentum from the rest frame of ``frame`` into the frame of its components.

    Returns the three-momentum only: energies follow from the masses, which keeps particles
    on their shells.
    """
    along = torch.addcmul(torch.addcmul(x * frame.x, y, frame.y), z, frame.z)
    factor = (energy + along / (frame.e + mass)) / mass
    return (
        torch.addcmul(x, factor, frame.x),
        torch.addcmul(y, factor, frame.y),
        torch.addcmul(z, factor, frame.z),
    )


def to_rest_frame(
    p: Columns, energy: Tensor, frame: Columns, mass: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Boost ``p`` into the rest frame of ``frame``, where its energy is ``energy``."""
    factor = (p.e + energy) / (frame.e + mass)
    return (
        p.x - factor * frame.x,
        p.y - factor * frame.y,
        p.z - factor * frame.z,
    )


def onto_axis(
    a: Tensor, b: Tensor, c: Tensor, axis: tuple[Tensor, Tensor, Tensor], sign: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Rotate (a, b, c) by the smallest rotation that takes the z axis to the unit ``axis``.

    Parameters
    ----------
    a, b, c
        Components, ``(N,)``.
    axis
        Unit vector, ``(N,)`` each.
    sign
        1 for the rotation, -1 for its inverse.
    """
    x, y, z = axis
    ahead = z > 0
    transverse = torch.where(ahead, 1.0, (x * x + y * y).clamp(min=torch.finfo(x.dtype).tiny))
    # 1/(1 + z), without cancellation for an axis against z.
    h = torch.where(ahead, 1 / (1 + z.abs()), (1 + z.abs()) / transverse)
    across = (a * x + b * y) * h
    if sign > 0:
        return a + x * (c - across), b + y * (c - across), c * z - a * x - b * y
    return a - x * (c + across), b - y * (c + across), c * z + a * x + b * y


def azimuth_fraction(x: Tensor, y: Tensor) -> Tensor:
    """Azimuth of (x, y) as a fraction of the circle, in [0, 1)."""
    fraction = torch.atan2(y, x) / (2 * math.pi)
    return torch.where(fraction < 0, fraction + 1, fraction)
