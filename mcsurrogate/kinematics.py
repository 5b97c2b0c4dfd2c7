r"""Four-momentum algebra on torch tensors.

Momenta are ``(..., 4)`` tensors [E, px, py, pz] in GeV with the metric (+, -, -, -); every
function broadcasts over the leading axes, keeps the type and is differentiable.  Formulae are
written so that light and collinear momenta lose as few digits as possible: an invariant mass
comes from (E - p)(E + p), a rapidity from asinh, an opening angle from the difference of the
unit vectors.
"""

import math

import torch
from torch import Tensor

__all__ = [
    "azimuth",
    "boost",
    "boost_along_z",
    "boost_to_rest_frame",
    "cos_angle",
    "delta_phi",
    "delta_r",
    "dot",
    "invariant_mass",
    "invariant_mass_squared",
    "kallen",
    "mass",
    "mass_squared",
    "momentum",
    "pair_mass_squared",
    "pseudorapidity",
    "rapidity",
    "rotate_from_z",
    "transverse_mass",
    "transverse_momentum",
    "two_body_momentum",
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


def invariant_mass(*momenta: Tensor) -> Tensor:
    """Mass of the sum of several momenta in GeV, ``(...)``."""
    return mass(_total(momenta))


def pair_mass_squared(p: Tensor, q: Tensor, m_p: float = 0.0, m_q: float = 0.0) -> Tensor:
    r"""Mass squared of two particles of known masses, accurate down to collinear pairs.

    .. math:: 2 p q = 2 (E_p E_q - |p||q|) + |p||q|\,|\hat p - \hat q|^2

    with the first term from the masses, so that no digits cancel.

    Parameters
    ----------
    p, q
        ``(..., 4)`` momenta in GeV.
    m_p, m_q
        Their masses in GeV.
    """
    a, b = momentum(p), momentum(q)
    product = a * b
    tiny = torch.finfo(p.dtype).tiny
    unit = p[..., 1:] / a.clamp(min=tiny).unsqueeze(-1) - q[..., 1:] / b.clamp(min=tiny).unsqueeze(
        -1
    )
    opening = product * unit.square().sum(dim=-1)
    m_p2, m_q2 = m_p * m_p, m_q * m_q
    energies = p[..., 0] * q[..., 0]
    difference = (m_p2 * b * b + m_q2 * a * a + m_p2 * m_q2) / (energies + product)
    return m_p2 + m_q2 + 2 * difference + opening


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


def cos_angle(p: Tensor, q: Tensor) -> Tensor:
    """Cosine of the opening angle of the three-momenta, ``(...)``."""
    product = (p[..., 1:] * q[..., 1:]).sum(dim=-1)
    return product / (momentum(p) * momentum(q))


def kallen(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    r"""Triangle function lambda(a, b, c) = a^2 + b^2 + c^2 - 2 (ab + bc + ca), ``(...)``."""
    return (a - b - c) ** 2 - 4 * b * c


def two_body_momentum(s: Tensor, m1: Tensor | float, m2: Tensor | float) -> Tensor:
    """Momentum of the two products of a decay in its rest frame in GeV, ``(...)``.

    From (s - (m1 + m2)^2)(s - (m1 - m2)^2), which stays accurate at threshold; zero below.

    Parameters
    ----------
    s
        Mass squared of the decaying system in GeV^2.
    m1, m2
        Masses of the products in GeV.
    """
    root = s.sqrt()
    total, difference = m1 + m2, m1 - m2
    factors = (root - total) * (root + total) * (root - difference) * (root + difference)
    return _safe_sqrt(factors) / (2 * root)


def boost(p: Tensor, frame: Tensor) -> Tensor:
    """Boost from the rest frame of ``frame`` into the frame in which ``frame`` is given.

    Parameters
    ----------
    p
        ``(..., 4)`` momenta in the rest frame of ``frame``, in GeV.
    frame
        ``(..., 4)`` a time-like momentum with positive energy, in GeV.

    Returns
    -------
    Tensor
        ``(..., 4)``.
    """
    return _boost(p, frame, 1.0)


def boost_to_rest_frame(p: Tensor, frame: Tensor) -> Tensor:
    """Boost ``p`` into the rest frame of ``frame``; the inverse of `boost`."""
    return _boost(p, frame, -1.0)


def _boost(p: Tensor, frame: Tensor, sign: float) -> Tensor:
    m = mass(frame)
    direction = sign * frame[..., 1:]
    energy = (p[..., 0] * frame[..., 0] + (p[..., 1:] * direction).sum(dim=-1)) / m
    factor = (p[..., 0] + energy) / (frame[..., 0] + m)
    return torch.cat((energy.unsqueeze(-1), p[..., 1:] + factor.unsqueeze(-1) * direction), dim=-1)


def boost_along_z(p: Tensor, shift: Tensor) -> Tensor:
    """Boost along the z axis so that rapidities grow by ``shift``.

    Parameters
    ----------
    p
        ``(..., 4)`` momenta in GeV.
    shift
        Rapidity of the boost, broadcasts with ``p[..., 0]``.
    """
    plus = (p[..., 0] + p[..., 3]) * torch.exp(shift)
    minus = (p[..., 0] - p[..., 3]) * torch.exp(-shift)
    return torch.stack((0.5 * (plus + minus), p[..., 1], p[..., 2], 0.5 * (plus - minus)), dim=-1)


def rotate_from_z(p: Tensor, axis: Tensor) -> Tensor:
    """Rotate so that the z axis comes to lie along the three-momentum of ``axis``.

    The rotation by the polar angle around the y axis, then by the azimuth around the z axis.
    An ``axis`` without transverse momentum has azimuth zero.

    Parameters
    ----------
    p
        ``(..., 4)`` momenta.
    axis
        ``(..., 4)`` or ``(..., 3)`` direction, last three components used; not zero.
    """
    n = axis[..., -3:]
    n = n / torch.linalg.vector_norm(n, dim=-1, keepdim=True)
    sin = torch.hypot(n[..., 0], n[..., 1])
    along = sin == 0
    safe = torch.where(along, torch.ones_like(sin), sin)
    cos_phi = torch.where(along, torch.ones_like(sin), n[..., 0] / safe)
    sin_phi = torch.where(along, torch.zeros_like(sin), n[..., 1] / safe)
    cos = n[..., 2]
    px, py, pz = p[..., 1], p[..., 2], p[..., 3]
    rotated = cos * px + sin * pz
    return torch.stack(
        (
            p[..., 0].expand(rotated.shape),
            cos_phi * rotated - sin_phi * py,
            sin_phi * rotated + cos_phi * py,
            cos * pz - sin * px,
        ),
        dim=-1,
    )


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
