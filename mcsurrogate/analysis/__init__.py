# SPDX-License-Identifier: GPL-3.0-or-later
"""From columns of events to selected particles, jets, shapes, decays and measured quantities."""

from mcsurrogate.analysis.durham import MAX_JETS
from mcsurrogate.analysis.hard_process import HardProcess
from mcsurrogate.analysis.jets import JetAlgorithm, JetCollection, JetDefinition
from mcsurrogate.analysis.measured import (
    MeasuredSums,
    Measurement,
    bin_densities,
    measured_multiplicities,
    measured_shape_bins,
    measurements_for,
    z_pole_measurements,
)
from mcsurrogate.analysis.measured_shapes import particle_shapes
from mcsurrogate.analysis.selection import Events
from mcsurrogate.analysis.shapes import thrust
from mcsurrogate.analysis.substructure import JetSubstructure
from mcsurrogate.analysis.top_decays import boosted_cosine, rest_frame_momenta
from mcsurrogate.analysis.vertices import VertexKind, beyond_rounding

__all__ = [
    "MAX_JETS",
    "Events",
    "HardProcess",
    "JetAlgorithm",
    "JetCollection",
    "JetDefinition",
    "JetSubstructure",
    "MeasuredSums",
    "Measurement",
    "VertexKind",
    "beyond_rounding",
    "bin_densities",
    "boosted_cosine",
    "measured_multiplicities",
    "measured_shape_bins",
    "measurements_for",
    "particle_shapes",
    "rest_frame_momenta",
    "thrust",
    "z_pole_measurements",
]
