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

__all__ = ["BreitWigner", "InvariantMap", "PowerLaw", "Uniform", "propagator_map"]


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
    r"""Density proportional to 1/(s - m^2)^nu.

    With d = s - m^2 and e = 1 - nu

    .. math:: d = (u\, d_{max}^e + (1 - u)\, d_{min}^e)^{1/e}

    and the logarithmic map for nu = 1.

    Parameters
    ----------
    power
        nu >= 0; below 1 the lower limit may be at s = m^2.
    mass
        m in GeV; s must lie above m^2 (for a time-like or space-like massless propagator 0).
    """

    def __init__(self, power: float, mass: float = 0.0) -> None:
        if not 0 <= power < math.inf or not 0 <= mass < math.inf:
            raise PhaseSpaceError(
                f"power {power} and mass {mass} GeV of an invariant: neither may be negative"
            )
        self.power = power
        self.mass2 = mass * mass

    def forward(self, u: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``s`` and ``ds/du``."""
        low, high = s_min - self.mass2, s_max - self.mass2
        if self.power == 1.0:
            ratio = torch.log(high / low)
            d = low * torch.exp(u * ratio)
            return d + self.mass2, d * ratio
        e = 1.0 - self.power
        low_e, high_e = low**e, high**e
        width = high_e - low_e
        base = low_e + u * width
        d = base ** (1.0 / e)
        return d + self.mass2, d / base * (width / e)

    def inverse(self, s: Tensor, s_min: Tensor, s_max: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du``."""
        low, high, d = s_min - self.mass2, s_max - self.mass2, s - self.mass2
        if self.power == 1.0:
            ratio = torch.log(high / low)
            return torch.log(d / low) / ratio, d * ratio
        e = 1.0 - self.power
        low_e = low**e
        width = high**e - low_e
        base = d**e
        return (base - low_e) / width, d / base * (width / e)


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


def propagator_map(mass: float, width: float, power: float) -> InvariantMap:
    """Choose the map for a time-like propagator.

    Breit-Wigner for an unstable particle, a power law in s for a massless one.  A massive
    stable one is treated as a massless one: its pole is not reached.
    """
    if width > 0:
        return BreitWigner(mass, width)
    return PowerLaw(power) if power > 0 else Uniform()
