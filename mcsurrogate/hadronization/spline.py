# SPDX-License-Identifier: GPL-3.0-or-later
"""Monotone rational-quadratic splines of the unit interval as conditional distributions.

Durkan et al., arXiv:1906.04032, eqs. 4 to 8. The features lie along the first axis, where a
softmax is many times faster on a CPU than along the last.
"""

import torch
from torch import Tensor

__all__ = ["MINIMUM_BIN", "MINIMUM_SLOPE", "unit_spline_cumulative", "unit_spline_log_density"]

#: Smallest width and height of a bin; the C++ evaluator has the same number.
MINIMUM_BIN = 1e-5
#: Smallest density at a knot.
MINIMUM_SLOPE = 1e-4


def _sizes(logits: Tensor) -> Tensor:
    bins = logits.shape[0]
    return MINIMUM_BIN + (1.0 - bins * MINIMUM_BIN) * torch.softmax(logits, dim=0)


def _starts(sizes: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(sizes[:1]), torch.cumsum(sizes[:-1], dim=0)])


def unit_spline_log_density(outputs: Tensor, x: Tensor) -> Tensor:
    """Log density of a distribution on (0, 1) whose cumulative function is a spline.

    Parameters
    ----------
    outputs
        ``(3 K + 1, N)`` network outputs: K logits of widths, K logits of heights and K + 1 raw
        slopes, of which the density at the knots is ``MINIMUM_SLOPE + (r + sqrt(r^2 + 4)) / 2``.
    x
        ``(N,)`` points in (0, 1).

    Returns
    -------
    Tensor
        ``(N,)`` natural logarithms of the density.
    """
    _, s, xi, d0, d1 = _at(outputs, x)
    rest = 1.0 - xi
    numerator = s * s * (d1 * xi * xi + 2.0 * s * xi * rest + d0 * rest * rest)
    denominator = s + (d1 + d0 - 2.0 * s) * xi * rest
    return torch.log(numerator) - 2.0 * torch.log(denominator)


def unit_spline_cumulative(outputs: Tensor, x: Tensor) -> Tensor:
    """Cumulative function of the same distribution; the arguments are those of its log density."""
    (bottom, height), s, xi, d0, d1 = _at(outputs, x)
    rest = 1.0 - xi
    numerator = height * (s * xi * xi + d0 * xi * rest)
    return bottom + numerator / (s + (d1 + d0 - 2.0 * s) * xi * rest)


def _at(outputs: Tensor, x: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor, Tensor, Tensor, Tensor]:
    """Lower edge and height of the bin of each point, its slope, place in it, and its densities."""
    bins = (outputs.shape[0] - 1) // 3
    widths = _sizes(outputs[:bins])
    heights = _sizes(outputs[bins : 2 * bins])
    left = _starts(widths)
    raw = outputs[2 * bins :]
    slope = MINIMUM_SLOPE + 0.5 * (raw + torch.sqrt(raw * raw + 4.0))

    index = (x.unsqueeze(0) >= left[1:]).sum(dim=0, keepdim=True)
    d0, d1 = slope.gather(0, index)[0], slope.gather(0, index + 1)[0]
    width = widths.gather(0, index)[0]
    height = heights.gather(0, index)[0]
    xi = ((x - left.gather(0, index)[0]) / width).clamp(0.0, 1.0)
    return (_starts(heights).gather(0, index)[0], height), height / width, xi, d0, d1
