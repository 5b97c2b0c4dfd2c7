# SPDX-License-Identifier: GPL-3.0-or-later
"""What all external amplitudes have in common: checks, verification, colour flows, cost."""

from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.errors import MatrixElementError, ProcessError
from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.factory import matrix_element
from mcsurrogate.matrix_elements.measurement import seconds_per_point
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.probe import probe_points
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.protocol import ColouredMatrixElement, EstimatedMatrixElement
from mcsurrogate.matrix_elements.validity import (
    check_finite_result,
    check_momenta,
    strong_coupling,
)

__all__ = ["Array", "ExternalMatrixElement"]

Array = NDArray[np.float64]

_TOLERANCE = 1e-6
_PROBES = 8


class ExternalMatrixElement(ABC):
    """A squared matrix element that other code computes, without gradients.

    Parameters
    ----------
    process
        The partonic process, or its string.
    parameters
        Parameters of the model; the oracle tables' by default.
    verify
        Whether the amplitude is compared with the built-in one where there is one, at a few
        points: this refuses a library of another process, with other parameters or another
        normalisation.  Switch it off for amplitudes that differ on purpose.

    Raises
    ------
    MatrixElementError
        If the amplitude does not agree with the built-in one, or the process has restrictions or
        limits on couplings that are neither handed over nor checked by this comparison.
    """

    source = "external amplitude"
    takes_orders = False
    """Whether limits on the couplings are handed over; restrictions of diagrams never are."""

    def __init__(
        self,
        process: str | Process,
        parameters: StandardModel | None = None,
        *,
        verify: bool = True,
    ) -> None:
        self.process = Process.parse(process) if isinstance(process, str) else process
        self.parameters = StandardModel() if parameters is None else parameters
        if self.parameters.requires_grad:
            raise MatrixElementError(
                f"{self.source}: no gradients with respect to parameters; give numbers"
            )
        self._cost: float | None = None
        self._prepare()
        if not verify or self._built_in is None:
            self._require_nothing_unchecked()
        else:
            self._verify(self._built_in)

    @abstractmethod
    def _prepare(self) -> None:
        """Load what is needed."""

    @abstractmethod
    def _compute(self, momenta: Array, alpha_s: Array) -> Array:
        """Values ``(N,)`` at momenta ``(N, n, 4)`` and couplings ``(N,)``, contiguous."""

    def __call__(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Evaluate the squared matrix element, see the protocol `MatrixElement`.

        Raises
        ------
        KinematicsError
            If momenta are not finite, unbalanced or off shell.
        MatrixElementError
            If a gradient is asked for, or the values are not finite.
        """
        check_momenta(momenta, self.process, self.parameters)
        if torch.is_grad_enabled() and momenta.requires_grad:
            raise MatrixElementError(
                f"{self.source} of {self.process.name} has no gradients; use momenta.detach()"
            )
        coupling = strong_coupling(alpha_s, momenta, self.process).detach()
        points = np.ascontiguousarray(momenta.detach().cpu().double().numpy())
        couplings = np.ascontiguousarray(coupling.double().expand(len(points)).cpu().numpy())
        if len(points) == 0:
            return momenta.new_zeros(0)
        values = np.asarray(self._compute(points, couplings), dtype=np.float64)
        if values.shape != (len(points),):
            raise MatrixElementError(
                f"{self.source} of {self.process.name} returned values of shape "
                f"{values.shape}, not ({len(points)},)"
            )
        return check_finite_result(torch.from_numpy(values).to(momenta), self.process)

    def _rescaled(self, values: Array, alpha_s: Array, power: int | None) -> Array:
        """Take values at the parameters' own strong coupling to that of each event."""
        return values * (alpha_s / as_number(self.parameters.alpha_s)) ** float(power or 0)

    @cached_property
    def _built_in(self) -> ColouredMatrixElement | None:
        try:
            found = matrix_element(self.process, self.parameters)
        except ProcessError:
            return None  # loop-induced: there is nothing to compare with
        # nor is there where values of single points are estimates
        return None if isinstance(found, EstimatedMatrixElement) else found

    def _require_nothing_unchecked(self) -> None:
        """Refuse what the code was perhaps not made with, where no comparison would tell."""
        whole = Process(self.process.incoming, self.process.outgoing)
        if self.takes_orders:
            whole = whole.with_orders(self.process.orders)
        if self.process != whole:
            raise MatrixElementError(
                f"{self.source} has the orders and diagrams that it was made with: what "
                f"{self.process.name!r} says of them cannot be handed over, and nothing would "
                f"check it; let it be verified, or give {whole.name!r}"
            )

    def _verify(self, built_in: ColouredMatrixElement) -> None:
        points = probe_points(self.process, self.parameters, _PROBES)
        alpha_s = torch.linspace(0.1, 0.2, len(points), dtype=torch.float64)
        expected = built_in(points, alpha_s)
        found = self(points, alpha_s)
        ratio = found / expected
        if float((ratio - 1.0).abs().max()) > _TOLERANCE:
            spread = float(ratio.max() - ratio.min())
            reason = (
                "the ratio is constant: another normalisation (average, identical particles)"
                if spread < _TOLERANCE * float(ratio.abs().max())
                else "another process, order of legs, coupling order, selection of diagrams or set "
                "of parameters"
            )
            raise MatrixElementError(
                f"{self.source} does not agree with the built-in amplitude of "
                f"{self.process.name}: ratios {float(ratio.min()):.6g} to "
                f"{float(ratio.max()):.6g}; {reason}; pass verify=False to use it nevertheless"
            )

    @property
    def colour_flows(self) -> tuple[ColourFlow, ...]:
        """Leading-colour flows, from the built-in amplitude.

        Raises
        ------
        MatrixElementError
            If the process has no built-in amplitude.
        """
        return self._coloured().colour_flows

    def colour_flow_weights(self, momenta: Tensor, alpha_s: Tensor | float) -> Tensor:
        """Leading-colour weights ``(N, F)``, from the built-in amplitude."""
        return self._coloured().colour_flow_weights(momenta, alpha_s)

    def _coloured(self) -> ColouredMatrixElement:
        if self._built_in is None:
            raise MatrixElementError(
                f"{self.process.name}: no built-in amplitude to draw colour flows from"
            )
        return self._built_in

    @property
    def cost(self) -> float:
        """Measured seconds a phase-space point, one thread, in batches."""
        if self._cost is None:
            points = probe_points(self.process, self.parameters, 256)
            self._cost = seconds_per_point(self, points, repetitions=3)
        return self._cost
