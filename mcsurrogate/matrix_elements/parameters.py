# SPDX-License-Identifier: GPL-3.0-or-later
r"""Parameters of the Standard Model and what follows from them at tree level.

The independent parameters are those of MadGraph's ``sm`` model: 1/alpha, the Fermi constant
and the Z mass fix the electroweak sector, the W mass and the on-shell weak mixing angle
follow; the CKM matrix is the unit matrix; u, d, s, c, e, mu and the neutrinos are massless.

In the complex-mass scheme (A. Denner, S. Dittmaier, M. Roth, D. Wackeroth, hep-ph/9904472;
A. Denner, S. Dittmaier, arXiv:1912.06823, section 6.6) squared masses are
:math:`\mu^2 = M^2 - i M \Gamma` wherever the Lagrangian has them: in propagators, in
:math:`\cos\theta_W = \mu_W / \mu_Z`, in the vacuum expectation value and in Yukawa couplings, so
that Ward identities hold with widths; alpha stays real.
"""

import cmath
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.errors import MatrixElementError

__all__ = ["Derived", "Parameter", "StandardModel", "as_number", "side_by_side"]

Parameter = float | Tensor
"""A number, or a tensor without dimensions where a gradient with respect to it is wanted."""

Derived = complex | Tensor
"""What follows from parameters: complex in the complex-mass scheme, where widths enter it."""


def _real_root(value: Parameter) -> Parameter:
    return torch.sqrt(value) if isinstance(value, Tensor) else math.sqrt(value)


def _square_root(value: Derived) -> Derived:
    if isinstance(value, complex):
        return cmath.sqrt(value)
    return _real_root(value)


def as_number(value: Parameter) -> float:
    """Return the value of a parameter without its gradient."""
    return float(value.detach()) if isinstance(value, Tensor) else float(value)


