# SPDX-License-Identifier: GPL-3.0-or-later
"""Normalizing flows on the unit hypercube: a protocol, and families that fulfil it."""

from mcsurrogate.flows.discrete import discrete_value
from mcsurrogate.flows.families.splines import HypercubeFlow
from mcsurrogate.flows.protocol import Flow
from mcsurrogate.flows.registry import family_name, flow_builder, flow_family, shipped_families

__all__ = [
    "Flow",
    "HypercubeFlow",
    "discrete_value",
    "family_name",
    "flow_builder",
    "flow_family",
    "shipped_families",
]
