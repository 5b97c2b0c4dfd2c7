# SPDX-License-Identifier: GPL-3.0-or-later
"""Events next to the singular limits of a process, to be shown to its cuts."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.phase_space import HadronicPhaseSpace, power_law

__all__ = ["LimitEvents"]

_COUNT = 10_000
_NEAR = 1e-6
"""Energies over that of the beams, and angles: what cuts of physical size cannot resolve."""
_LEAST = 1e-4
"""Smallest partonic energy over that of the beams."""


class LimitEvents:
    """Outgoing momenta of events whose legs are soft or collinear but for a millionth.

    The other particles fill their phase space evenly, at energies that are uniform in their
    logarithm.  Transverse momenta balance but for a millionth.

    Parameters
    ----------
    masses
        Of the outgoing legs in GeV.
    sqrt_s
        Energy of the beams in GeV.
    hadronic
        Which beams have partons.
    least
        Smallest partonic energy in GeV that cuts and masses allow.
    """

    def __init__(
        self, masses: Sequence[float], sqrt_s: float, hadronic: tuple[bool, bool], least: float
    ) -> None:
        self._masses = dict(enumerate(masses, start=2))
        self._sqrt_s = sqrt_s
        self._hadronic = hadronic
        self._least = max(least, _LEAST * sqrt_s)
        self._generator = torch.Generator().manual_seed(1)

    def soft(self, legs: tuple[int, ...]) -> Tensor | None:
        """Return momenta ``(N, n, 4)`` with soft ``legs``; None where the rest cannot exist."""
        rest = self._rest([leg for leg in self._masses if leg not in legs])
        if rest is None:
            return None
        return self._event(rest[0], {leg: self._isotropic(_NEAR * self._sqrt_s) for leg in legs})

    def collinear(self, legs: tuple[int, ...]) -> Tensor | None:
        """Return momenta ``(N, n, 4)`` with two collinear ``legs``."""
        first, second = legs
        rest = self._rest([leg for leg in self._masses if leg != second], massless=first)
        if rest is None:
            return None
        momenta = rest[0]
        parent = momenta[first]
        axis = parent[:, 1:] / parent[:, :1]
        across = torch.linalg.cross(axis, self._isotropic(1.0)[:, 1:])
        across = across / across.norm(dim=1, keepdim=True).clamp(min=1e-12)
        share = self._uniform()[:, None] * parent[:, :1]
        momenta[first] = torch.cat((share, share * axis), dim=1)
        turned = axis + _NEAR * across
        left = parent[:, :1] - share
        partner = torch.cat((left, left * turned / turned.norm(dim=1, keepdim=True)), dim=1)
        return self._event(momenta, {second: partner})

    def along_beam(self, legs: tuple[int, ...]) -> Tensor | None:
        """Return momenta ``(N, n, 4)`` with the second of ``legs`` along the beam, the first."""
        beam, leg = legs
        rest = self._rest([other for other in self._masses if other != leg], emitter=beam)
        if rest is None:
            return None
        momenta, x = rest
        fraction = 1 - x[beam]
        if self._hadronic[beam]:
            fraction = fraction * self._uniform()
        return self._event(momenta, {leg: self._forward(fraction, beam)})

    def without_energy(self, legs: tuple[int, ...]) -> Tensor:
        """Return momenta ``(N, n, 4)`` of massless ``legs`` whose mass together is nothing.

        Two hadrons make them at any rapidity; a beam that keeps its energy gives it to one of them.
        """
        everywhere = all(self._hadronic)
        # the mass of a particle along a beam and a soft one is the square root of energies
        energy = self._sqrt_s * (_NEAR if everywhere else _NEAR**2)
        small = [self._isotropic(energy) for _ in legs[:-1]]
        back = -torch.stack(small).sum(dim=0)[:, 1:]
        small.append(torch.cat((back.norm(dim=1, keepdim=True), back), dim=1))
        if everywhere:
            stretch = (6 * self._uniform() - 3).exp()
            small = [_boosted(p[:, None], stretch)[:, 0] for p in small]
            return self._event(dict(zip(legs, small, strict=True)))
        whole = (0.5 if self._hadronic[1] else -0.5) * self._sqrt_s
        receiver = (len(legs) * self._uniform()).long()
        for number, p in enumerate(small):
            p[:, 3] = torch.where(receiver == number, whole, p[:, 3])
            p[:, 0] = p[:, 1:].norm(dim=1)
        return self._event(dict(zip(legs, small, strict=True)))

    def _uniform(self) -> Tensor:
        return torch.rand(_COUNT, generator=self._generator, dtype=torch.float64)

    def _isotropic(self, energy: float) -> Tensor:
        """Massless momenta ``(N, 4)`` of up to an energy."""
        cosine, phi = 2 * self._uniform() - 1, 2 * math.pi * self._uniform()
        sine = (1 - cosine.square()).sqrt()
        e = energy * self._uniform()
        return torch.stack((e, e * sine * phi.cos(), e * sine * phi.sin(), e * cosine), dim=1)

    def _forward(self, fraction: Tensor, beam: int) -> Tensor:
        """Massless momenta along a beam that take a fraction of its energy."""
        e, phi = 0.5 * self._sqrt_s * fraction, 2 * math.pi * self._uniform()
        z = (1 - 2 * beam) * e
        return torch.stack((e, _NEAR * e * phi.cos(), _NEAR * e * phi.sin(), z), dim=1)

    def _event(self, *parts: dict[int, Tensor]) -> Tensor:
        momenta = torch.zeros(_COUNT, len(self._masses) + 2, 4, dtype=torch.float64)
        for part in parts:
            for leg, p in part.items():
                momenta[:, leg] = p
        total = momenta[:, 2:].sum(dim=1)
        for beam, sign in ((0, 1), (1, -1)):
            momenta[:, beam, 0] = 0.5 * (total[:, 0] + sign * total[:, 3])
            momenta[:, beam, 3] = sign * momenta[:, beam, 0]
        return momenta

    def _rest(
        self, legs: list[int], massless: int | None = None, emitter: int | None = None
    ) -> tuple[dict[int, Tensor], list[Tensor]] | None:
        """Momenta of the other legs by leg, and the fractions of both beams that they take.

        A beam whose energy is fixed has the fraction one, unless it is the ``emitter``.
        """
        masses = [0.0 if leg == massless else self._masses[leg] for leg in legs]
        free = [hadron or side == emitter for side, hadron in enumerate(self._hadronic)]
        if len(legs) == 1 and masses[0] == 0:
            if emitter is None:
                return None
            # Both go forward: the fraction of the exchanged particle is nothing.
            other = 1 - emitter
            x = 10 ** (-3 * self._uniform()) if free[other] else torch.ones(_COUNT).double()
            zero = torch.zeros_like(x)
            return {legs[0]: self._forward(x, other)}, [zero, zero]
        if len(legs) == 1 and (not any(free) or masses[0] >= self._sqrt_s):
            return None
        momenta, x1, x2 = self._inside(masses, fixed=not any(free))
        for side in (0, 1):
            if not free[side] and any(free):
                whole = (x1, x2)[side]
                stretch = 1 / whole if side == 0 else whole
                momenta = _boosted(momenta, stretch)
                x1, x2 = x1 * stretch, x2 / stretch
        return dict(zip(legs, momenta.unbind(1), strict=True)), [x1, x2]

    def _inside(self, masses: list[float], *, fixed: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Momenta ``(N, n, 4)`` of a reduced process, and its fractions of the beams."""
        if len(masses) > 1:
            least = max(self._least, sum(masses) * (1 + 1e-9))
            space = HadronicPhaseSpace(
                self._sqrt_s,
                masses,
                hadronic=not fixed,
                s_min=least**2,
                invariant=power_law(1.0, 0.0),
            )
            u = torch.rand(_COUNT, space.dim, generator=self._generator, dtype=torch.float64)
            point = space.forward(u)
            return point.momenta[:, 2:], point.x1, point.x2
        tau = (masses[0] / self._sqrt_s) ** 2
        log = math.log(tau) * self._uniform()
        x1, x2 = log.exp(), (math.log(tau) - log).exp()
        half, zero = 0.5 * self._sqrt_s, torch.zeros_like(x1)
        one = torch.stack((half * (x1 + x2), zero, zero, half * (x1 - x2)), dim=1)
        return one[:, None], x1, x2


def _boosted(momenta: Tensor, stretch: Tensor) -> Tensor:
    """Boost ``(N, n, 4)`` along the beams so that E + pz grows by a factor ``(N,)``."""
    e, x, y, z = momenta.unbind(2)
    plus, minus = (e + z) * stretch[:, None], (e - z) / stretch[:, None]
    return torch.stack(((plus + minus) / 2, x, y, (plus - minus) / 2), dim=2)