@dataclass(frozen=True, slots=True)
class StandardModel:
    r"""Independent and derived parameters; masses and widths in GeV.

    Every field takes a number or a zero-dimensional tensor; with tensors that require a
    gradient, squared matrix elements are differentiable with respect to the parameters.
    The defaults are the parameters of the oracle tables (MadGraph5_aMC@NLO, ``sm``,
    ``restrict_default``).

    Attributes
    ----------
    inverse_alpha_ew
        1/alpha(M_Z), dimensionless.
    fermi_constant
        Fermi constant in GeV^-2.
    alpha_s
        Strong coupling that is used where none is given, dimensionless.
    z_mass, top_mass, bottom_mass, tau_mass, higgs_mass
        Pole masses in GeV.  A bottom mass of zero makes the bottom quark massless.
    top_yukawa_mass, bottom_yukawa_mass, tau_yukawa_mass
        Masses in GeV that enter the Yukawa couplings, y = sqrt(2) m / v.
    top_width, z_width, w_width, higgs_width
        Widths in GeV, used in every propagator of the particle.
    tau_width
        Width of the tau in GeV, hbar over a lifetime of 290.3 fs (Particle Data Group 2024), used
        where a tau is a resonance of a decay chain and nowhere else.
    complex_masses
        Whether widths make masses complex everywhere (the complex-mass scheme), or are fixed and
        stand in denominators alone.

    Raises
    ------
    MatrixElementError
        If a parameter is not finite, negative, or leaves no real W mass.
    """

    inverse_alpha_ew: Parameter = 132.507
    fermi_constant: Parameter = 1.16639e-5
    alpha_s: Parameter = 0.118
    z_mass: Parameter = 91.188
    top_mass: Parameter = 173.0
    bottom_mass: Parameter = 4.7
    tau_mass: Parameter = 1.777
    higgs_mass: Parameter = 125.0
    top_yukawa_mass: Parameter = 173.0
    bottom_yukawa_mass: Parameter = 4.7
    tau_yukawa_mass: Parameter = 1.777
    top_width: Parameter = 1.4915
    z_width: Parameter = 2.441404
    w_width: Parameter = 2.0476
    higgs_width: Parameter = 0.006382339
    complex_masses: Parameter = False
    tau_width: Parameter = 2.2674e-12

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Tensor) and value.dim() != 0:
                raise MatrixElementError(
                    f"StandardModel.{item.name} has shape {tuple(value.shape)}: give a number "
                    "or a tensor without dimensions"
                )
            number = as_number(value)
            if not math.isfinite(number) or number < 0.0:
                raise MatrixElementError(
                    f"StandardModel.{item.name} = {number}: must be finite and not negative"
                )
        for name in ("inverse_alpha_ew", "fermi_constant", "z_mass", "top_mass", "higgs_mass"):
            if as_number(getattr(self, name)) == 0.0:
                raise MatrixElementError(f"StandardModel.{name} = 0: must be positive")
        if as_number(self._w_discriminant) < 0.0:
            raise MatrixElementError(
                "no real W mass follows from inverse_alpha_ew, fermi_constant and z_mass: "
                "pi alpha / (sqrt(2) G_F) must be below M_Z^2 / 4"
            )

    @property
    def _w_discriminant(self) -> Parameter:
        mz2 = self.z_mass**2
        return mz2**2 / 4 - math.pi * self.alpha_ew * mz2 / (math.sqrt(2.0) * self.fermi_constant)

    @property
    def alpha_ew(self) -> Parameter:
        """Electromagnetic coupling alpha(M_Z)."""
        return 1.0 / self.inverse_alpha_ew

    @property
    def electric_charge(self) -> Parameter:
        """Positron charge e = sqrt(4 pi alpha)."""
        return _real_root(4.0 * math.pi * self.alpha_ew)

    @property
    def w_mass(self) -> Parameter:
        """W mass in GeV, from alpha, the Fermi constant and the Z mass: real in both schemes."""
        return _real_root(self.z_mass**2 / 2 + _real_root(self._w_discriminant))

    def lagrangian_mass(self, mass_name: str, width_name: str = "") -> Derived:
        """Mass in GeV that couplings and numerators of propagators have.

        Parameters
        ----------
        mass_name, width_name
            Names of mass and width; empty for none.

        Returns
        -------
        float, complex or Tensor
            sqrt(M^2 - i M Gamma) in the complex-mass scheme for particles with a width, else M.
        """
        mass: Parameter = getattr(self, mass_name) if mass_name else 0.0
        width: Parameter = getattr(self, width_name) if width_name else 0.0
        if not self.complex_masses or as_number(width) == 0.0:
            return mass
        return _square_root(mass**2 - 1j * mass * width)

    @property
    def sin2_theta_w(self) -> Derived:
        """On-shell weak mixing angle, 1 - M_W^2 / M_Z^2."""
        w_mass = self.lagrangian_mass("w_mass", "w_width")
        return 1.0 - w_mass**2 / self.lagrangian_mass("z_mass", "z_width") ** 2

    @property
    def sin_theta_w(self) -> Derived:
        """Sine of the weak mixing angle."""
        return _square_root(self.sin2_theta_w)

    @property
    def cos_theta_w(self) -> Derived:
        """Cosine of the weak mixing angle."""
        return _square_root(1.0 - self.sin2_theta_w)

    @property
    def higgs_vev(self) -> Derived:
        """Vacuum expectation value v = 2 M_W sin(theta_W) / e in GeV."""
        w_mass = self.lagrangian_mass("w_mass", "w_width")
        return 2.0 * w_mass * self.sin_theta_w / self.electric_charge

    @property
    def top_yukawa(self) -> Derived:
        """Mass in the Yukawa coupling of the top quark in GeV, with the phase of its mass."""
        pole = self.lagrangian_mass("top_mass", "top_width")
        return self.top_yukawa_mass * (pole / self.top_mass)

    def with_parameters(self, **changes: Parameter) -> "StandardModel":
        """Return a copy with some independent parameters replaced.

        Raises
        ------
        MatrixElementError
            If a name is not an independent parameter.
        """
        known = {item.name for item in fields(self)}
        unknown = sorted(set(changes) - known)
        if unknown:
            raise MatrixElementError(
                f"StandardModel has no parameter {unknown[0]!r}; it has {', '.join(sorted(known))}"
            )
        arguments: dict[str, Any] = dict(changes)
        return replace(self, **arguments)

    def numbers(self) -> dict[str, float]:
        """Independent parameters as plain numbers, for records and cache keys.

        The scheme is among them, as 1, where masses are complex, and the width of the tau, which
        decay chains alone have, where it is not the default.
        """
        found = {item.name: as_number(getattr(self, item.name)) for item in fields(self)}
        if not self.complex_masses:
            del found["complex_masses"]
        if found["tau_width"] == _DEFAULT_TAU_WIDTH:
            del found["tau_width"]
        return found

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient with respect to some parameter is wanted."""
        values = (getattr(self, item.name) for item in fields(self))
        return any(isinstance(value, Tensor) and value.requires_grad for value in values)


_DEFAULT_TAU_WIDTH = StandardModel().tau_width


def side_by_side(
    one: Mapping[str, float], other: Mapping[str, float]
) -> Iterator[tuple[str, float, float]]:
    """Yield the parameters of two models by name, the strong coupling left out.

    Parameters
    ----------
    one, other
        As `StandardModel.numbers` has them: what only one has is zero in the other.
    """
    for name in sorted({*one, *other} - {"alpha_s"}):
        yield name, one.get(name, 0.0), other.get(name, 0.0)
