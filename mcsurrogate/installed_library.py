"""Libraries that were compiled with the package."""

import importlib
from pathlib import Path

from mcsurrogate.errors import NativeModuleError

__all__ = ["find_library"]


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
    msg = (
        f"{name} is missing from the installed package; reinstall mcsurrogate "
        "(`pip install --force-reinstall --no-deps .`) to build it"
    )
    raise NativeModuleError(msg)
