# SPDX-License-Identifier: GPL-3.0-or-later
r"""Isolated photons: no coloured energy close to them, and no limit on soft gluons.

In every cone of a radius :math:`\delta` up to :math:`R_0` around a photon

.. math:: \sum_i E_{T,i}\,\theta(\delta - \delta_i) \le
    \epsilon\,E_{T,\gamma} \left(\frac{1 - \cos\delta}{1 - \cos R_0}\right)^n

with distances :math:`\delta_i` in pseudorapidity and azimuth (S. Frixione, hep-ph/9801442,
eqs. 3.4 and 3.5).  The right-hand side rises, so that the cones which reach to a parton decide.
"""

import math
from dataclasses import dataclass

from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import delta_r, transverse_momentum

__all__ = ["Isolation"]


@dataclass(frozen=True, slots=True)
class Isolation:
    """Smooth-cone isolation of photons.

    Attributes
    ----------
    radius
        R_0.
    epsilon
        Transverse energy that may be in the whole cone, over that of the photon.
    exponent
        n.
    particles
        Names or PDG ids of what is isolated.
    others
        Names or PDG ids of what it is isolated from.
    """

    radius: float = 0.4
    epsilon: float = 1.0
    exponent: float = 1.0
    particles: tuple[int | str, ...] = ("photons",)
    others: tuple[int | str, ...] = ("jets", "b")

    def __post_init__(self) -> None:
        if not (0 < self.radius < math.pi and self.epsilon > 0 and self.exponent > 0):
            raise PhaseSpaceError(
                f"isolation of radius {self.radius:g}, epsilon {self.epsilon:g} and exponent "
                f"{self.exponent:g}: all must be positive, the radius below pi"
            )

    def __call__(self, particles: Tensor, others: Tensor) -> Tensor:
        """Tell in which events every particle is isolated.

        Parameters
        ----------
        particles
            ``(N, k, 4)`` in GeV.
        others
            ``(N, m, 4)`` in GeV.

        Returns
        -------
        Tensor
            ``(N,)`` bool.
        """
        distance = delta_r(particles[:, :, None], others[:, None])
        energy = transverse_momentum(others)[:, None].expand_as(distance)
        ordered, order = distance.sort(dim=2)
        inside = energy.gather(2, order).cumsum(dim=2)
        profile = ((ordered / 2).sin() / math.sin(self.radius / 2)).square()
        allowed = transverse_momentum(particles)[:, :, None] * self.epsilon * profile**self.exponent
        return ((ordered >= self.radius) | (inside <= allowed)).all(dim=2).all(dim=1)
