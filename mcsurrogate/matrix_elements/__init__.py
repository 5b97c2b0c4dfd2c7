"""Squared matrix elements behind one protocol: built-in engine, closed forms, external ones."""

from mcsurrogate.matrix_elements.factory import matrix_element
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import CouplingOrders, Process, ProcessDefinition
from mcsurrogate.matrix_elements.protocol import MatrixElement
from mcsurrogate.matrix_elements.subprocesses import Subprocess, SubprocessGroup, expand, luminosity

__all__ = [
    "CouplingOrders",
    "MatrixElement",
    "Process",
    "ProcessDefinition",
    "StandardModel",
    "Subprocess",
    "SubprocessGroup",
    "expand",
    "luminosity",
    "matrix_element",
]
