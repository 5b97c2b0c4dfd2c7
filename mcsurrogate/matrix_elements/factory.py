"""One call from a process string to a squared matrix element."""

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.closed_forms import closed_form
from mcsurrogate.matrix_elements.orders import resolve_orders
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.protocol import MatrixElement

__all__ = ["matrix_element"]


def matrix_element(process: str | Process, model: StandardModel | None = None) -> MatrixElement:
    """Return the squared matrix element of a partonic process.

    Parameters
    ----------
    process
        Process in MadGraph's syntax with definite particles, such as ``"g g > t t~"``.
    model
        Parameters; the oracle tables' by default.

    Raises
    ------
    ProcessError
        If the string cannot be understood, a conservation law is violated, or the process
        lies outside the reach of the built-in amplitudes.
    """
    model = StandardModel() if model is None else model
    parsed = Process.parse(process) if isinstance(process, str) else process
    form = closed_form(resolve_orders(parsed), model)
    if form is None:
        msg = f"{parsed.name}: no built-in amplitude; pass an external one"
        raise ProcessError(msg)
    return form
