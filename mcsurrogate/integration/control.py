# SPDX-License-Identifier: GPL-3.0-or-later
"""Control variates: what the defence of a sampler costs the integral is taken back."""

import torch
from torch import Tensor

from mcsurrogate.integration.mixture import DefensiveMixture

__all__ = ["control_variates"]


def control_variates(
    mixture: DefensiveMixture, log_q: Tensor, log_grid: Tensor, integral: Tensor | None
) -> Tensor:
    """Values ``(N,)`` of mean zero that make weights spread less when they are added.

    Points of grid and flat density have next to no weight where the flow is good.  The parts
    sum to the density q, so that with ``flow = f / I`` the weight f / q is linear in g / q and
    1 / q, whose means are known to be one (Owen, Zhou, J. Am. Stat. Assoc. 95 (2000) 135).

    Parameters
    ----------
    mixture
        What the points were drawn from.
    log_q, log_grid
        ``(N,)`` logarithms of the densities of mixture and grid.
    integral
        ``(N,)`` the integral of each point's channel, from earlier points: the mean stays
        unbiased.  None where there are none; the values are then zero.
    """
    part_flow, part_grid, part_flat = mixture.parts
    if part_flow == 0.0 or integral is None:
        return torch.zeros_like(log_q)
    grid = part_grid * ((log_grid - log_q).exp() - 1.0)
    flat = part_flat * ((-log_q).exp() - 1.0)
    return integral / part_flow * (grid + flat)
