# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythia user hook that puts emulators in the place of Pythia's own matrix elements."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcsurrogate.errors import EmulationError
from mcsurrogate.generators.plugins import (
    check_pythia,
    find_library,
    load_plugin,
    setting_value,
)

__all__ = ["attach_matrix_element", "matrix_element_library", "matrix_element_settings"]

_LIBRARY = "libmcsurrogate_matrix_element.so"
_CLASS = "SurrogateMatrixElement"

Emulators = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def matrix_element_library() -> Path:
    """Path of the library with the user hook.

    Raises
    ------
    NativeModuleError
        If it was not built.
    """
    return find_library(_LIBRARY)


def matrix_element_settings(
    emulators: Emulators,
    *,
    as_weight: bool = False,
    alpha_s: float | None = None,
    largest_sigma: float | None = None,
) -> list[str]:
    """Lines of a ``.cmnd`` file that emulate the matrix elements of Pythia's hard processes.

    Parameters
    ----------
    emulators
        One or more files that ``mcsurrogate train emulator`` or ``Emulator.save`` wrote.
    as_weight
        Keep the events that Pythia would make and give them the ratio of emulated over own |M|^2
        as weight; otherwise the ratio takes part in the selection and events have unit weight.
    alpha_s
        A fixed strong coupling of the emulated amplitude; Pythia's own if None.
    largest_sigma
        Relative uncertainty above which Pythia's own matrix element is used; no limit if None.

    Raises
    ------
    EmulationError
        If there is no file, or Pythia's settings cannot hold a path or a value.
    NativeModuleError
        If the library was not built.
    """
    files = [emulators] if isinstance(emulators, str | os.PathLike) else list(emulators)
    if not files:
        raise EmulationError("no emulator: name at least one .safetensors file")
    for file in files:
        if not Path(file).is_file():
            raise EmulationError(f"{file}: there is no such emulator")
    paths = [setting_value(Path(file).resolve(), "the emulator", EmulationError) for file in files]
    library = setting_value(matrix_element_library(), "the user hook", EmulationError)
    lines = [
        f"Init:plugins += {{{library}::{_CLASS}}}",
        f"MCSurrogate:matrixElements = {{{','.join(paths)}}}",
        f"MCSurrogate:matrixElementAsWeight = {'on' if as_weight else 'off'}",
    ]
    if alpha_s is not None:
        if not 0.0 < alpha_s < 1.0:
            raise EmulationError(f"alpha_s = {alpha_s}: must lie between 0 and 1")
        lines.append(f"MCSurrogate:matrixElementAlphaS = {alpha_s!r}")
    if largest_sigma is not None:
        if not largest_sigma > 0.0:
            raise EmulationError(f"largest_sigma = {largest_sigma}: must be positive")
        lines.append(f"MCSurrogate:matrixElementLargestSigma = {largest_sigma!r}")
    return lines


def attach_matrix_element(
    pythia: Any,  # noqa: ANN401
    emulators: Emulators,
    *,
    as_weight: bool = False,
    alpha_s: float | None = None,
    largest_sigma: float | None = None,
) -> None:
    """Emulate the hard matrix elements of a ``pythia8mc.Pythia`` or ``PythiaParallel`` object.

    Call it before ``pythia.init()``, which returns False, with a message, if an emulator fits
    none of the processes that are switched on.  Every event gets the named weights
    ``surrogate_up`` and ``surrogate_down``.

    Parameters
    ----------
    pythia
        The object, not yet initialised.
    emulators, as_weight, alpha_s, largest_sigma
        As in `matrix_element_settings`.

    Raises
    ------
    EmulationError
        If a file is missing, or the object is not one of pythia8mc.
    NativeModuleError
        If the library was not built, or for another Pythia release.
    """
    check_pythia(pythia, "attach_matrix_element", "of matrix_element_settings", EmulationError)
    lines = matrix_element_settings(
        emulators, as_weight=as_weight, alpha_s=alpha_s, largest_sigma=largest_sigma
    )
    load_plugin(pythia, matrix_element_library(), lines, EmulationError)
