# SPDX-License-Identifier: GPL-3.0-or-later
"""Python files of a user's own: to name one is to run its code."""

import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from mcsurrogate.errors import MCSurrogateError

__all__ = ["run_file"]


def run_file(path: Path, refuse: type[MCSurrogateError]) -> ModuleType:
    """Run a Python file.

    Parameters
    ----------
    path
        The file.
    refuse
        Raised, with file and line, where the file is missing or whatever it does fails.

    Returns
    -------
    ModuleType
        What the file defines; the name of the module is the resolved path.
    """
    path = path.resolve()
    name = str(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise refuse(f"{path}: there is no such Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise refuse(f"{path}:{error.lineno}: {error.msg}") from error
    except Exception as error:
        # whatever a user's file raises, the message must lead to it
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == name]
        kind = "" if isinstance(error, MCSurrogateError) else f"{type(error).__name__}: "
        raise refuse(f"{path}:{lines[-1] if lines else 1}: {kind}{error}") from error
    finally:
        sys.modules.pop(name, None)
    return module
