# SPDX-License-Identifier: GPL-3.0-or-later
"""The phase space of beams with different energies, in the frame where they have them."""

import math
from dataclasses import replace

from torch import Tensor

from mcsurrogate.hard_process.channels import Channels
from mcsurrogate.kinematics import along_beams
from mcsurrogate.phase_space import PhaseSpacePoint

__all__ = ["MovingBeams"]


class MovingBeams:
    """A phase space whose momenta are boosted from the frame of equal beams to the laboratory.

    Parameters
    ----------
    channels
        Where both beams have the same energy.
    energies
        Of the beams in the laboratory.
    """

    def __init__(self, channels: Channels, energies: tuple[float, float]) -> None:
        self._channels = channels
        self._stretch = math.sqrt(energies[0] / energies[1])
        self.dim, self.channels = channels.dim, channels.channels
        self.names, self.periodic = channels.names, channels.periodic
        self.overlapping: bool = getattr(channels, "overlapping", False)

    def forward(self, u: Tensor, channel: Tensor | int) -> PhaseSpacePoint:
        """Map points ``(N, dim)`` in their channels ``(N,)`` to phase space."""
        point = self._channels.forward(u, channel)
        return replace(point, momenta=along_beams(point.momenta, self._stretch))

    def prior(
        self, momenta: Tensor, x1: Tensor, x2: Tensor, needed: Tensor | None = None
    ) -> Tensor:
        """Analytic channel weights ``(N, K)``."""
        return self._channels.prior(along_beams(momenta, 1 / self._stretch), x1, x2, needed)
