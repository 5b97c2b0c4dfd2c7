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

__all__ = [
    "Kinematics",
    "TransferLimits",
    "azimuth_fraction",
    "decay_kinematics",
    "direction",
    "transfer_limits",
]

_TWO_PI = 2 * math.pi


class Kinematics(NamedTuple):
    """Two products in the rest frame of a system of mass squared s.

    Attributes
    ----------
    root
        sqrt(s) in GeV.
    energy
        Energy of the first product.
    size
        Momentum of either.
    """

    root: Tensor
    energy: Tensor
    size: Tensor


def decay_kinematics(
    s: Tensor, root: Tensor, s1: Tensor | float, m1: Tensor | float, m2: Tensor | float
) -> Kinematics:
    """Energy and momentum of two products of masses ``m1`` (``s1`` its square) and ``m2``."""
    total, difference = m1 + m2, m1 - m2
    factors = (root - total) * (root + total) * (s - difference * difference)
    size = safe_sqrt(factors) / (2 * root)
    # Exact also for a massless product, and without a square root of zero.
    return Kinematics(root, (s + s1 - m2 * m2) / (2 * root), size)


def direction(u_cos: Tensor, u_phi: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Return the unit vector of cos = 2 u - 1, phi = 2 pi u; in the xz plane without ``u_phi``."""
    sin = 2 * safe_sqrt(u_cos * (1 - u_cos))
    cos = 2 * u_cos - 1
    if u_phi is None:
        return sin, torch.zeros_like(sin), cos
    phi = _TWO_PI * u_phi
    return sin * torch.cos(phi), sin * torch.sin(phi), cos


def azimuth_fraction(x: Tensor, y: Tensor) -> Tensor:
    """Azimuth of (x, y) as a fraction of the circle, in [0, 1)."""
    fraction = torch.atan2(y, x) / _TWO_PI
    return torch.where(fraction < 0, fraction + 1, fraction)


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
