# SPDX-License-Identifier: GPL-3.0-or-later
"""One call from a process string to a squared matrix element."""

import logging

from mcsurrogate.matrix_elements.closed_forms import closed_form
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.protocol import ColouredMatrixElement
from mcsurrogate.matrix_elements.sampled_colours import (
    ColourSampledMatrixElement,
    has_colour_sampling,
)
from mcsurrogate.matrix_elements.tree import TreeMatrixElement

_MOST_ORDERED_GLUONS = 8
"""Of more gluons, initial ones among them, colours are sampled: orders of nine need gigabytes."""

_log = logging.getLogger(__name__)

__all__ = ["matrix_element"]


def matrix_element(
    process: str | Process, model: StandardModel | None = None
) -> ColouredMatrixElement:
    """Return the squared matrix element of a partonic process.

    A closed form where one gives the same numbers, else the off-shell recursion; of nine gluons and
    more its colours and helicities by Monte Carlo.

    Parameters
    ----------
    process
        Process in MadGraph's syntax with definite particles, such as ``"g g > t t~ g"``.
    model
        Parameters; the oracle tables' by default.

    Raises
    ------
    ProcessError
        If the string cannot be understood, a conservation law is violated, or the process
        has no tree diagram and no closed form.
    """
    model = StandardModel() if model is None else model
    parsed = Process.parse(process) if isinstance(process, str) else process
    form = closed_form(parsed, model)
    if form is not None:
        return form
    if parsed.pdg_ids.count(21) > _MOST_ORDERED_GLUONS and has_colour_sampling(parsed, model):
        sampled = ColourSampledMatrixElement(parsed, model)
        _log.warning(
            "%s: the squared matrix element of a point is the mean of %d random colour and "
            "helicity states, right in the mean over points alone (ColourSampledMatrixElement)",
            parsed.name,
            sampled.samples,
        )
        return sampled
    return TreeMatrixElement(parsed, model)
