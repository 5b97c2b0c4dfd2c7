# SPDX-License-Identifier: GPL-3.0-or-later
r"""Four-momentum algebra on torch tensors.

Momenta are ``(..., 4)`` tensors [E, px, py, pz] in GeV with the metric (+, -, -, -); every
function broadcasts over the leading axes, keeps the type and is differentiable.  Formulae are
written so that light and collinear momenta lose as few digits as possible: an invariant mass
comes from (E - p)(E + p), a rapidity from asinh.
"""

import math

import torch
from torch import Tensor

__all__ = [
    "along_beams",
    "azimuth",
    "delta_phi",
    "delta_r",
    "dot",
    "invariant_mass_squared",
    "mass",
    "mass_squared",
    "momentum",
    "pseudorapidity",
    "rapidity",
    "transverse_mass",
    "transverse_momentum",
]


def dot(p: Tensor, q: Tensor) -> Tensor:
    """Minkowski product p . q in GeV^2, ``(...)``."""
    product = p * q
    return product[..., 0] - product[..., 1] - product[..., 2] - product[..., 3]


def momentum(p: Tensor) -> Tensor:
    """Magnitude of the three-momentum in GeV, ``(...)``."""
    size: Tensor = torch.linalg.vector_norm(p[..., 1:], dim=-1)
    return size


def mass_squared(p: Tensor) -> Tensor:
    """Invariant mass squared in GeV^2, ``(...)``; may be negative by rounding or off shell."""
    size = momentum(p)
    return (p[..., 0] - size) * (p[..., 0] + size)


def mass(p: Tensor) -> Tensor:
    """Invariant mass in GeV, ``(...)``; zero where rounding makes its square negative."""
    return _safe_sqrt(mass_squared(p))


def invariant_mass_squared(*momenta: Tensor) -> Tensor:
    """Mass squared of the sum of several momenta in GeV^2, ``(...)``."""
    return mass_squared(_total(momenta))


def transverse_momentum(p: Tensor) -> Tensor:
    """Momentum transverse to the z axis in GeV, ``(...)``."""
    return torch.hypot(p[..., 1], p[..., 2])


def transverse_mass(p: Tensor) -> Tensor:
    """sqrt(m^2 + pT^2) in GeV, ``(...)``."""
    return _safe_sqrt((p[..., 0] - p[..., 3]) * (p[..., 0] + p[..., 3]))


def azimuth(p: Tensor) -> Tensor:
    """Azimuthal angle around the z axis in (-pi, pi], ``(...)``."""
    return torch.atan2(p[..., 2], p[..., 1])


def rapidity(p: Tensor) -> Tensor:
    """Rapidity along the z axis, ``(...)``; infinite for a massless momentum along the axis."""
    return torch.asinh(p[..., 3] / transverse_mass(p))


def pseudorapidity(p: Tensor) -> Tensor:
    """Pseudorapidity, ``(...)``; infinite along the z axis."""
    return torch.asinh(p[..., 3] / transverse_momentum(p))


def delta_phi(p: Tensor, q: Tensor) -> Tensor:
    """Difference of azimuthal angles in [-pi, pi], ``(...)``."""
    difference = azimuth(p) - azimuth(q)
    return difference - 2 * math.pi * torch.round(difference / (2 * math.pi))


def delta_r(p: Tensor, q: Tensor, *, use_rapidity: bool = False) -> Tensor:
    """Distance in the plane of pseudorapidity (or rapidity) and azimuth, ``(...)``."""
    longitudinal = rapidity if use_rapidity else pseudorapidity
    return torch.hypot(longitudinal(p) - longitudinal(q), delta_phi(p, q))


def along_beams(p: Tensor, stretch: float) -> Tensor:
    """Momenta boosted along the z axis so that E + pz grows by a factor, of the same shape."""
    plus, minus = stretch * (p[..., 0] + p[..., 3]), (p[..., 0] - p[..., 3]) / stretch
    return torch.stack(((plus + minus) / 2, p[..., 1], p[..., 2], (plus - minus) / 2), dim=-1)


def _total(momenta: tuple[Tensor, ...]) -> Tensor:
    total = momenta[0]
    for p in momenta[1:]:
        total = total + p
    return total


def _safe_sqrt(value: Tensor) -> Tensor:
    """Square root that is zero, with gradient zero, where the argument is not positive."""
    positive = value > 0
    root = torch.where(positive, value, torch.ones_like(value)).sqrt()
    return torch.where(positive, root, torch.zeros_like(value))
