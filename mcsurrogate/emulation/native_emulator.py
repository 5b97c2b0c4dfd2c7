# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulators without torch, from their file."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mcsurrogate.emulation.native_evaluator import NativeEvaluator
from mcsurrogate.errors import EmulationError

__all__ = ["NativeEmulator"]

FloatArray = NDArray[np.float64]


class NativeEmulator:
    """An emulator evaluated by compiled code.

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
        self._evaluator = NativeEvaluator.read(Path(path))
        self.legs = self._evaluator.legs

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
            raise EmulationError(f"momenta of shape {points.shape}: need (N, {self.legs}, 4)")
        value, sigma, inside, _ = self._evaluator.evaluate(points)
        return value, sigma, inside
