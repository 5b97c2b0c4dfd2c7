# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled module, loaded only against its Pythia release, and the libraries beside it."""

import ctypes
import importlib
import os
import re
from functools import cache
from pathlib import Path
from types import ModuleType

from mcsurrogate.errors import NativeModuleError

__all__ = ["find_library", "native_module", "pythia_release"]

_VERSION_CODE = "_ZN7Pythia86Pythia17VERSIONNUMBERCODEE"  # Pythia::VERSIONNUMBERCODE, like 8.317
_REBUILD = "reinstall mcsurrogate (`pip install --force-reinstall --no-deps .`) to build it anew"


def pythia_release(version: str) -> int:
    """PYTHIA_VERSION_INTEGER of a pythia8mc version: ``8.317.2`` is release 8317.

    The last number counts repackagings of the same release.

    Raises
    ------
    NativeModuleError
        If the version does not begin with two numbers.
    """
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None:
        raise NativeModuleError(
            f"pythia8mc has version {version!r}, which is no Pythia release; reinstall it"
        )
    return 1000 * int(numbers[1]) + int(numbers[2])


def _installed_library() -> str:
    """Path of the library in pythia8mc."""
    try:
        path = importlib.import_module("pythia8mc").__file__
    except ImportError as error:
        raise NativeModuleError(
            f"pythia8mc cannot be imported ({error}); install it: `pip install pythia8mc`"
        ) from error
    assert path is not None
    return path


def _load_pythia(built_for: int, own_library: str) -> None:
    """Make Pythia's symbols visible to libraries that are loaded later, if it is our release."""
    path = own_library or _installed_library()
    try:
        library = ctypes.CDLL(path, mode=os.RTLD_GLOBAL | os.RTLD_NOW)
        release = round(1000 * ctypes.c_double.in_dll(library, _VERSION_CODE).value)
    except (OSError, ValueError) as error:
        raise NativeModuleError(
            f"the Pythia library {path} cannot be used ({error}); reinstall Pythia"
        ) from error
    if release != built_for:
        raise NativeModuleError(
            f"mcsurrogate was built for Pythia {built_for / 1000:.3f} but {path} is Pythia "
            f"{release / 1000:.3f}, and Pythia releases are not binary compatible; {_REBUILD}"
        )


@cache
def native_module() -> ModuleType:
    """Load ``mcsurrogate._native``; the first call takes some 0.1 s.

    The module has no link to Pythia: its symbols come from pythia8mc, loaded before it and made
    global, or from the user's own library that the build was given through PYTHIA8_CONFIG.

    Raises
    ------
    NativeModuleError
        If the module or Pythia is missing, or Pythia is another release than the one that the
        module was compiled for.
    """
    try:
        build = importlib.import_module("mcsurrogate._native_build")
    except ImportError as error:
        raise NativeModuleError(
            f"the compiled part of mcsurrogate is missing ({error}); {_REBUILD}"
        ) from error
    _load_pythia(build.PYTHIA_VERSION_INTEGER, build.PYTHIA_LIBRARY)
    try:
        return importlib.import_module("mcsurrogate._native")
    except ImportError as error:
        raise NativeModuleError(
            f"the compiled part of mcsurrogate cannot be loaded ({error}); {_REBUILD}"
        ) from error


def find_library(name: str) -> Path:
    """Path of an installed library.

    Raises
    ------
    NativeModuleError
        If it was not built.
    """
    for folder in importlib.import_module("mcsurrogate").__path__:
        path = Path(folder) / "lib" / name
        if path.exists():
            return path
    raise NativeModuleError(
        f"{name} is missing from the installed package; reinstall mcsurrogate "
        "(`pip install --force-reinstall --no-deps .`) to build it"
    )
