# SPDX-License-Identifier: GPL-3.0-or-later
"""Phase space: differentiable, invertible maps from the unit hypercube to momenta."""

from mcsurrogate.phase_space.channels import ChannelSet
from mcsurrogate.phase_space.cuts import PARTICLE_GROUPS, Cut, Cuts, EventCut
from mcsurrogate.phase_space.expression import EventFunction, Expression
from mcsurrogate.phase_space.hadronic import HadronicPhaseSpace
from mcsurrogate.phase_space.invariants import power_law
from mcsurrogate.phase_space.isolation import Isolation
from mcsurrogate.phase_space.jets import JetCuts
from mcsurrogate.phase_space.kt_clustering import KtClustering
from mcsurrogate.phase_space.mapping import Bounds, TopologyMapping, build_mapping
from mcsurrogate.phase_space.presets import CUT_PRESETS
from mcsurrogate.phase_space.protocol import PhaseSpaceMapping, PhaseSpacePoint
from mcsurrogate.phase_space.scales import DYNAMIC_SCALES, DynamicScale, FixedScale, Scale, scale
from mcsurrogate.phase_space.topology import Propagator, Topology
from mcsurrogate.phase_space.transverse import TransverseMapping
from mcsurrogate.phase_space.transverse_decays import TransverseDecays
from mcsurrogate.phase_space.tree import Powers

__all__ = [
    "CUT_PRESETS",
    "DYNAMIC_SCALES",
    "PARTICLE_GROUPS",
    "Bounds",
    "ChannelSet",
    "Cut",
    "Cuts",
    "DynamicScale",
    "EventCut",
    "EventFunction",
    "Expression",
    "FixedScale",
    "HadronicPhaseSpace",
    "Isolation",
    "JetCuts",
    "KtClustering",
    "PhaseSpaceMapping",
    "PhaseSpacePoint",
    "Powers",
    "Propagator",
    "Scale",
    "Topology",
    "TopologyMapping",
    "TransverseDecays",
    "TransverseMapping",
    "build_mapping",
    "power_law",
    "scale",
]
