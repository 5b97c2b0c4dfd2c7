# SPDX-License-Identifier: GPL-3.0-or-later
"""Observables by name and by preset."""

from mcsurrogate.validation.observables import presets as _presets  # registers everything
from mcsurrogate.validation.observables.registry import (
    Observable,
    get,
    linear,
    logarithmic,
    names,
    preset,
    presets,
    register,
    resolve,
)
from mcsurrogate.validation.observables.user_file import load_observables, observable

__all__ = [
    "Observable",
    "get",
    "linear",
    "load_observables",
    "logarithmic",
    "names",
    "observable",
    "preset",
    "presets",
    "register",
    "resolve",
]

del _presets
