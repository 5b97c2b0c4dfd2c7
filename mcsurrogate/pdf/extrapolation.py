# SPDX-License-Identifier: GPL-3.0-or-later
"""Outside the grid: LHAPDF's ``continuation`` extrapolation.

What MSTW's own code does (arXiv:1412.7420, section 4.2): at small x and large Q linear in
log x and log Q^2, of log(xf) where the two anchors exceed 1e-3 and of xf itself elsewhere; at
small Q a power of Q^2 whose exponent goes from the anomalous dimension at the edge to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Edges", "continue_outside"]

_Evaluate = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Edges:
    """The knots that anchor the continuation: first two in x, first and last two in Q."""

    x0: float
    x1: float
    q_min: float
    q_before_max: float
    q_max: float


def _linear(position: Tensor, low: float, high: float, f_low: Tensor, f_high: Tensor) -> Tensor:
    """Continue from the anchors ``low`` and ``high`` in the logarithm of ``position``."""
    anchors = torch.tensor([low, high], dtype=torch.float64).log()
    t = (torch.log(position) - float(anchors[0])) / float(anchors[1] - anchors[0])
    t = t.unsqueeze(1)
    positive = (f_low > 1e-3) & (f_high > 1e-3)
    log_low = torch.log(torch.where(positive, f_low, torch.ones_like(f_low)))
    log_high = torch.log(torch.where(positive, f_high, torch.ones_like(f_high)))
    power = torch.exp(log_low + t * (log_high - log_low))
    return torch.where(positive, power, f_low + t * (f_high - f_low))


def continue_outside(x: Tensor, q: Tensor, edges: Edges, inside: _Evaluate) -> Tensor:
    """Values at points of which each lies outside the grid.

    Parameters
    ----------
    x, q
        ``(N,)``, with x below ``edges.x0`` or q outside ``[q_min, q_max]``.
    edges
        The anchoring knots.
    inside
        Interpolation inside the grid: ``(N,), (N,) -> (N, F)``.

    Returns
    -------
    Tensor
        ``(N, F)`` values of x f.
    """
    small_x = x < edges.x0

    def at(scale: Tensor) -> Tensor:
        """Value at any x and at a scale inside the grid."""
        value = inside(torch.clamp(x, min=edges.x0), scale)
        if bool(small_x.any()):
            below = _linear(
                torch.clamp(x, max=edges.x0),
                edges.x0,
                edges.x1,
                inside(torch.full_like(x, edges.x0), scale),
                inside(torch.full_like(x, edges.x1), scale),
            )
            value = torch.where(small_x.unsqueeze(1), below, value)
        return value

    result = at(q.clamp(edges.q_min, edges.q_max))
    high = q > edges.q_max
    if bool(high.any()):
        result = torch.where(high.unsqueeze(1), _large_q(x, q, edges, inside), result)
    low = q < edges.q_min
    if bool(low.any()):
        edge = at(torch.full_like(q, edges.q_min))
        above = at(torch.full_like(q, edges.q_min * 1.01**0.5))
        result = torch.where(low.unsqueeze(1), _small_q(q, edges, edge, above), result)
    return result


def _large_q(x: Tensor, q: Tensor, edges: Edges, inside: _Evaluate) -> Tensor:
    q = torch.clamp(q, min=edges.q_max)

    def at(momentum_fraction: Tensor) -> Tensor:
        return _linear(
            q,
            edges.q_max,
            edges.q_before_max,
            inside(momentum_fraction, torch.full_like(q, edges.q_max)),
            inside(momentum_fraction, torch.full_like(q, edges.q_before_max)),
        )

    small_x = x < edges.x0
    value = at(torch.clamp(x, min=edges.x0))
    if bool(small_x.any()):
        first, second = at(torch.full_like(x, edges.x0)), at(torch.full_like(x, edges.x1))
        below = _linear(torch.clamp(x, max=edges.x0), edges.x0, edges.x1, first, second)
        value = torch.where(small_x.unsqueeze(1), below, value)
    return value


def _small_q(q: Tensor, edges: Edges, edge: Tensor, above: Tensor) -> Tensor:
    """Power of Q^2 from the value at the lower edge and the one at 1.01 times its Q^2."""
    ratio = ((torch.clamp(q, max=edges.q_min) / edges.q_min) ** 2).unsqueeze(1)
    sizeable = edge.abs() >= 1e-5
    safe = torch.where(sizeable, edge, torch.ones_like(edge))
    slope = torch.clamp((above - edge) / safe / 0.01, min=-2.5)
    anomalous = torch.where(sizeable, slope, torch.ones_like(slope))
    return edge * ratio ** (anomalous * ratio + 1.0 - ratio)
