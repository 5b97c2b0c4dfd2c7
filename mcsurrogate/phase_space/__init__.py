"""Phase space: differentiable, invertible maps from the unit hypercube to momenta."""

from mcsurrogate.phase_space.hadronic import HadronicPhaseSpace
from mcsurrogate.phase_space.protocol import PhaseSpaceMapping, PhaseSpacePoint

__all__ = ["HadronicPhaseSpace", "PhaseSpaceMapping", "PhaseSpacePoint"]
