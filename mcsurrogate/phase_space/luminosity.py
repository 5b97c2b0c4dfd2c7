# SPDX-License-Identifier: GPL-3.0-or-later
r"""Momentum fractions of two hadrons: the maps for tau = x1 x2 and for the rapidity.

.. math:: dx_1 dx_2 = d\tau\, dy, \qquad x_{1,2} = \sqrt\tau e^{\pm y}

(R. K. Ellis, W. J. Stirling, B. R. Webber, *QCD and Collider Physics*, eq. 7.3).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space.invariants import InvariantMap

__all__ = ["Beams", "Luminosity"]


@dataclass(frozen=True, slots=True)
class Beams:
    """Momentum fractions and partonic energy of a batch.

    Attributes
    ----------
    x1, x2
        ``(N,)`` momentum fractions.
    s
        ``(N,)`` partonic mass squared in GeV^2.
    jacobian
        ``(N,)``: dx1 dx2 / du.
    """

    x1: Tensor
    x2: Tensor
    s: Tensor
    jacobian: Tensor


class Luminosity:
    """Two dimensions of the hypercube: partonic energy, and rapidity.

    The rapidity is uniform in its range: x1 = tau^(1 - u), x2 = tau^u.

    Parameters
    ----------
    sqrt_s
        Hadronic energy in GeV.
    s_min
        Least partonic mass squared in GeV^2, positive.
    invariant
        Map of the partonic mass squared.
    """

    dim = 2

    def __init__(self, sqrt_s: float, s_min: float, invariant: InvariantMap) -> None:
        if not 0 < s_min < sqrt_s * sqrt_s < math.inf:
            raise PhaseSpaceError(
                f"beams of {sqrt_s:g} GeV cannot reach the final state or cuts, which need "
                f"{math.sqrt(max(s_min, 0.0)):g} GeV (and more than zero)"
            )
        self.s_hadronic = sqrt_s * sqrt_s
        self.s_min = s_min
        self.invariant = invariant

    def forward(self, u_energy: Tensor, u_rapidity: Tensor) -> Beams:
        """Map two columns ``(N,)`` of the hypercube to momentum fractions."""
        low = torch.full_like(u_energy, self.s_min)
        width = torch.full_like(u_energy, self.s_hadronic - self.s_min)
        x, jacobian = self.invariant.forward(u_energy, low, width)
        # At the upper limit both fractions are one, and rounding must not exceed it.
        s = low + torch.minimum(x, width)
        log = torch.log(s / self.s_hadronic).clamp(max=0)
        x1, x2 = torch.exp(log * (1 - u_rapidity)), torch.exp(log * u_rapidity)
        return Beams(x1, x2, s, jacobian / self.s_hadronic * -log)

    def inverse(self, x1: Tensor, x2: Tensor) -> tuple[Tensor, Beams]:
        """Return ``u`` ``(N, 2)`` and what `forward` gives there."""
        s = x1 * x2 * self.s_hadronic
        low = torch.full_like(s, self.s_min)
        width = torch.full_like(s, self.s_hadronic - self.s_min)
        first, jacobian = self.invariant.inverse((s - low).clamp(min=0), low, width)
        log_x2 = torch.log(x2)
        log = torch.log(x1) + log_x2
        u = torch.stack((first, log_x2 / log), dim=1)
        return u, Beams(x1, x2, s, jacobian / self.s_hadronic * -log)
