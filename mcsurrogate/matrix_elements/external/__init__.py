# SPDX-License-Identifier: GPL-3.0-or-later
"""Amplitudes from outside behind the protocol `MatrixElement`."""

from mcsurrogate.matrix_elements.external.base import ExternalMatrixElement
from mcsurrogate.matrix_elements.external.function import FunctionMatrixElement
from mcsurrogate.matrix_elements.external.madgraph_fortran import MadGraphFortran
from mcsurrogate.matrix_elements.external.param_card import write_param_card
from mcsurrogate.matrix_elements.external.pyamplicol import PyAmpliCol
from mcsurrogate.matrix_elements.external.umami import UmamiMatrixElement

__all__ = [
    "ExternalMatrixElement",
    "FunctionMatrixElement",
    "MadGraphFortran",
    "PyAmpliCol",
    "UmamiMatrixElement",
    "write_param_card",
]
