"""Normalizing flows on the unit hypercube, built on normflows."""

from mcsurrogate.flows.coupling import SplineCoupling
from mcsurrogate.flows.hypercube import HypercubeFlow
from mcsurrogate.flows.marginal import MarginalSpline
from mcsurrogate.flows.masks import coupling_masks

__all__ = ["HypercubeFlow", "MarginalSpline", "SplineCoupling", "coupling_masks"]
