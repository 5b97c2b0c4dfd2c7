# SPDX-License-Identifier: GPL-3.0-or-later
"""What plans from the first events of the reference, by what was asked for."""

from collections.abc import Sequence
from pathlib import Path

from mcsurrogate.validation.classifiers.deep import DEEP_EVENTS
from mcsurrogate.validation.observables.registry import Observable, resolve
from mcsurrogate.validation.observables.user_file import load_observables
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.settings import ValidationSettings

__all__ = ["own_observables", "planner_for"]


def own_observables(asked: ValidationSettings) -> Sequence[Observable]:
    """Return the observables besides a preset: named ones, and a user's from their file."""
    loaded = load_observables(Path(asked.observables_file)) if asked.observables_file else ()
    return (*resolve(asked.extra), *loaded)


def planner_for(asked: ValidationSettings) -> Planner:
    """Return what plans from the first events of the reference what is filled.

    Raises
    ------
    ValidationError
        Unknown names.
    """
    return Planner(
        preset=asked.preset,
        observables=asked.observables,
        extra=own_observables(asked),
        reservoir=asked.reservoir,
        seed=asked.seed,
        deep=DEEP_EVENTS if asked.deep else 0,
        measured=asked.measured,
        pdf_error=asked.pdf_error,
    )
