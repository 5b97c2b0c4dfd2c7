"""The contract that every provider of squared matrix elements fulfils."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process

__all__ = ["ColouredMatrixElement", "MatrixElement"]


@runtime_checkable
class MatrixElement(Protocol):
    r"""A squared matrix element :math:`\overline{|M|^2}` for one partonic process.

    Colour and helicity are summed over the final and averaged over the initial state, and
    the factor 1/n! for n identical final-state particles is included.
    """

    process: Process
    parameters: StandardModel

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        r"""Evaluate :math:`\overline{|M|^2}`.

        Parameters
        ----------
        momenta
            Four-momenta of shape ``(N, n, 4)``, [E, px, py, pz] in GeV, the two incoming
            legs first, in the order of ``process.pdg_ids``.
        alpha_s
            Strong coupling, a number or a tensor of shape ``(N,)``.

        Returns
        -------
        Tensor
            Shape ``(N,)`` in GeV^(8-2n).
        """
        ...

    @property
    def cost(self) -> float:
        """Measured seconds a phase-space point, one thread, in batches."""
        ...


@runtime_checkable
class ColouredMatrixElement(MatrixElement, Protocol):
    """A squared matrix element that also knows its leading-colour flows."""

    @property
    def colour_flows(self) -> tuple[ColourFlow, ...]:
        """The F colour flows that an event of this process may have."""
        ...

    def colour_flow_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Weights ``(N, F)`` in proportion to which an event has each flow."""
        ...
