# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract of a squared matrix element, and what some of them know beside it.

A capability is a small protocol of its own: what an amplitude offers is asked for with
``isinstance``, whatever class it is of.  The protocols are those of `typing_extensions`, which
look for a name without evaluating it; those of Python 3.11 would measure ``cost``.
"""

from typing import NamedTuple

from torch import Tensor
from typing_extensions import Protocol, runtime_checkable

from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process

__all__ = [
    "ColouredMatrixElement",
    "CountedMatrixElement",
    "EstimatedMatrixElement",
    "EventMatrixElement",
    "EventWeights",
    "HelicityMatrixElement",
    "MatrixElement",
    "SampledMatrixElement",
    "UncertainMatrixElement",
]


class EventWeights(NamedTuple):
    """What decides on the particles of an event at given momenta.

    Attributes
    ----------
    squared
        ``(N,)`` squared matrix element in GeV^(8-2n).
    flows
        ``(N, F)`` leading-colour weights of the colour flows.
    helicities
        ``(N, H)`` contributions of the helicity configurations; their sum is ``squared``.
    """

    squared: Tensor
    flows: Tensor
    helicities: Tensor


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
class CountedMatrixElement(MatrixElement, Protocol):
    """A squared matrix element that knows its cost without a clock: the same on every machine."""

    @property
    def operations(self) -> int:
        """Complex multiply-adds of a phase-space point, in order of magnitude."""
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


@runtime_checkable
class HelicityMatrixElement(MatrixElement, Protocol):
    """A squared matrix element that also knows the contribution of each helicity."""

    @property
    def helicities(self) -> Tensor:
        """Helicities ``(H, n)`` of the external legs in each configuration."""
        ...

    def helicity_contributions(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Contributions ``(N, H)`` of the configurations; their sum is the squared amplitude."""
        ...


@runtime_checkable
class EventMatrixElement(ColouredMatrixElement, HelicityMatrixElement, Protocol):
    """A squared matrix element that gives colour flows and helicities in one evaluation."""

    def event_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> EventWeights:
        """Squared matrix element, colour flows and helicities."""
        ...


@runtime_checkable
class SampledMatrixElement(MatrixElement, Protocol):
    """A squared matrix element of which one helicity configuration can be evaluated alone."""

    @property
    def configurations(self) -> Tensor:
        """Helicities ``(H, n)`` of the configurations that `of_configuration` knows."""
        ...

    def of_configuration(self, momenta: Tensor, alpha_s: Tensor | float, chosen: Tensor) -> Tensor:
        """Contribution ``(N,)`` of the configurations ``chosen`` ``(N,)``, one an event."""
        ...


@runtime_checkable
class EstimatedMatrixElement(MatrixElement, Protocol):
    """A squared matrix element whose values are means over random states: right in the mean."""

    samples: int


@runtime_checkable
class UncertainMatrixElement(MatrixElement, Protocol):
    """A squared matrix element with an error of its own, and perhaps an ensemble behind it."""

    @property
    def members(self) -> int:
        """Size of the ensemble; one where there is none."""
        ...

    def with_uncertainty(self, momenta: Tensor, alpha_s: Tensor | float) -> tuple[Tensor, Tensor]:
        """Squared matrix element and its uncertainty, ``(N,)`` each; zero where it is exact."""
        ...

    def of_members(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Squared matrix elements ``(M, N)`` of the members of the ensemble."""
        ...
