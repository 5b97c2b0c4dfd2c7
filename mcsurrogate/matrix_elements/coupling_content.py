"""Which powers of the couplings an amplitude has, whatever way its limits were written."""

from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements.closed_forms import closed_form
from mcsurrogate.matrix_elements.orders import coupling_powers, resolve_orders
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process

__all__ = ["allowed_powers", "pure_qcd", "same_amplitude", "strong_power"]


def allowed_powers(process: Process) -> frozenset[tuple[int, int]]:
    """Return the (QCD, QED) powers of the tree diagrams within the limits; empty without any."""
    try:
        orders = resolve_orders(process).orders
    except ProcessError:
        return frozenset()
    powers = coupling_powers(process.all_incoming, process.excluded)
    return frozenset((qcd, qed) for qcd, qed in powers if orders.allows(qcd, qed))


def strong_power(process: Process) -> int | None:
    """Return the power of alpha_s in |M|^2 at lowest order, None where it is not unique.

    None too for processes without tree diagram and closed form, whose power has to be given by
    hand.
    """
    strong = {qcd for qcd, _ in allowed_powers(process)}
    if not strong:
        form = closed_form(process, StandardModel())
        return None if form is None else form.strong_power
    return strong.pop() if len(strong) == 1 else None


def pure_qcd(process: Process) -> bool:
    """Whether all tree diagrams are of the strong interaction alone."""
    powers = allowed_powers(process)
    return bool(powers) and all(qed == 0 for _, qed in powers)


def same_amplitude(first: Process, second: Process) -> bool:
    """Whether two processes have the same legs in the same order and the same diagrams."""
    return (
        first.pdg_ids == second.pdg_ids
        and first.excluded == second.excluded
        and allowed_powers(first) == allowed_powers(second)
    )
