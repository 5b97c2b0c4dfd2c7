"""Observables by name and by preset."""

from mcsurrogate.validation.observables import presets as _presets  # registers everything
from mcsurrogate.validation.observables.registry import (
    Observable,
    get,
    names,
    preset,
    presets,
    register,
    resolve,
)

__all__ = ["Observable", "get", "names", "preset", "presets", "register", "resolve"]

del _presets
