# SPDX-License-Identifier: GPL-3.0-or-later
"""Libraries that Pythia loads: where they are and whether this Pythia takes them."""

import ctypes
import importlib
import importlib.metadata
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcsurrogate.errors import MCSurrogateError, NativeModuleError
from mcsurrogate.native import find_library, pythia_release

__all__ = [
    "check_pythia",
    "check_release",
    "find_library",
    "load_plugin",
    "make_symbols_global",
    "setting_value",
]


def setting_value(path: Path, what: str, error: type[MCSurrogateError]) -> str:
    """Text of a path, if Pythia's line parser takes it as one value.

    Parameters
    ----------
    path, what
        The path and what it is of, for the message.
    error
        What to raise where it does not.
    """
    text = str(path)
    if any(character in text for character in " \t\n,{}=\"'"):
        raise error(
            f"the path of {what}, {text!r}, has a space or one of , {{ }} = \" ' in it, which "
            "Pythia's settings cannot hold; move or link it to another folder"
        )
    return text


def make_symbols_global() -> None:
    """Let a plugin find Pythia's symbols in the Python module pythia8mc."""
    pythia8mc = importlib.import_module("pythia8mc")
    ctypes.CDLL(pythia8mc.__file__, mode=os.RTLD_GLOBAL | os.RTLD_NOW | os.RTLD_NOLOAD)


def check_release(library: Path) -> None:
    """Check that a plugin was compiled for the installed Pythia.

    Raises
    ------
    NativeModuleError
        If it was not.
    """
    installed = importlib.metadata.version("pythia8mc")
    plugin = ctypes.CDLL(str(library), mode=os.RTLD_LAZY)
    plugin.CHECK_COMPILED_VERSION.restype = ctypes.c_bool
    if not plugin.CHECK_COMPILED_VERSION(ctypes.c_int(pythia_release(installed))):
        raise NativeModuleError(
            f"the plugin was compiled for another Pythia release than the installed pythia8mc "
            f"{installed}, and Pythia releases are not binary compatible; reinstall mcsurrogate"
        )


def check_pythia(
    pythia: Any,  # noqa: ANN401
    function: str,
    remedy: str,
    error: type[MCSurrogateError],
) -> None:
    """Refuse objects that are not of the module pythia8mc, or that were initialised before.

    Parameters
    ----------
    pythia
        What the function was given.
    function, remedy
        Its name, and what gives the settings for another Pythia build, for the message.
    error
        What to raise.
    """
    if type(pythia).__module__.partition(".")[0] != "pythia8mc":
        raise error(
            f"{function} needs an object of the module pythia8mc, not {type(pythia)!r}; with your "
            f"own Pythia build use the lines {remedy}"
        )
    # Zero until init(); PythiaParallel shows nothing that tells.
    couplings = getattr(pythia, "coupSM", None)
    if couplings is not None and couplings.sin2thetaW() > 0.0:
        raise error(
            f"{function} comes too late: this Pythia object was initialised before, and would go "
            "on without the plugin; call it before init(), or make a new object"
        )


def load_plugin(
    pythia: Any,  # noqa: ANN401
    library: Path,
    lines: Sequence[str],
    error: type[MCSurrogateError],
) -> None:
    """Give a Pythia object that is not yet initialised the settings that load a plugin.

    Parameters
    ----------
    pythia
        The object.
    library, lines
        The plugin and its settings.
    error
        What to raise if Pythia refuses a setting.

    Raises
    ------
    NativeModuleError
        If the plugin was compiled for another release.
    """
    make_symbols_global()
    check_release(library)
    for line in lines:
        if not pythia.readString(line):
            raise error(f"Pythia refused the setting {line!r}; was it initialised before?")
