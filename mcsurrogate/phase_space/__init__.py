"""Phase space: differentiable, invertible maps from the unit hypercube to momenta."""

from mcsurrogate.phase_space.hadronic import HadronicPhaseSpace
from mcsurrogate.phase_space.mapping import Bounds, TopologyMapping, build_mapping
from mcsurrogate.phase_space.protocol import PhaseSpaceMapping, PhaseSpacePoint
from mcsurrogate.phase_space.topology import Propagator, Topology
from mcsurrogate.phase_space.tree import Powers

__all__ = [
    "Bounds",
    "HadronicPhaseSpace",
    "PhaseSpaceMapping",
    "PhaseSpacePoint",
    "Powers",
    "Propagator",
    "Topology",
    "TopologyMapping",
    "build_mapping",
]
