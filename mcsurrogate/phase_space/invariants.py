# SPDX-License-Identifier: GPL-3.0-or-later
r"""One-dimensional maps for invariants: from u in [0, 1] to s between two limits.

Each follows a density that a propagator has (MadSpace, arXiv:2602.06895; MadNIS,
arXiv:2408.01486, section 2):

* uniform,
* power law :math:`1/(s - p)^\nu`,
* Breit-Wigner :math:`1/((s - m^2)^2 + m^2 \Gamma^2)`.

Limits are tensors, one pair for each point, so that maps can be nested.  A map returns the
distance x = s - s_min from the lower limit, not s itself: next to a threshold that keeps the
digits which the difference would lose.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError

__all__ = ["BreitWigner", "InvariantMap", "PowerLaw", "Uniform", "power_law"]


class InvariantMap(Protocol):
    """A bijection between u in [0, 1] and s in [low, low + width].

    Attributes
    ----------
    key
        Equal for equal maps.
    """

    key: tuple[object, ...]

    def forward(self, u: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``x = s - low`` and ``ds/du``, both ``(N,)``, in GeV^2."""
        ...

    def inverse(self, x: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du`` at ``x = s - low``, both ``(N,)``."""
        ...

    def jacobian(self, x: Tensor, low: Tensor, width: Tensor) -> Tensor:
        """Return ``ds/du`` alone at ``x = s - low``, ``(N,)``."""
        ...


class Uniform:
    """Flat in s."""

    def __init__(self) -> None:
        self.key: tuple[object, ...] = ("uniform",)

    def forward(self, u: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Return ``s - low`` and ``ds/du``."""
        return u * width, width

    def inverse(self, x: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """Return ``u`` and ``ds/du``."""
        return x / width.clamp(min=torch.finfo(x.dtype).tiny), width

    def jacobian(self, x: Tensor, low: Tensor, width: Tensor) -> Tensor:  # noqa: ARG002
        """Return ``ds/du``."""
        return width


class PowerLaw:
    r"""Density proportional to 1/(s - p)^nu with a pole p below the range.

    With d = low - p, r = width/d and e = 1 - nu

    .. math:: x = d\,\Bigl[\bigl(1 + u ((1 + r)^e - 1)\bigr)^{1/e} - 1\Bigr]

    and its limit, the logarithmic map, for nu = 1.

    Parameters
    ----------
    power
        nu >= 0.
    pole
        p in GeV^2: 0 for a massless propagator; negative, -m^2, for a space-like one of mass m
        and the variable \|t\|.
    """

    def __init__(self, power: float, pole: float = 0.0) -> None:
        if not 0 <= power < math.inf or not math.isfinite(pole):
            raise PhaseSpaceError(f"an invariant of power {power} and pole {pole} GeV^2")
        self.power = power
        self.pole = pole
        self.key: tuple[object, ...] = ("power", power, pole)

    def forward(self, u: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``s - low`` and ``ds/du``."""
        d = self._distance(low, width)
        logarithm = torch.log1p(width / d)
        if self.power == 1.0:
            x = d * torch.expm1(u * logarithm)
            return x, (d + x) * logarithm
        e = 1.0 - self.power
        span = torch.expm1(e * logarithm)
        scaled = u * span
        x = d * torch.expm1(torch.log1p(scaled) / e)
        return x, (d + x) * (span / e) / (1 + scaled)

    def inverse(self, x: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du``."""
        d = self._distance(low, width)
        logarithm = torch.log1p(width / d)
        tiny = torch.finfo(x.dtype).tiny
        if self.power == 1.0:
            return torch.log1p(x / d) / logarithm.clamp(min=tiny), (d + x) * logarithm
        e = 1.0 - self.power
        span = torch.expm1(e * logarithm)
        scaled = torch.expm1(e * torch.log1p(x / d))
        safe = torch.where(span == 0, torch.full_like(span, tiny), span)
        return scaled / safe, (d + x) * (span / e) / (1 + scaled)

    def jacobian(self, x: Tensor, low: Tensor, width: Tensor) -> Tensor:
        """Return ``ds/du``."""
        d = self._distance(low, width)
        reached = d + x
        logarithm = torch.log1p(width / d)
        if self.power == 1.0:
            return reached * logarithm
        e = 1.0 - self.power
        return reached * torch.expm1(e * logarithm) * (d / reached) ** e / e

    def _distance(self, low: Tensor, width: Tensor) -> Tensor:
        if self.pole < 0:
            return low - self.pole
        eps = torch.finfo(low.dtype).eps
        return torch.maximum(low - self.pole, width * (eps * eps) + torch.finfo(low.dtype).tiny)


class BreitWigner:
    r"""Density proportional to 1/((s - m^2)^2 + m^2 Gamma^2).

    .. math:: s = m^2 + m\Gamma \tan(a + u (b - a))

    with a, b the angles of the limits.

    Parameters
    ----------
    mass, width
        Of the resonance in GeV, both positive.
    """

    def __init__(self, mass: float, width: float) -> None:
        if not 0 < mass < math.inf or not 0 < width < math.inf:
            raise PhaseSpaceError(
                f"a resonance of mass {mass} GeV and width {width} GeV: both must be positive"
            )
        self.mass2 = mass * mass
        self.gamma = mass * width
        self.key: tuple[object, ...] = ("resonance", mass, width)

    def forward(self, u: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``s - low`` and ``ds/du``."""
        start, angle = self._angles(low, width)
        tangent = torch.tan(start + u * angle)
        # Far from the pole rounding of the angle could leave the limits.
        x = torch.minimum((self.mass2 + self.gamma * tangent - low).clamp(min=0), width)
        return x, angle * self.gamma * (1.0 + tangent * tangent)

    def inverse(self, x: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du``."""
        start, angle = self._angles(low, width)
        tangent = (low + x - self.mass2) / self.gamma
        jacobian = angle * self.gamma * (1.0 + tangent * tangent)
        tiny = torch.finfo(x.dtype).tiny
        return (torch.atan(tangent) - start) / angle.clamp(min=tiny), jacobian

    def jacobian(self, x: Tensor, low: Tensor, width: Tensor) -> Tensor:
        """Return ``ds/du``."""
        first, tangent = (low - self.mass2) / self.gamma, (low + x - self.mass2) / self.gamma
        return self._angle(first, low, width) * (self.gamma * (1.0 + tangent * tangent))

    def _angles(self, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        first = (low - self.mass2) / self.gamma
        return torch.atan(first), self._angle(first, low, width)

    def _angle(self, first: Tensor, low: Tensor, width: Tensor) -> Tensor:
        """Difference of the angles of the limits, accurate also when both are close to pi/2."""
        last = (low + width - self.mass2) / self.gamma
        return torch.atan2(width / self.gamma, 1 + first * last)


def power_law(power: float, mass: float) -> InvariantMap:
    r"""Map with the density 1/(s + m^2)^nu; uniform for nu = 0.

    For a space-like propagator of mass m in GeV and s = \|t\|, or for a massless one that is
    kept regular at zero.
    """
    return PowerLaw(power, -mass * mass) if power > 0 else Uniform()
