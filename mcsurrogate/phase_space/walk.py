# SPDX-License-Identifier: GPL-3.0-or-later
"""The two directions of a mapping, and its density alone, so that each recursion is written once.

A recursion asks its walker for invariants and angles.  `Forward` draws them from the columns
of the hypercube; `Backward` is handed the value that the event has and notes the column;
`Weigher` notes no column.  All collect the jacobian.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from mcsurrogate.phase_space.frames import Columns, azimuth_fraction
from mcsurrogate.phase_space.invariants import InvariantMap

__all__ = ["Backward", "Forward", "Mass", "Observed", "Walker", "Weigher"]


class Mass(NamedTuple):
    """Mass of a system, numbers for a particle, ``(N,)`` otherwise.

    Attributes
    ----------
    s
        Mass squared in GeV^2.
    m
        Mass in GeV.
    excess
        By how much the mass exceeds the sum of the masses of the particles, in GeV.  Kept
        apart, because next to a threshold the difference would have few digits left.
    """

    s: Tensor | float
    m: Tensor | float
    excess: Tensor | float


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


class Weigher:
    """Collects the jacobian of an event, which depends on its invariants alone.

    Parameters
    ----------
    reflected
        Whether chains are followed from beam 1.
    """

    def __init__(self, *, reflected: bool = False) -> None:
        self.reflected = reflected
        self.jacobian: Tensor | None = None

    def factor(self, value: Tensor) -> None:
        """Multiply the jacobian."""
        self.jacobian = value if self.jacobian is None else self.jacobian * value

    def invariant(
        self, invariant: InvariantMap, low: Tensor, width: Tensor, known: Tensor | None
    ) -> Tensor:
        """Count an invariant by its known distance from its lower limit."""
        known = _within(known, width)
        self.factor(invariant.jacobian(known, low, width))
        return known


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
        known = _within(known, width)
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


Walker = Forward | Backward | Weigher


def _within(known: Tensor | None, width: Tensor) -> Tensor:
    """Put an invariant inside of its limits, where rounding may not have left it."""
    assert known is not None
    return torch.minimum(known.clamp(min=0), width)


class Observed:
    """Momenta and masses of all systems of particles in given events, each found once.

    Parameters
    ----------
    particles
        Momentum of each outgoing leg, by leg.
    masses
        Their masses in GeV, by leg.
    """

    def __init__(self, particles: dict[int, Columns], masses: dict[int, float]) -> None:
        self._systems: dict[tuple[int, ...], _System] = {
            (leg,): _System(p, _size(p), Mass(masses[leg] ** 2, masses[leg], 0.0))
            for leg, p in particles.items()
        }
        self._remembered: dict[object, Tensor] = {}

    def momentum(self, legs: tuple[int, ...]) -> Columns:
        """Sum of the momenta of ``legs``."""
        return self._system(legs).momentum

    def mass(self, legs: tuple[int, ...]) -> Mass:
        """Mass of the system of ``legs``."""
        return self._system(legs).mass

    def transfer(self, legs: tuple[int, ...], rest: tuple[int, ...], root: Tensor) -> Tensor:
        r"""T = -(p_0 - p)^2 of a system and beam 0, in their centre of mass, from positive terms.

        With light-cone momenta :math:`p^\pm = E \pm p_z` and all partons' :math:`P^+ = \sqrt s`

        .. math:: T = \sqrt s\,p^- - m^2 = \frac{m^2 p^+_{\rm rest} + \sqrt s\,p_T^2}{p^+}

        Parameters
        ----------
        legs, rest
            The system, and all other outgoing legs.
        root
            Partonic energy in GeV.
        """

        def found() -> Tensor:
            p, s = self.momentum(legs), self.mass(legs).s
            above = s * self._along(rest) + root * (p.x * p.x + p.y * p.y)
            return above / self._along(legs)

        return self.once(("transfer", legs), found)

    def _along(self, legs: tuple[int, ...]) -> Tensor:
        """Light-cone momentum E + p_z of a system, that keeps the digits of the backward ones."""

        def found() -> Tensor:
            if len(legs) > 1:
                return self._along(legs[:1]) + self._along(legs[1:])
            p, mass = self._system(legs).momentum, self._system(legs).mass
            ahead = p.e + p.z.abs()
            return torch.where(p.z > 0, ahead, (p.x * p.x + p.y * p.y + mass.s) / ahead)

        return self.once(("along", legs), found)

    def once(self, key: object, found: Callable[[], Tensor]) -> Tensor:
        """Return what was found of these events under a name, or find it."""
        if key not in self._remembered:
            self._remembered[key] = found()
        return self._remembered[key]

    def _system(self, legs: tuple[int, ...]) -> "_System":
        if legs not in self._systems:
            first, rest = self._system(legs[:1]), self._system(legs[1:])
            momentum = first.momentum + rest.momentum
            self._systems[legs] = _System(momentum, _size(momentum), _joint_mass(first, rest))
        return self._systems[legs]


class _System(NamedTuple):
    momentum: Columns
    size: Tensor
    mass: Mass


def _size(p: Columns) -> Tensor:
    squares = p.x * p.x + p.y * p.y + p.z * p.z
    return squares.clamp(min=torch.finfo(squares.dtype).tiny).sqrt()


def _joint_mass(p: _System, q: _System) -> Mass:
    """Mass of two systems from positive terms.

    s - (m_p + m_q)^2 = 2 (p.q - m_p m_q), and E_p E_q - m_p m_q - |p||q| comes from
    (m_p |q| - m_q |p|)^2, |p||q| (1 - cos) from the difference of the unit vectors.
    """
    a, b = p.momentum, q.momentum
    product = p.size * q.size
    dx, dy, dz = (u / p.size - v / q.size for u, v in zip(a[1:], b[1:], strict=True))
    opening = product * (dx * dx + dy * dy + dz * dz)
    crossed = p.mass.m * q.size - q.mass.m * p.size
    above = 2 * crossed * crossed / (a.e * b.e + p.mass.m * q.mass.m + product) + opening
    threshold = p.mass.m + q.mass.m
    s = threshold * threshold + above
    m = s.sqrt()
    return Mass(s, m, p.mass.excess + q.mass.excess + above / (m + threshold))
