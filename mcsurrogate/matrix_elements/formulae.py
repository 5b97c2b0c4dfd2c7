# SPDX-License-Identifier: GPL-3.0-or-later
r"""Analytic squared matrix elements of 2 -> 2 processes.

Massless partons: R. K. Ellis, W. J. Stirling, B. R. Webber, *QCD and Collider Physics*
(1996), table 7.1.  Heavy quarks: ibid., table 10.2 (from P. Nason, S. Dawson, R. K. Ellis,
Nucl. Phys. B303 (1988) 607): with :math:`\tau_{1,2} = 2 p_{1,2}\cdot p_3/s` and
:math:`\rho = 4m^2/s`

.. math::
   \overline{|M|^2}(gg \to Q\bar Q) &= g_s^4 \Bigl(\frac{1}{6\tau_1\tau_2} - \frac38\Bigr)
   \Bigl(\tau_1^2 + \tau_2^2 + \rho - \frac{\rho^2}{4\tau_1\tau_2}\Bigr), \\
   \overline{|M|^2}(q\bar q \to Q\bar Q) &= g_s^4\,\frac49
   \Bigl(\tau_1^2 + \tau_2^2 + \frac{\rho}{2}\Bigr).

Fermion pairs by photon, Z and W: ibid., chapter 9, with fixed widths.  Photon pairs from gluons:
Z. Bern, A. De Freitas, L. Dixon, hep-ph/0109078, eqs. (3.15) and (3.16), massless quarks.

All functions take momenta ``(N, 4, 4)`` and return values summed over the final and averaged
over the initial state (the factor of identical particles included) *without* the coupling
:math:`g_s^2` to its power.
"""

import math

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.interactions import COUPLINGS, Interaction
from mcsurrogate.matrix_elements.parameters import Parameter, StandardModel
from mcsurrogate.matrix_elements.process import Process

__all__ = [
    "fermion_pairs",
    "four_gluons",
    "four_quarks",
    "gluons_to_heavy_quarks",
    "gluons_to_photons",
    "quarks_gluons",
    "quarks_to_heavy_quarks",
]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    return a[:, 0] * b[:, 0] - a[:, 1] * b[:, 1] - a[:, 2] * b[:, 2] - a[:, 3] * b[:, 3]


def _average(process: Process) -> float:
    return 1.0 / (process.average_factor * process.symmetry_factor)


def _invariant(p: Tensor, i: int, j: int) -> Tensor:
    """Square of the sum of two momenta, taken as incoming, of massless legs."""
    sign = 2.0 if (i < 2) == (j < 2) else -2.0
    return sign * _dot(p[:, i], p[:, j])


def gluons_to_heavy_quarks(p: Tensor, mass: Parameter) -> Tensor:
    """``g g > Q Q~`` without a width of the heavy quark."""
    tau1, tau2, rho = _heavy_quark_invariants(p, mass)
    product = tau1 * tau2
    colour = 1.0 / (6.0 * product) - 0.375
    return colour * (tau1 * tau1 + tau2 * tau2 + rho - rho * rho / (4.0 * product))


def quarks_to_heavy_quarks(p: Tensor, mass: Parameter) -> Tensor:
    """``q q~ > Q Q~``."""
    tau1, tau2, rho = _heavy_quark_invariants(p, mass)
    return (4.0 / 9.0) * (tau1 * tau1 + tau2 * tau2 + 0.5 * rho)


def _heavy_quark_invariants(p: Tensor, mass: Parameter) -> tuple[Tensor, Tensor, Tensor]:
    half_s = _dot(p[:, 0], p[:, 1])
    tau1 = _dot(p[:, 0], p[:, 2]) / half_s
    tau2 = _dot(p[:, 1], p[:, 2]) / half_s
    return tau1, tau2, 2.0 * mass**2 / half_s


def four_gluons(p: Tensor) -> Tensor:
    """``g g > g g``."""
    s, t, u = (_invariant(p, 0, leg) for leg in (1, 2, 3))
    return 2.25 * (3.0 - t * u / (s * s) - s * u / (t * t) - s * t / (u * u))


def quarks_gluons(p: Tensor, process: Process) -> Tensor:
    """Two massless quarks and two gluons, in any crossing."""
    quarks = [leg for leg, pdg in enumerate(process.pdg_ids) if pdg != 21]
    gluons = [leg for leg, pdg in enumerate(process.pdg_ids) if pdg == 21]
    s = _invariant(p, *quarks)
    t, u = (_invariant(p, quarks[0], gluon) for gluon in gluons)
    crossed = -1.0 if sum(leg < 2 for leg in quarks) == 1 else 1.0
    squares = t * t + u * u
    total = squares * (128.0 / (3.0 * t * u) - 96.0 / (s * s))
    return total * (crossed * _average(process))


