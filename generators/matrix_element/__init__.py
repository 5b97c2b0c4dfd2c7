"""Emulated matrix elements in Pythia runs: the user hook and the evaluator without torch."""

from mcsurrogate.generators.matrix_element.hook import (
    attach_matrix_element,
    matrix_element_library,
    matrix_element_settings,
)
from mcsurrogate.generators.matrix_element.native_emulator import NativeEmulator

__all__ = [
    "NativeEmulator",
    "attach_matrix_element",
    "matrix_element_library",
    "matrix_element_settings",
]
