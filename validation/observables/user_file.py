# SPDX-License-Identifier: GPL-3.0-or-later
r"""Observables that a user writes: functions in a Python file.

import numpy as np
from mcsurrogate.validation import linear, observable

@observable(edges=linear(0, 60, 30), label=r"$E_\gamma$", unit="GeV")
def photon_energy(events):
"Energy in photons"
photons = events.final.where(events.final.pid == 22)
return photons.sum_over(photons.energy)
"""

import inspect
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mcsurrogate.errors import ValidationError
from mcsurrogate.user_code import run_file
from mcsurrogate.validation.observables.registry import Observable, names

__all__ = ["load_observables", "observable"]

_SYNTAX = "write @observable(edges=...) above a function of the events"


def observable(
    *,
    edges: Sequence[float],
    title: str = "",
    label: str = "",
    unit: str = "",
    definition: str = "",
    log_x: bool = False,
    log_y: bool = False,
    categories: Sequence[str] = (),
) -> Callable[[Callable[[Any], Any]], Observable]:
    """Make an `Observable` of a function; used as a decorator.

    Its name is that of the function.

    Parameters
    ----------
    edges
        Bin edges, ascending.
    title
        What it is, in words; by default the first line of the function's docstring.
    label
        Axis label, with LaTeX; by default the name.
    unit
        ``"GeV"`` or empty.
    definition
        Exact definition, with cuts; by default the rest of the docstring.
    log_x, log_y
        Axes of the plot.
    categories
        Names of the bins where they have no order; the edges are then 0, 1, 2, ...

    Raises
    ------
    ValidationError
        The edges do not ascend.
    """

    def decorate(function: Callable[[Any], Any]) -> Observable:
        first, _, rest = (inspect.getdoc(function) or "").partition("\n")
        name = function.__name__
        values = tuple(float(x) for x in edges)
        if len(values) < 2 or any(b <= a for a, b in itertools.pairwise(values)):
            raise ValidationError(
                f"observable {name}: edges must be at least two ascending numbers"
            )
        return Observable(
            name=name,
            title=title or first or name,
            label=label or name.replace("_", " "),
            edges=values,
            compute=function,
            group="user",
            unit=unit,
            definition=definition or rest.strip() or first,
            log_x=log_x,
            log_y=log_y,
            categories=tuple(categories),
        )

    return decorate


def load_observables(path: Path) -> tuple[Observable, ...]:
    """Observables of a Python file, in the order of their definition.

    Every `Observable` at the top level of the file counts, those that it imports excepted.

    Raises
    ------
    ValidationError
        The file is missing, cannot be executed, defines no observable, or one with a name that
        is taken; the message has the file, the line and the remedy.
    """
    path = Path(path).resolve()
    module = run_file(path, ValidationError)
    found = {o.name: o for o in vars(module).values() if _own(o, path)}
    if not found:
        raise ValidationError(f"{path}: defines no observable; {_SYNTAX}")
    taken = sorted(set(found) & set(names()))
    if taken:
        raise ValidationError(
            f"{path}: {taken[0]!r} is the name of a shipped observable; rename it"
        )
    return tuple(found.values())


def _own(value: object, path: Path) -> bool:
    """Whether a value is an observable whose function stands in the file."""
    if not isinstance(value, Observable):
        return False
    code = getattr(inspect.unwrap(value.compute), "__code__", None)
    return code is None or Path(code.co_filename) == path
