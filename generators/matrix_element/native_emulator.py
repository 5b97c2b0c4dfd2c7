"""The built-in C++ evaluator of emulators, for one point at a time and without torch."""

import ctypes
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcsurrogate.errors import EmulationError
from mcsurrogate.generators.matrix_element.hook import matrix_element_library
from mcsurrogate.generators.plugin_library import make_symbols_global

__all__ = ["NativeEmulator"]

FloatArray = NDArray[np.float64]

_MESSAGE = 1024


def _functions() -> ctypes.CDLL:
    make_symbols_global()
    library = ctypes.CDLL(str(matrix_element_library()))
    real = np.ctypeslib.ndpointer(dtype=np.float64, flags="C_CONTIGUOUS")
    byte = np.ctypeslib.ndpointer(dtype=np.uint8, flags="C_CONTIGUOUS")
    library.mcsurrogate_emulator_open.restype = ctypes.c_void_p
    library.mcsurrogate_emulator_open.argtypes = [
        ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t,
    ]  # fmt: skip
    library.mcsurrogate_emulator_legs.argtypes = [ctypes.c_void_p]
    library.mcsurrogate_emulator_evaluate.restype = None
    library.mcsurrogate_emulator_evaluate.argtypes = [
        ctypes.c_void_p, real, ctypes.c_size_t, real, real, byte,
    ]  # fmt: skip
    library.mcsurrogate_emulator_close.restype = None
    library.mcsurrogate_emulator_close.argtypes = [ctypes.c_void_p]
    return library


class NativeEmulator:
    """An emulator evaluated by the C++ of the user hook.

    Parameters
    ----------
    path
        The .safetensors file that `Emulator.save` wrote.

    Raises
    ------
    EmulationError
        If the file is missing, damaged or no emulator.
    NativeModuleError
        If the library was not built.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._library = _functions()
        message = ctypes.create_string_buffer(_MESSAGE)
        self._handle = self._library.mcsurrogate_emulator_open(
            str(Path(path)).encode(), message, _MESSAGE
        )
        if not self._handle:
            raise EmulationError(message.value.decode("utf-8", "replace"))
        self.legs: int = self._library.mcsurrogate_emulator_legs(self._handle)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.mcsurrogate_emulator_close(self._handle)

    def predict(self, momenta: ArrayLike) -> tuple[FloatArray, FloatArray, NDArray[Any]]:
        """Return |M|^2, its uncertainty and whether points are inside the domain.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` [E, px, py, pz] in GeV, legs in the order of the process; only their
            shape is checked.

        Returns
        -------
        value, sigma
            ``(N,)`` in GeV^(8 - 2n), at the coupling of the training.
        inside
            ``(N,)`` bool.

        Raises
        ------
        EmulationError
            If the shape is wrong.
        """
        points = np.ascontiguousarray(momenta, dtype=np.float64)
        if points.ndim != 3 or points.shape[1:] != (self.legs, 4):
            msg = f"momenta of shape {points.shape}: need (N, {self.legs}, 4)"
            raise EmulationError(msg)
        value, sigma = np.empty(len(points)), np.empty(len(points))
        inside = np.empty(len(points), dtype=np.uint8)
        self._library.mcsurrogate_emulator_evaluate(
            self._handle, points, len(points), value, sigma, inside
        )
        return value, sigma, inside.astype(bool)
