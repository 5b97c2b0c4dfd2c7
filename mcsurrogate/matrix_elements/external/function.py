# SPDX-License-Identifier: GPL-3.0-or-later
"""Any Python function as a matrix element."""

from collections.abc import Callable

from mcsurrogate.matrix_elements.external.base import Array, ExternalMatrixElement
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process

__all__ = ["FunctionMatrixElement"]


class FunctionMatrixElement(ExternalMatrixElement):
    """A squared matrix element that a Python function computes.

    Parameters
    ----------
    process
        The partonic process, or its string.
    function
        Takes numpy arrays of momenta ``(N, n, 4)`` in GeV and of alpha_s ``(N,)``, returns
        ``(N,)``, averaged over initial and summed over final states.
    parameters
        Parameters that the function was made for.
    verify
        Whether it is compared with the built-in amplitude.
    """

    source = "Python function"

    def __init__(
        self,
        process: str | Process,
        function: Callable[[Array, Array], Array],
        parameters: StandardModel | None = None,
        *,
        verify: bool = True,
    ) -> None:
        self._function = function
        super().__init__(process, parameters, verify=verify)

    def _prepare(self) -> None:
        """Nothing to load."""

    def _compute(self, momenta: Array, alpha_s: Array) -> Array:
        return self._function(momenta, alpha_s)
