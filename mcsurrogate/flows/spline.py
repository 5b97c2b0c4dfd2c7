# SPDX-License-Identifier: GPL-3.0-or-later
r"""Monotonic rational-quadratic splines on the unit interval, bins as a leading dimension.

The transformation is the one of Durkan et al. (arXiv:1906.04032, eqs. 4 to 8) after Gregory and
Delbourgo.  The layout differs from the usual one: spline parameters are ``(G, P, D, M)`` with the
P = 3 K + 1 raw parameters of K bins *before* the dimension and the point, so that softmax, running
sum and bin search are vectorised over points, and the backward pass uses the closed form of the
softmax gradient instead of scattering into every intermediate array.
"""

import math
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

__all__ = [
    "MIN_BIN",
    "MIN_SLOPE",
    "evaluate_bin",
    "solve_bin",
    "spline_forward",
    "spline_inverse",
    "spline_parameters",
]

MIN_BIN = 1e-3
"""Smallest width and height of a bin."""
MIN_SLOPE = 1e-3
"""Smallest slope at a knot."""

_SLOPE_SHIFT = math.log(math.expm1(1.0 - MIN_SLOPE))
"""Raw slopes of zero give a slope of one, so that raw parameters of zero give the identity."""


class _Context(Protocol):
    """What autograd hands to both passes of a function."""

    bins: int
    saved_tensors: tuple[Tensor, ...]

    def save_for_backward(self, *tensors: Tensor) -> None: ...


class _SelectBin(torch.autograd.Function):
    """Raw parameters and positions to the six numbers of the bin that holds each position."""

    @staticmethod
    def forward(
        ctx: _Context, raw: Tensor, position: Tensor, bins: int, by_height: bool
    ) -> tuple[Tensor, ...]:
        groups, _, dims, points = raw.shape
        scale = 1.0 - bins * MIN_BIN
        share = torch.softmax(raw[:, : 2 * bins].view(groups, 2, bins, dims, points), dim=2)
        running = torch.empty_like(share)
        running[:, :, 0] = share[:, :, 0]
        for k in range(1, bins):
            torch.add(running[:, :, k - 1], share[:, :, k], out=running[:, :, k])
        # knot k+1 lies at MIN_BIN (k + 1) + scale * running[k]; count the knots below
        edges = running[:, 1 if by_height else 0]
        index = torch.zeros_like(position, dtype=torch.int64)
        for k in range(bins - 1):
            index += position >= edges[:, k] * scale + MIN_BIN * (k + 1)
        select = index[:, None, None].expand(-1, 2, 1, -1, -1)
        inside = share.gather(2, select)[:, :, 0]
        below = running.gather(2, select)[:, :, 0] - inside
        start = below * scale + index[:, None].to(raw.dtype) * MIN_BIN
        size = inside * scale + MIN_BIN
        slopes = raw[:, 2 * bins :]
        raw0 = slopes.gather(1, index[:, None])[:, 0]
        raw1 = slopes.gather(1, index[:, None] + 1)[:, 0]
        ctx.save_for_backward(share, index, inside, below)
        ctx.bins = bins
        return start[:, 0], size[:, 0], start[:, 1], size[:, 1], raw0, raw1

    @staticmethod
    def backward(ctx: _Context, *grads: Tensor) -> tuple[Tensor | None, ...]:
        share, index, inside, below = ctx.saved_tensors
        x0, width, y0, height, raw0, raw1 = grads
        bins = ctx.bins
        groups, _, _, dims, points = share.shape
        scale = 1.0 - bins * MIN_BIN
        out = share.new_zeros(groups, 3 * bins + 1, dims, points)
        start = torch.stack((x0, y0), 1) * scale
        size = torch.stack((width, height), 1) * scale
        # d/d logit_j = share_j (g_j - sum_i share_i g_i), g = start below the bin, size in it
        mean = start * below + size * inside
        logits = out[:, : 2 * bins].view(groups, 2, bins, dims, points)
        at_start = start - mean
        for k in range(bins):
            gradient = torch.where(index[:, None] > k, at_start, -mean)
            torch.mul(gradient, share[:, :, k], out=logits[:, :, k])
        logits.scatter_add_(
            2,
            index[:, None, None].expand(-1, 2, 1, -1, -1),
            (size * inside)[:, :, None],
        )
        out[:, 2 * bins :].scatter_(1, index[:, None], raw0[:, None])
        out[:, 2 * bins :].scatter_add_(1, index[:, None] + 1, raw1[:, None])
        return out, None, None, None