def four_quarks(p: Tensor, process: Process) -> Tensor:
    """Two pairs of massless quarks of equal or different flavour, in any crossing."""
    flavours = process.all_incoming
    lines = [leg for leg, pdg in enumerate(flavours) if pdg > 0]
    barred = [leg for leg, pdg in enumerate(flavours) if pdg < 0]
    x = _invariant(p, *lines)
    total = torch.zeros_like(x)
    channels = 0
    for one, two in ((barred[0], barred[1]), (barred[1], barred[0])):
        # The first quark line ends at `one`, the second at `two`.
        if flavours[lines[0]] == -flavours[one] and flavours[lines[1]] == -flavours[two]:
            y, z = _invariant(p, lines[0], one), _invariant(p, lines[0], two)
            total = total + 16.0 * (x * x + z * z) / (y * y)
            channels += 1
    if channels == 2:
        y, z = _invariant(p, lines[0], barred[0]), _invariant(p, lines[0], barred[1])
        total = total - (32.0 / 3.0) * x * x / (y * z)
    return total * _average(process)


def fermion_pairs(
    p: Tensor,
    process: Process,
    model: StandardModel,
    exchanges: list[tuple[Interaction, Interaction, str, str]],
) -> Tensor:
    """Massless fermion pair to another massless pair by photon, Z or W in the s-channel.

    Parameters
    ----------
    p
        Momenta.
    process
        The process; its incoming and its outgoing legs are a fermion and an antifermion.
    model
        Parameters.
    exchanges
        Vertices of the incoming and outgoing pair with each boson, and the names of the
        boson's mass and width.
    """
    s = _invariant(p, 0, 1)
    fermion_in = 0 if process.incoming[0] > 0 else 1
    fermion_out = 2 if process.outgoing[0] > 0 else 3
    same = _invariant(p, fermion_in, 5 - fermion_out)  # equal chiralities
    opposite = _invariant(p, fermion_in, fermion_out)
    total = torch.zeros_like(s)
    for i in (0, 1):
        for j in (0, 1):
            real, imaginary = torch.zeros_like(s), torch.zeros_like(s)
            for initial, final, mass_name, width_name in exchanges:
                first, second = initial.couplings[i], final.couplings[j]
                if first.number == 0.0 or second.number == 0.0:
                    continue
                strength = first.number * second.number
                value = strength * COUPLINGS[first.name](model) * COUPLINGS[second.name](model)
                mass = getattr(model, mass_name) if mass_name else 0.0
                width = getattr(model, width_name) if width_name else 0.0
                distance, damping = s - mass**2, mass * width
                factor = value / (distance * distance + damping**2)
                real = real + factor * distance
                imaginary = imaginary - factor * damping
            kinematics = same if i == j else opposite
            total = total + 4.0 * kinematics * kinematics * (real**2 + imaginary**2)
    colours = 1.0
    for pdg in (process.incoming[0], process.outgoing[0]):
        colours *= 3.0 if abs(pdg) <= 6 else 1.0
    return total * (colours * _average(process))


def gluons_to_photons(p: Tensor, model: StandardModel, charges: list[float]) -> Tensor:
    """``g g > a a`` through a loop of massless quarks with the given electric charges."""
    s, t, u = (_invariant(p, 0, leg) for leg in (1, 2, 3))
    total = 10.0 + torch.zeros_like(s)  # eight helicities with one flip, two with none
    total = total + 2.0 * _equal_photons(s, t, u) ** 2
    for x, y in ((t, u), (u, t)):
        real, imaginary = _opposite_photons(s, x, y)
        total = total + 2.0 * (real**2 + imaginary**2)
    strength = model.alpha_ew / (4.0 * math.pi) * sum(charge**2 for charge in charges)
    return total * (0.25 * strength**2)


def _equal_photons(s: Tensor, t: Tensor, u: Tensor) -> Tensor:
    log = torch.log(t / u)
    return -0.5 * (t * t + u * u) / (s * s) * (log * log + math.pi**2) - (t - u) / s * log - 1.0


def _opposite_photons(s: Tensor, t: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    log = torch.log(-t / s)
    squares, difference = (t * t + s * s) / (u * u), (t - s) / u
    real = -0.5 * squares * log * log - difference * log - 1.0
    return real, -math.pi * (squares * log + difference)
