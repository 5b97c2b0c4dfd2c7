# SPDX-License-Identifier: GPL-3.0-or-later
r"""The two elements of the recursion: isotropic decays, and scatterings through t.

.. math::
   d\Phi_2 = \frac{k}{4\pi\sqrt s}\,\frac{d\cos\theta}{2}\frac{d\phi}{2\pi}
           = \frac{d|t|}{8\pi (s - q^2)}\,\frac{d\phi}{2\pi}

with k the momentum of the products in the rest frame and, in the second form, two incoming
momenta of mass squared q^2 (space-like or zero) and zero (E. Byckling, K. Kajantie, *Particle
Kinematics* (1973), sections V.1 and V.4; MadSpace, arXiv:2602.06895, section 2.2).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from mcsurrogate.phase_space.frames import safe_sqrt
from mcsurrogate.phase_space.walk import Mass

__all__ = [
    "Kinematics",
    "TransferLimits",
    "decay_kinematics",
    "direction",
    "transfer_limits",
]

_TWO_PI = 2 * math.pi


class Kinematics(NamedTuple):
    """Two products in the rest frame of a system.

    Attributes
    ----------
    energy
        Energy of the first product in GeV.
    size
        Momentum of either in GeV.
    """

    energy: Tensor
    size: Tensor


def decay_kinematics(system: Mass, first: Mass, second: Mass) -> Kinematics:
    """Energy and momentum of two products in the rest frame of the system."""
    kinetic = system.excess - first.excess - second.excess
    assert isinstance(kinetic, Tensor)
    kinetic = kinetic.clamp(min=0)
    # lambda(s, s1, s2) in terms of m - m1 - m2
    twice = 2 * first.m, 2 * second.m
    factors = (kinetic + twice[0]) * (kinetic + twice[1])
    factors = kinetic * (kinetic + (twice[0] + twice[1])) * factors
    size = safe_sqrt(factors) / (2 * system.m)
    # Exact also for a massless product, and without a square root of zero.
    energy = (system.s + first.s - second.s) / (2 * system.m)
    assert isinstance(energy, Tensor)
    return Kinematics(energy, size)


def direction(u_cos: Tensor, u_phi: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return the unit vector of cos = 2 u - 1, phi = 2 pi u; in the xz plane without ``u_phi``."""
    sin = 2 * safe_sqrt(u_cos * (1 - u_cos))
    cos = 2 * u_cos - 1
    if u_phi is None:
        return sin, torch.zeros_like(sin), cos
    phi = _TWO_PI * u_phi
    return sin * torch.cos(phi), sin * torch.sin(phi), cos


class TransferLimits(NamedTuple):
    """Range of T = -t.

    Attributes
    ----------
    low, width
        ``(N,)`` lower limit of T, at cos = 1, and distance of the upper one, at cos = -1, in
        GeV^2.
    """

    low: Tensor
    width: Tensor


def transfer_limits(
    s: Tensor,
    q2: Tensor | None,
    s1: Tensor | float,
    s2: Tensor | float,
    incoming: Tensor,
    size: Tensor,
) -> TransferLimits:
    """Limits of T = -(q - p1)^2 for q + b -> p1 + p2 with b massless.

    Parameters
    ----------
    s
        Mass squared of the system.
    q2
        -q^2, not negative; None for zero.
    s1, s2
        Masses squared of the products.
    incoming, size
        Momenta in the rest frame before and after.
    """
    width = 4 * incoming * size
    if _is_zero(s2) or (q2 is None and _is_zero(s1)):
        return TransferLimits(torch.zeros_like(width), width)
    if q2 is None:
        # -(t_min + t_max) = s - s1 - s2, t_min t_max = s1 s2.
        high = 0.5 * (s - s1 - s2) + 0.5 * width
        product = s1 * s2
    else:
        # (s - q2)(s + s1 - s2)/(2 s) = 2 E_q E_1, with E_q = (s - q2)/(2 sqrt(s)).
        high = q2 - s1 + (s - q2) * (s + s1 - s2) / (2 * s) + 0.5 * width
        product = s2 * ((q2 + s1) * (1 + q2 / s) - q2 * s2 / s)
    high = high.clamp(min=torch.finfo(s.dtype).tiny)
    low = torch.minimum((product / high).clamp(min=0), high)
    return TransferLimits(low, width)


def _is_zero(s: Tensor | float) -> bool:
    return not isinstance(s, Tensor) and s == 0
