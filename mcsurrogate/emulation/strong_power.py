"""The power of the strong coupling in a squared amplitude."""

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.orders import coupling_powers, resolve_orders
from mcsurrogate.matrix_elements.process import Process

__all__ = ["strong_power"]


def strong_power(process: Process) -> int | None:
    """Return the power of alpha_s in |M|^2 at tree level, None where it is not unique.

    None too for processes without tree diagrams, whose power has to be given by hand.
    """
    try:
        orders = resolve_orders(process).orders
    except ProcessError:
        return None
    powers = coupling_powers(process.all_incoming, process.excluded)
    strong = {qcd for qcd, qed in powers if orders.allows(qcd, qed)}
    return strong.pop() if len(strong) == 1 else None
