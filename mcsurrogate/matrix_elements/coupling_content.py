# SPDX-License-Identifier: GPL-3.0-or-later
"""What an amplitude is made of, whatever way its limits were written."""

from mcsurrogate.matrix_elements.closed_forms import closed_form
from mcsurrogate.matrix_elements.orders import allowed_powers, interferences
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process

__all__ = ["keeps_squares", "pure_qcd", "same_amplitude", "strong_power"]


def strong_power(process: Process) -> int | None:
    """Return the power of alpha_s in |M|^2 at lowest order, None where it is not unique.

    None too for processes without tree diagram and closed form, whose power has to be given by
    hand.
    """
    strong = {first[0] + second[0] for first, second in interferences(process)}  # of g_s
    if not strong:
        form = closed_form(process, StandardModel())
        return None if form is None else form.strong_power
    power, odd = divmod(strong.pop(), 2)
    return None if strong or odd else power


def pure_qcd(process: Process) -> bool:
    """Whether all tree diagrams are of the strong interaction alone."""
    powers = allowed_powers(process)
    return bool(powers) and all(qed == 0 for _, qed in powers)


def keeps_squares(process: Process) -> bool:
    """Whether all interferences are kept, so that the squared amplitude is never negative."""
    pairs = interferences(process)
    powers = {first for first, _ in pairs}
    return len(pairs) == len(powers) ** 2


def same_amplitude(first: Process, second: Process) -> bool:
    """Whether two processes have the same legs in the same order and the same diagrams."""
    return (
        first.pdg_ids == second.pdg_ids
        and _restrictions(first) == _restrictions(second)
        and interferences(first) == interferences(second)
    )


def _restrictions(process: Process) -> tuple[object, ...]:
    resonances = frozenset(
        (item.pdg, item.legs, item.restrictions.of_diagrams) for item in process.resonances
    )
    return process.excluded, frozenset(process.required), process.forbidden, resonances
