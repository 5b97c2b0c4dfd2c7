# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract that every phase-space mapping fulfils."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

__all__ = ["PhaseSpaceMapping", "PhaseSpacePoint"]


@dataclass(frozen=True, slots=True)
class PhaseSpacePoint:
    """A batch of phase-space points.

    Attributes
    ----------
    momenta
        ``(N, n, 4)``, [E, px, py, pz] in GeV, the two incoming legs first, in the
        laboratory frame (hadron-hadron centre of mass).
    x1, x2
        ``(N,)`` momentum fractions of the incoming partons (ones without PDFs).
    jacobian
        ``(N,)``: dx1 dx2 dPhi_n / du in GeV^(2n-4) with n outgoing legs, the n-body phase
        space dPhi_n = (2 pi)^4 delta^4 prod d^3p / ((2 pi)^3 2E) included and the flux
        factor not.
    """

    momenta: Tensor
    x1: Tensor
    x2: Tensor
    jacobian: Tensor


class PhaseSpaceMapping(Protocol):
    """A differentiable, invertible map from the unit hypercube to phase-space points."""

    dim: int

    def forward(self, u: Tensor) -> PhaseSpacePoint:
        """Map ``u`` of shape ``(N, dim)`` in [0, 1] to phase-space points."""
        ...

    def inverse(self, momenta: Tensor, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` of shape ``(N, dim)`` and the jacobian of ``forward`` there."""
        ...
