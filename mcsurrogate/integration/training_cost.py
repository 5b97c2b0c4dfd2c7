# SPDX-License-Identifier: GPL-3.0-or-later
"""What training a flow costs, and how much of it the cost of an integrand is worth."""

__all__ = ["NETWORK_SAMPLE", "NETWORK_STEP", "worthwhile_reuse"]

NETWORK_STEP = 10e-6
"""Seconds a training step takes for each of its points, for a flow of the default size."""
NETWORK_SAMPLE = 4e-6
"""Seconds to draw a point from a flow of the default size."""
_LEAST_REUSE, _MOST_REUSE = 10.0, 40.0
"""How often points are trained on, whatever they cost."""


def worthwhile_reuse(cost: float) -> float:
    """How often points of so many seconds are trained on: as long as they took to evaluate."""
    return min(_MOST_REUSE, max(_LEAST_REUSE, cost / NETWORK_STEP))
