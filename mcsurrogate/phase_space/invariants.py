r"""One-dimensional maps for invariants: from u in [0, 1] to s between two limits.

Each follows a density that a propagator has (MadSpace, arXiv:2602.06895; MadNIS,
arXiv:2408.01486, section 2):

* uniform,
* power law :math:`1/|s - m^2|^\nu`,
* Breit-Wigner :math:`1/((s - m^2)^2 + m^2 \Gamma^2)`.

The limits are tensors, one pair for each point, so that maps can be nested.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError

__all__ = ["BreitWigner", "InvariantMap", "PowerLaw", "Uniform", "power_law"]


class InvariantMap(Protocol):
    """A bijection between u in [0, 1] and s in [s_min, s_max]."""

    def forward(self, u: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``s`` and ``ds/du``, both ``(N,)``, in GeV^2."""
        ...

    def inverse(self, s: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du`` at ``s``, both ``(N,)``."""
        ...


class Uniform:
    """Flat in s."""

    def forward(self, u: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``s`` and ``ds/du``."""
        width = s_max - s_min
        return s_min + u * width, width

    def inverse(self, s: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du``."""
        width = s_max - s_min
        return (s - s_min) / width, width


class PowerLaw:
    r"""Density proportional to 1/(s - p)^nu with a pole p below the range.

    With d = s - p and e = 1 - nu

    .. math:: d = (u\, d_{max}^e + (1 - u)\, d_{min}^e)^{1/e}

    and the logarithmic map for nu = 1.

    Parameters
    ----------
    power
        nu >= 0; below 1 the lower limit may be at the pole.
    pole
        p in GeV^2: 0 for a massless propagator; negative, -m^2, for a space-like one of mass m
        and the variable \|t\|.
    """

    def __init__(self, power: float, pole: float = 0.0) -> None:
        if not 0 <= power < math.inf or not math.isfinite(pole):
            raise PhaseSpaceError(f"an invariant of power {power} and pole {pole} GeV^2")
        self.power = power
        self.pole = pole

    def forward(self, u: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``s`` and ``ds/du``."""
        low, high = self._distance(s_min), self._distance(s_max)
        if self.power == 1.0:
            ratio = torch.log(high / low)
            d = low * torch.exp(u * ratio)
            return self._value(d), d * ratio
        e = 1.0 - self.power
        low_e = low**e
        width = high**e - low_e
        base = torch.addcmul(low_e, u, width)
        d = base ** (1.0 / e)
        return self._value(d), d / base * (width / e)

    def inverse(self, s: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du``."""
        low, high, d = self._distance(s_min), self._distance(s_max), self._distance(s)
        if self.power == 1.0:
            ratio = torch.log(high / low)
            return torch.log(d / low) / ratio, d * ratio
        e = 1.0 - self.power
        low_e = low**e
        width = high**e - low_e
        base = d**e
        return (base - low_e) / width, d / base * (width / e)

    def _distance(self, s: Tensor) -> Tensor:
        d = s - self.pole if self.pole != 0 else s
        # Powers of zero have no gradient; the least number has one, and the same power.
        return d.clamp(min=torch.finfo(s.dtype).tiny)

    def _value(self, d: Tensor) -> Tensor:
        return d + self.pole if self.pole != 0 else d


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

    def forward(self, u: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``s`` and ``ds/du``."""
        low = torch.atan((s_min - self.mass2) / self.gamma)
        width = torch.atan((s_max - self.mass2) / self.gamma) - low
        tangent = torch.tan(low + u * width)
        # Far from the pole rounding of the angle could leave the limits.
        s = torch.minimum(torch.maximum(self.mass2 + self.gamma * tangent, s_min), s_max)
        return s, width * self.gamma * (1.0 + tangent * tangent)

    def inverse(self, s: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du``."""
        low = torch.atan((s_min - self.mass2) / self.gamma)
        width = torch.atan((s_max - self.mass2) / self.gamma) - low
        tangent = (s - self.mass2) / self.gamma
        jacobian = width * self.gamma * (1.0 + tangent * tangent)
        return (torch.atan(tangent) - low) / width, jacobian


def power_law(power: float, mass: float) -> InvariantMap:
    r"""Map with the density 1/(s + m^2)^nu; uniform for nu = 0.

    For a space-like propagator of mass m in GeV and s = \|t\|, or for a massless one that is
    kept regular at zero.
    """
    return PowerLaw(power, -mass * mass) if power > 0 else Uniform()
