# SPDX-License-Identifier: GPL-3.0-or-later
r"""Phase space of a single particle from two hadrons, and of beams of which one is a hadron.

One particle of mass M leaves the rapidity y alone,

.. math:: dx_1 dx_2\, d\Phi_1 = dy\, \frac{2\pi}{S},\qquad x_{1,2} = \frac{M}{\sqrt S} e^{\pm y}

(R. K. Ellis, W. J. Stirling, B. R. Webber, *QCD and Collider Physics*, eq. 7.3).  A beam without
partons fixes it: the events of two hadrons are boosted to where its fraction is one.
"""

import math

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.hard_process.channels import Channels
from mcsurrogate.phase_space import PhaseSpacePoint

__all__ = ["OneHadron", "SingleParticle"]

_RAPIDITY = 1
"""Dimension of the hypercube that is the rapidity, in all channels of two hadrons."""


class SingleParticle:
    """The rapidity of one particle that two partons make.

    Parameters
    ----------
    mass
        Of the particle in GeV.
    sqrt_s
        Energy of the hadrons in GeV.
    """

    dim, channels = 1, 1
    names: tuple[str, ...] = ("single particle",)
    periodic: tuple[bool, ...] = (False,)

    def __init__(self, mass: float, sqrt_s: float) -> None:
        self.mass, self.sqrt_s = mass, sqrt_s

    def forward(self, u: Tensor, channel: Tensor | int) -> PhaseSpacePoint:  # noqa: ARG002
        """Map ``u`` ``(N, 1)`` to events with momenta ``(N, 3, 4)``."""
        log = 2.0 * math.log(self.mass / self.sqrt_s)  # of tau
        x1, x2 = torch.exp(log * (1.0 - u[:, 0])), torch.exp(log * u[:, 0])
        first, second = 0.5 * self.sqrt_s * x1, 0.5 * self.sqrt_s * x2
        zero = torch.zeros_like(x1)
        rows = (
            torch.stack((first, second, first + second)),
            torch.stack((zero, zero, zero)),
            torch.stack((zero, zero, zero)),
            torch.stack((first, -second, first - second)),
        )
        jacobian = torch.full_like(x1, -log * 2.0 * math.pi / self.sqrt_s**2)
        return PhaseSpacePoint(torch.stack(rows).permute(2, 1, 0), x1, x2, jacobian)

    def prior(
        self,
        momenta: Tensor,  # noqa: ARG002
        x1: Tensor,
        x2: Tensor,  # noqa: ARG002
        needed: Tensor | None = None,  # noqa: ARG002
    ) -> Tensor:
        """Return the one channel weight ``(N, 1)``."""
        return torch.ones_like(x1)[:, None]


class OneHadron:
    """Channels of two hadrons, for one hadron on a beam that keeps all of its momentum.

    Parameters
    ----------
    channels
        Of two hadrons, with dimensions tau and rapidity first.
    side
        Which beam is the hadron, 0 or 1.

    Raises
    ------
    PhaseSpaceError
        Their second dimension is not the rapidity.
    """

    def __init__(self, channels: Channels, side: int) -> None:
        self._of_two = channels
        self._side = side
        self.dim = channels.dim - 1
        self.channels = channels.channels
        self.names = channels.names
        self.periodic = (channels.periodic[0], *channels.periodic[_RAPIDITY + 1 :])
        if channels.periodic[_RAPIDITY]:
            raise PhaseSpaceError("one hadron: the second dimension of phase space is no rapidity")

    def forward(self, u: Tensor, channel: Tensor | int) -> PhaseSpacePoint:
        """Map ``u`` ``(N, dim)`` in their channels to phase space."""
        middle = torch.full_like(u[:, :1], 0.5)
        point = self._of_two.forward(torch.cat((u[:, :1], middle, u[:, 1:]), dim=1), channel)
        tau, one = point.x1 * point.x2, torch.ones_like(point.x1)
        x1, x2 = (tau, one) if self._side == 0 else (one, tau)
        # the rapidity was uniform over -log(tau)
        jacobian = point.jacobian / -torch.log(tau)
        stretch = torch.sqrt(x1 / x2 * point.x2 / point.x1).unsqueeze(1)
        energy, px, py, pz = point.momenta.unbind(dim=2)
        plus, minus = (energy + pz) * (0.5 * stretch), (energy - pz) * (0.5 / stretch)
        momenta = torch.stack((plus + minus, px, py, plus - minus), dim=2)
        return PhaseSpacePoint(momenta, x1, x2, jacobian)

    def prior(
        self, momenta: Tensor, x1: Tensor, x2: Tensor, needed: Tensor | None = None
    ) -> Tensor:
        """Analytic channel weights ``(N, K)``: those of two hadrons, whatever the boost."""
        return self._of_two.prior(momenta, x1, x2, needed)
