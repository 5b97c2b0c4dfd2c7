"""The contract that every parton density fulfils."""

from typing import Protocol, runtime_checkable

from torch import Tensor

__all__ = ["PartonDensity"]


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
