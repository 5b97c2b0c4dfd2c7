"""The compiled module, loaded only against the Pythia release that it was built for."""

import ctypes
import importlib
import importlib.metadata
import os
import re
from functools import cache
from types import ModuleType

from mcsurrogate.errors import NativeModuleError

__all__ = ["native_module", "pythia_release"]

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
        msg = f"pythia8mc has version {version!r}, which is no Pythia release; reinstall it"
        raise NativeModuleError(msg)
    return 1000 * int(numbers[1]) + int(numbers[2])


def _load_pythia8mc(built_for: int) -> None:
    """Import pythia8mc and make its C++ symbols visible to libraries that are loaded later."""
    try:
        installed = importlib.metadata.version("pythia8mc")
        pythia8mc = importlib.import_module("pythia8mc")
    except (ImportError, importlib.metadata.PackageNotFoundError) as error:
        msg = f"pythia8mc cannot be imported ({error}); install it: `pip install pythia8mc`"
        raise NativeModuleError(msg) from error
    if pythia_release(installed) != built_for:
        msg = (
            f"mcsurrogate was built for Pythia {built_for / 1000:.3f} but pythia8mc {installed} is "
            f"installed, and Pythia releases are not binary compatible; {_REBUILD}"
        )
        raise NativeModuleError(msg)
    ctypes.CDLL(pythia8mc.__file__, mode=os.RTLD_GLOBAL | os.RTLD_NOW | os.RTLD_NOLOAD)


@cache
def native_module() -> ModuleType:
    """Load ``mcsurrogate._native``; the first call takes some 0.1 s.

    The module has no link to Pythia: its symbols come from pythia8mc, loaded before it and made
    global, or from the user's own library that the build was given through PYTHIA8_CONFIG.

    Raises
    ------
    NativeModuleError
        If the module or pythia8mc is missing, or pythia8mc is another release than the one
        that the module was compiled for.
    """
    try:
        build = importlib.import_module("mcsurrogate._native_build")
    except ImportError as error:
        msg = f"the compiled part of mcsurrogate is missing ({error}); {_REBUILD}"
        raise NativeModuleError(msg) from error
    if build.PYTHIA_FROM_WHEEL:
        _load_pythia8mc(build.PYTHIA_VERSION_INTEGER)
    try:
        return importlib.import_module("mcsurrogate._native")
    except ImportError as error:
        msg = f"the compiled part of mcsurrogate cannot be loaded ({error}); {_REBUILD}"
        raise NativeModuleError(msg) from error