def spline_parameters(
    raw: Tensor, position: Tensor, *, by_height: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Select the bin of each position.

    Parameters
    ----------
    raw
        ``(G, 3 K + 1, D, M)`` raw widths, heights and slopes; zeros give the identity.
    position
        ``(G, D, M)`` in [0, 1].
    by_height
        Whether ``position`` is a value of the spline rather than its argument.

    Returns
    -------
    tuple
        Left edge, width, lower edge, height, slope at the left and at the right knot, each
        ``(G, D, M)``.
    """
    bins = (raw.shape[1] - 1) // 3
    selected = _SelectBin.apply(raw, position.detach(), bins, by_height)  # type: ignore[no-untyped-call]
    x0, width, y0, height, raw0, raw1 = selected
    slope0 = functional.softplus(raw0 + _SLOPE_SHIFT) + MIN_SLOPE
    slope1 = functional.softplus(raw1 + _SLOPE_SHIFT) + MIN_SLOPE
    return x0, width, y0, height, slope0, slope1


def spline_forward(x: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
    """Evaluate the spline.

    Parameters
    ----------
    x
        ``(G, D, M)`` in [0, 1].
    raw
        ``(G, 3 K + 1, D, M)`` raw parameters.

    Returns
    -------
    tuple
        Values ``(G, D, M)`` and the logarithm of the derivative ``(G, D, M)``.
    """
    x0, width, y0, height, slope0, slope1 = spline_parameters(raw, x, by_height=False)
    theta = ((x - x0) / width).clamp(0.0, 1.0)
    return evaluate_bin(theta, width, y0, height, slope0, slope1)


def spline_inverse(y: Tensor, raw: Tensor) -> tuple[Tensor, Tensor]:
    """Invert the spline.

    Parameters
    ----------
    y
        ``(G, D, M)`` in [0, 1].
    raw
        ``(G, 3 K + 1, D, M)`` raw parameters.

    Returns
    -------
    tuple
        Arguments ``(G, D, M)`` and the logarithm of the derivative of the *inverse*.
    """
    x0, width, y0, height, slope0, slope1 = spline_parameters(raw, y, by_height=True)
    theta = solve_bin(y - y0, width, height, slope0, slope1)
    _, log_slope = evaluate_bin(theta, width, y0, height, slope0, slope1)
    return (x0 + theta * width).clamp(0.0, 1.0), -log_slope


def evaluate_bin(
    theta: Tensor, width: Tensor, y0: Tensor, height: Tensor, slope0: Tensor, slope1: Tensor
) -> tuple[Tensor, Tensor]:
    """Value and log-derivative at the fraction ``theta`` of a bin (arXiv:1906.04032, eqs. 4, 5)."""
    rest = 1.0 - theta
    product = theta * rest
    chord = height / width
    denominator = chord + (slope0 + slope1 - 2.0 * chord) * product
    value = y0 + height * theta * (chord * theta + slope0 * rest) / denominator
    numerator = slope1 * theta * theta + 2.0 * chord * product + slope0 * rest * rest
    ratio = chord / denominator
    log_slope = torch.log(ratio * ratio * numerator)
    return value.clamp(0.0, 1.0), log_slope


def solve_bin(
    rise: Tensor, width: Tensor, height: Tensor, slope0: Tensor, slope1: Tensor
) -> Tensor:
    """Fraction of the bin where the spline has risen by ``rise`` (arXiv:1906.04032, eqs. 6-8)."""
    chord = height / width
    rise = rise.clamp(min=0.0)
    bend = rise * (slope0 + slope1 - 2.0 * chord)
    a = height * (chord - slope0) + bend
    b = height * slope0 - bend
    c = -chord * rise
    root = torch.sqrt((b * b - 4.0 * a * c).clamp(min=0.0))
    # b + root is smallest where a rise of the whole bin meets a vanishing slope; the clamp keeps
    # the quotient finite there and theta at most one
    theta = -2.0 * c / (b + root).clamp(min=torch.finfo(rise.dtype).tiny)
    return theta.clamp(0.0, 1.0)
