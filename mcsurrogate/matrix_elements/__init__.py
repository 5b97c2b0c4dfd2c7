# SPDX-License-Identifier: GPL-3.0-or-later
"""Squared matrix elements behind one protocol: built-in engine, closed forms, external ones."""

from mcsurrogate.matrix_elements.closed_forms import closed_form
from mcsurrogate.matrix_elements.colour_flow import ColourFlow, draw_index
from mcsurrogate.matrix_elements.coupling_content import (
    keeps_squares,
    pure_qcd,
    same_amplitude,
    strong_power,
)
from mcsurrogate.matrix_elements.coupling_orders import CouplingOrders, SquaredLimit
from mcsurrogate.matrix_elements.decay_trees import Resonance
from mcsurrogate.matrix_elements.diagrams import Diagram, diagrams, topologies
from mcsurrogate.matrix_elements.factory import matrix_element
from mcsurrogate.matrix_elements.frames import depends_on_boost, partonic_frame
from mcsurrogate.matrix_elements.gradients import (
    log_gradients,
    momentum_gradients,
    place_on_mass_shell,
)
from mcsurrogate.matrix_elements.labels import particles_by_name
from mcsurrogate.matrix_elements.narrow_resonances import resolved_widths
from mcsurrogate.matrix_elements.orders import coupling_powers, interferences, resolve_orders
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number, side_by_side
from mcsurrogate.matrix_elements.particles import antiparticle, particle_by_pdg
from mcsurrogate.matrix_elements.process import Process
from mcsurrogate.matrix_elements.process_definition import ProcessDefinition
from mcsurrogate.matrix_elements.process_syntax import with_more_particles
from mcsurrogate.matrix_elements.propagators import propagator_rules
from mcsurrogate.matrix_elements.protocol import (
    ColouredMatrixElement,
    CountedMatrixElement,
    EventMatrixElement,
    EventWeights,
    HelicityMatrixElement,
    MatrixElement,
    SampledMatrixElement,
    UncertainMatrixElement,
)
from mcsurrogate.matrix_elements.reweighting import event_scores, reweight_events
from mcsurrogate.matrix_elements.subprocesses import Subprocess, SubprocessGroup, expand
from mcsurrogate.matrix_elements.tree import TreeMatrixElement
from mcsurrogate.matrix_elements.validity import check_momenta, check_shape
from mcsurrogate.matrix_elements.widths import (
    boson_pair_width,
    require_mass,
    total_width,
    two_body_width,
)

__all__ = [
    "ColourFlow",
    "ColouredMatrixElement",
    "CountedMatrixElement",
    "CouplingOrders",
    "Diagram",
    "EventMatrixElement",
    "EventWeights",
    "HelicityMatrixElement",
    "MatrixElement",
    "Process",
    "ProcessDefinition",
    "Resonance",
    "SampledMatrixElement",
    "SquaredLimit",
    "StandardModel",
    "Subprocess",
    "SubprocessGroup",
    "TreeMatrixElement",
    "UncertainMatrixElement",
    "antiparticle",
    "as_number",
    "boson_pair_width",
    "check_momenta",
    "check_shape",
    "closed_form",
    "coupling_powers",
    "depends_on_boost",
    "diagrams",
    "draw_index",
    "event_scores",
    "expand",
    "interferences",
    "keeps_squares",
    "log_gradients",
    "matrix_element",
    "momentum_gradients",
    "particle_by_pdg",
    "particles_by_name",
    "partonic_frame",
    "place_on_mass_shell",
    "propagator_rules",
    "pure_qcd",
    "require_mass",
    "resolve_orders",
    "resolved_widths",
    "reweight_events",
    "same_amplitude",
    "side_by_side",
    "strong_power",
    "topologies",
    "total_width",
    "two_body_width",
    "with_more_particles",
]
