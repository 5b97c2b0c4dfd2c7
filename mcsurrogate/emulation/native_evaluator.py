# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled evaluator of emulators: features, networks and calibration in one pass."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import EmulationError
from mcsurrogate.native import find_library

__all__ = ["NativeEvaluator"]

FloatArray = NDArray[np.float64]

_LIBRARY = "libmcsurrogate_emulator.so"
_MESSAGE = 1024


@cache
def _functions() -> ctypes.CDLL:
    library = ctypes.CDLL(str(find_library(_LIBRARY)))
    size, text, handle = ctypes.c_size_t, ctypes.c_char_p, ctypes.c_void_p
    library.mcsurrogate_emulator_parse.restype = handle
    library.mcsurrogate_emulator_parse.argtypes = [text, text, size, text, size]
    library.mcsurrogate_emulator_legs.argtypes = [handle]
    library.mcsurrogate_emulator_evaluate.restype = size
    library.mcsurrogate_emulator_evaluate.argtypes = [
        handle, handle, size, ctypes.c_double, handle, handle, handle,
    ]  # fmt: skip
    library.mcsurrogate_emulator_close.restype = None
    library.mcsurrogate_emulator_close.argtypes = [handle]
    return library


class NativeEvaluator:
    """An emulator evaluated by compiled code, without torch.

    Every point's result depends on that point alone, not on the batch around it.  Threads may
    share an evaluator.

    Parameters
    ----------
    content
        Bytes of the .safetensors file that `Emulator.save` writes.
    name
        What messages call it.

    Raises
    ------
    EmulationError
        If the bytes are damaged or hold no emulator.
    NativeModuleError
        If the library was not built.
    """

    def __init__(self, content: bytes, name: str = "of an emulator") -> None:
        self._library = _functions()
        self._content, self._name = content, name
        message = ctypes.create_string_buffer(_MESSAGE)
        self._handle = self._library.mcsurrogate_emulator_parse(
            name.encode(), content, len(content), message, _MESSAGE
        )
        if not self._handle:
            raise EmulationError(message.value.decode("utf-8", "replace"))
        self.legs: int = self._library.mcsurrogate_emulator_legs(self._handle)

    @classmethod
    def read(cls, path: str | Path) -> "NativeEvaluator":
        """Read a file.

        Raises
        ------
        EmulationError
            If it cannot be read, is damaged or no emulator.
        """
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise EmulationError(f"{path}: the emulator cannot be read: {error}") from error
        return cls(content, str(path))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the bytes: the handle belongs to this process."""
        return type(self), (self._content, self._name)

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.mcsurrogate_emulator_close(self._handle)

    def evaluate(
        self, momenta: FloatArray, tolerance: float = 0.0
    ) -> tuple[FloatArray, FloatArray, NDArray[np.bool_], int]:
        """Evaluate points.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` float64 [E, px, py, pz] in GeV, contiguous, legs in the order of the
            process.
        tolerance
            How far momenta may be out of balance, as a fraction of the energy, and off their mass
            shells, as a fraction of its square; 0 for no check.

        Returns
        -------
        value, sigma
            ``(N,)`` |M|^2 in GeV^(8 - 2n) at the coupling of the training, and its uncertainty.
        inside
            ``(N,)`` whether each point is in the domain.
        first
            Index of the first point that fails the check, where evaluation ends; N if none does.
        """
        count = len(momenta)
        value, sigma = np.empty(count), np.empty(count)
        inside = np.empty(count, dtype=np.bool_)
        first = self._library.mcsurrogate_emulator_evaluate(
            self._handle, momenta.ctypes.data, count, tolerance,
            value.ctypes.data, sigma.ctypes.data, inside.ctypes.data,
        )  # fmt: skip
        return value, sigma, inside, first
