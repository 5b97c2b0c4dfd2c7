# SPDX-License-Identifier: GPL-3.0-or-later
r"""Invariants whose density has several peaks: the mean of the densities of simpler maps.

.. math:: p(s) = \frac1n \sum_i p_i(s), \qquad u(s) = \frac1n \sum_i u_i(s)

The cumulative distribution is the mean of those of the parts, and is solved for s between
the smallest and the largest of their quantiles (R. Kleiss, R. Pittau, hep-ph/9405257, for one
dimension).  A particle that decays through resonances heavier than itself needs it: either it is on
its mass shell or they are.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.phase_space.invariants import BreitWigner, InvariantMap

__all__ = ["Mixture", "remainder", "shoulder"]

_STEPS = 100
"""Steps of the solution, at most."""
_CENTRE, _WIDTH = 1.2, 0.3
"""Peak and half width of the density above a threshold, in units of its square."""


def shoulder(threshold: float) -> BreitWigner:
    r"""Map for systems of resonances, which live above the sum of their masses.

    Parameters
    ----------
    threshold
        That sum, T, in GeV.  The density 1/((s - 1.2 T^2)^2 + (0.3 T^2)^2) rises there and falls
        like 1/s^2; a quarter of it lies below.
    """
    mass = _CENTRE**0.5 * threshold
    return BreitWigner(mass, _WIDTH * threshold**2 / mass)


def remainder(most: float) -> BreitWigner:
    r"""Map for a resonance below its mass shell, where another one takes what it needs.

    Parameters
    ----------
    most
        Mass R that is left for it, in GeV.  The density 1/((s - R^2/2)^2 + R^4/4) is even within
        a factor of 2 below R^2, and falls like 1/s^2 above.
    """
    mass = most / 2**0.5
    return BreitWigner(mass, mass)


class Mixture:
    """Mean of the densities of several maps.

    Parameters
    ----------
    parts
        The maps.
    """

    def __init__(self, parts: Sequence[InvariantMap]) -> None:
        self.parts = tuple(parts)
        self.key: tuple[object, ...] = ("mixture", *(part.key for part in self.parts))

    def forward(self, u: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``s - low`` and ``ds/du``."""
        with torch.no_grad():
            x = self._solve(u, low, width)
        # One Newton step more, this one differentiable, gives x its gradient.
        reached, jacobian = self.inverse(x, low, width)
        x = torch.minimum((x + (u - reached) * jacobian).clamp(min=0), width)
        return x, self.inverse(x, low, width)[1]

    def inverse(self, x: Tensor, low: Tensor, width: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` and ``ds/du``."""
        u, density = torch.zeros_like(x), torch.zeros_like(x)
        tiny = torch.finfo(x.dtype).tiny
        for part in self.parts:
            cumulative, jacobian = part.inverse(x, low, width)
            u = u + cumulative
            density = density + 1 / jacobian.clamp(min=tiny)
        return u / len(self.parts), len(self.parts) / density

    def jacobian(self, x: Tensor, low: Tensor, width: Tensor) -> Tensor:
        """Return ``ds/du``."""
        tiny = torch.finfo(x.dtype).tiny
        densities = [1 / part.jacobian(x, low, width).clamp(min=tiny) for part in self.parts]
        return len(self.parts) / torch.stack(densities).sum(0)

    def _solve(self, u: Tensor, low: Tensor, width: Tensor) -> Tensor:
        """Newton's method, that halves the range where it leaves it or does not gain enough."""
        quantiles = torch.stack([part.forward(u, low, width)[0] for part in self.parts])
        least, most = quantiles.amin(0), quantiles.amax(0)
        eps = torch.finfo(u.dtype).eps
        x, before = _middle(least, most), torch.full_like(u, math.inf)
        for _ in range(_STEPS):
            reached, jacobian = self.inverse(x, low, width)
            off = reached - u
            most, least = torch.where(off > 0, x, most), torch.where(off > 0, least, x)
            found = (off.abs() <= 256 * eps) | (most - least <= 4 * eps * most)
            if bool(found.all()):
                break
            newton = x - off * jacobian
            good = (newton > least) & (newton < most) & (off.abs() < 0.5 * before)
            # what is found stays: it gains no more, and halving would lose it
            x = torch.where(found, x, torch.where(good, newton, _middle(least, most)))
            before = off.abs()
        return x


def _middle(least: Tensor, most: Tensor) -> Tensor:
    """Geometric where the range spans more than a factor of 4, else arithmetic."""
    apart = (most > 4 * least) & (least > 0)
    return torch.where(apart, (least.clamp(min=0) * most).sqrt(), 0.5 * (least + most))
