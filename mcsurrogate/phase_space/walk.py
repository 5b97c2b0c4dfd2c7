"""The two directions of a mapping, so that each recursion is written once.

A recursion asks its walker for invariants and angles.  `Forward` draws them from the columns
of the hypercube; `Backward` is handed the value that the event has and notes the column.  Both
collect the jacobian.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mcsurrogate.phase_space.frames import Columns
from mcsurrogate.phase_space.invariants import InvariantMap
from mcsurrogate.phase_space.two_body import azimuth_fraction

__all__ = ["Backward", "Forward", "Mass", "Observed", "Walker"]


class Mass(NamedTuple):
    """Mass squared and mass of a system, numbers for a particle, ``(N,)`` otherwise."""

    s: Tensor | float
    m: Tensor | float


class Forward:
    """Draws from the columns of the hypercube.

    Parameters
    ----------
    regular, azimuths
        Columns ``(N,)``.
    """

    def __init__(self, regular: Sequence[Tensor], azimuths: Sequence[Tensor]) -> None:
        self._regular: Iterator[Tensor] = iter(regular)
        self._azimuths: Iterator[Tensor] = iter(azimuths)
        self.jacobian: Tensor | None = None

    def factor(self, value: Tensor) -> None:
        """Multiply the jacobian."""
        self.jacobian = value if self.jacobian is None else self.jacobian * value

    def invariant(
        self, invariant: InvariantMap, low: Tensor, width: Tensor, known: Tensor | None
    ) -> Tensor:
        """Draw the distance of an invariant from its lower limit."""
        assert known is None
        value, jacobian = invariant.forward(next(self._regular), low, width)
        self.factor(jacobian)
        return value

    def polar(self) -> Tensor:
        """Draw (1 + cos)/2."""
        return next(self._regular)

    def azimuth(self) -> Tensor:
        """Draw phi/(2 pi)."""
        return next(self._azimuths)


class Backward:
    """Notes the columns of the hypercube that an event belongs to."""

    def __init__(self) -> None:
        self.regular: list[Tensor] = []
        self.azimuths: list[Tensor] = []
        self.jacobian: Tensor | None = None

    def factor(self, value: Tensor) -> None:
        """Multiply the jacobian."""
        self.jacobian = value if self.jacobian is None else self.jacobian * value

    def invariant(
        self, invariant: InvariantMap, low: Tensor, width: Tensor, known: Tensor | None
    ) -> Tensor:
        """Note the column of the known distance of an invariant from its lower limit."""
        assert known is not None
        # Rounding may put an invariant slightly outside of its limits.
        known = torch.minimum(known.clamp(min=0), width)
        u, jacobian = invariant.inverse(known, low, width)
        self.regular.append(u)
        self.factor(jacobian)
        return known

    def note_polar(self, cos: Tensor) -> None:
        """Note (1 + cos)/2."""
        self.regular.append(0.5 * (1 + cos))

    def note_azimuth(self, x: Tensor, y: Tensor) -> None:
        """Note phi/(2 pi) of the direction (x, y)."""
        self.azimuths.append(azimuth_fraction(x, y))


Walker = Forward | Backward


class Observed:
    """Momenta and masses of all systems of particles in given events.

    Parameters
    ----------
    particles
        Momentum of each outgoing leg, by leg.
    masses
        Their masses in GeV, by leg.
    """

    def __init__(self, particles: dict[int, Columns], masses: dict[int, float]) -> None:
        self._systems: dict[tuple[int, ...], tuple[Columns, Tensor | float]] = {
            (leg,): (p, masses[leg] ** 2) for leg, p in particles.items()
        }

    def momentum(self, legs: tuple[int, ...]) -> Columns:
        """Sum of the momenta of ``legs``."""
        return self._system(legs)[0]

    def mass(self, legs: tuple[int, ...]) -> Mass:
        """Mass of the system of ``legs``."""
        s = self._system(legs)[1]
        return Mass(s, s.sqrt() if isinstance(s, Tensor) else s**0.5)

    def _system(self, legs: tuple[int, ...]) -> tuple[Columns, Tensor | float]:
        if legs not in self._systems:
            first, rest = self._system(legs[:1]), self._system(legs[1:])
            s = first[1] + rest[1] + _twice_product(*first, *rest)
            self._systems[legs] = first[0] + rest[0], s
        return self._systems[legs]


def _twice_product(p: Columns, s_p: Tensor | float, q: Columns, s_q: Tensor | float) -> Tensor:
    """2 p.q from positive terms, see :func:`mcsurrogate.kinematics.pair_mass_squared`."""
    p2 = p.x * p.x + p.y * p.y + p.z * p.z
    q2 = q.x * q.x + q.y * q.y + q.z * q.z
    tiny = torch.finfo(p2.dtype).tiny
    p_size, q_size = p2.clamp(min=tiny).sqrt(), q2.clamp(min=tiny).sqrt()
    product = p_size * q_size
    dx, dy, dz = (a / p_size - b / q_size for a, b in zip(p[1:], q[1:], strict=True))
    opening = product * (dx * dx + dy * dy + dz * dz)
    difference = (s_p * q2 + s_q * p2 + s_p * s_q) / (p.e * q.e + product)
    return 2 * difference + opening
