"""Squared matrix elements behind one protocol: built-in engine, closed forms, external ones."""

from mcsurrogate.matrix_elements.diagrams import Diagram, diagrams, topologies
from mcsurrogate.matrix_elements.factory import matrix_element
from mcsurrogate.matrix_elements.gradients import (
    log_gradients,
    momentum_gradients,
    place_on_mass_shell,
)
from mcsurrogate.matrix_elements.parameters import StandardModel
from mcsurrogate.matrix_elements.process import CouplingOrders, Process, ProcessDefinition
from mcsurrogate.matrix_elements.protocol import ColouredMatrixElement, MatrixElement
from mcsurrogate.matrix_elements.reweighting import event_scores, reweight_events
from mcsurrogate.matrix_elements.subprocesses import Subprocess, SubprocessGroup, expand, luminosity
from mcsurrogate.matrix_elements.tree import TreeMatrixElement

__all__ = [
    "ColouredMatrixElement",
    "CouplingOrders",
    "Diagram",
    "MatrixElement",
    "Process",
    "ProcessDefinition",
    "StandardModel",
    "Subprocess",
    "SubprocessGroup",
    "TreeMatrixElement",
    "diagrams",
    "event_scores",
    "expand",
    "log_gradients",
    "luminosity",
    "matrix_element",
    "momentum_gradients",
    "place_on_mass_shell",
    "reweight_events",
    "topologies",
]
