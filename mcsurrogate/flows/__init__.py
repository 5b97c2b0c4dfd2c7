"""Normalizing flows on the unit hypercube, built on normflows."""

from mcsurrogate.flows.coupling import SplineCoupling
from mcsurrogate.flows.discrete import DiscreteChoice, discrete_value
from mcsurrogate.flows.hypercube import HypercubeFlow
from mcsurrogate.flows.marginal import MarginalSpline
from mcsurrogate.flows.masks import coupling_masks

__all__ = [
    "DiscreteChoice",
    "HypercubeFlow",
    "MarginalSpline",
    "SplineCoupling",
    "coupling_masks",
    "discrete_value",
]
