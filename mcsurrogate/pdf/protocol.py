# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract that every parton density fulfils, and what some can do beside it."""

from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import Protocol, runtime_checkable

__all__ = ["ManyPartonDensity", "PartonDensity", "densities"]


@runtime_checkable
class PartonDensity(Protocol):
    """Parton densities of the proton and the strong coupling that belongs to them."""

    name: str

    def xfx(self, pdg: int | Tensor, x: Tensor, q: Tensor | float) -> Tensor:
        """Momentum density x f(x, Q) of one parton.

        Parameters
        ----------
        pdg
            PDG id (21 gluon, 22 photon, 1..5 quarks, negative antiquarks); a number, or an
            integer tensor of the shape of ``x``.
        x
            Momentum fraction, any shape.
        q
            Factorisation scale in GeV, a number or a tensor of the shape of ``x``.
        """
        ...

    def alpha_s(self, q: Tensor | float) -> Tensor:
        """Strong coupling at the scale ``q`` in GeV."""
        ...


@runtime_checkable
class ManyPartonDensity(PartonDensity, Protocol):
    """Parton densities that share the work between the partons at one point."""

    def xfx_all(self, x: Tensor, q: Tensor | float, pdg_ids: Sequence[int]) -> Tensor:
        """Momentum densities ``(..., F)`` of F partons."""
        ...


def densities(pdf: PartonDensity, x: Tensor, q: Tensor | float, pdg_ids: Sequence[int]) -> Tensor:
    """Return x f(x, Q) of many partons, ``(N, F)``, at once where the density can do it.

    Parameters
    ----------
    pdf
        Any parton density.
    x
        Momentum fractions, ``(N,)``.
    q
        Factorisation scale in GeV, a number or ``(N,)``.
    pdg_ids
        The F partons.
    """
    if isinstance(pdf, ManyPartonDensity):
        return pdf.xfx_all(x, q, pdg_ids)
    return torch.stack([pdf.xfx(pdg, x, q) for pdg in pdg_ids], dim=-1)
