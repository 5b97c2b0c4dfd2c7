# SPDX-License-Identifier: GPL-3.0-or-later
"""The VEGAS importance grid: a product of piecewise constant densities."""

import torch
from torch import Tensor

__all__ = ["VegasGrid"]

_DAMPING = 0.5
"""Exponent that slows the grid down (arXiv:2009.05112, eq. 15)."""
_EVEN = 1e-9
"""Part of every bin that is as wide as all others: the density stays finite."""


class VegasGrid:
    """Bins of equal probability along every dimension.

    Parameters
    ----------
    dim
        Number d of dimensions.
    bins
        Number B of bins a dimension.
    cautious
        Whether bins follow only those of their differences that are not noise: where few points
        count in many dimensions.

    Attributes
    ----------
    edges
        ``(d, B + 1)`` float64 edges in [0, 1].

    References
    ----------
    Lepage, J. Comput. Phys. 27 (1978) 192; arXiv:2009.05112, section II.
    """

    def __init__(self, dim: int, bins: int = 128, *, cautious: bool = False) -> None:
        self.cautious = cautious
        self.edges = torch.linspace(0.0, 1.0, bins + 1, dtype=torch.float64).repeat(dim, 1)

    @property
    def dim(self) -> int:
        """Number of dimensions."""
        return int(self.edges.shape[0])

    @property
    def bins(self) -> int:
        """Number of bins a dimension."""
        return int(self.edges.shape[1]) - 1

    def forward(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """Map uniform ``y`` ``(N, d)`` to points and the logarithm of their density ``(N,)``."""
        scaled = y.t() * self.bins
        index = scaled.long().clamp(0, self.bins - 1)
        low = self.edges.gather(1, index)
        width = self.edges.gather(1, index + 1) - low
        x = low + (scaled - index) * width
        return x.t().clamp(0.0, 1.0).contiguous(), -(width * self.bins).log().sum(0)

    def inverse(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Uniform coordinates ``(N, d)`` of points ``(N, d)`` and the logarithm of the density."""
        transposed = x.t().double().contiguous()
        inner = self.edges[:, 1:-1].contiguous()
        index = torch.searchsorted(inner, transposed, right=True)
        low = self.edges.gather(1, index)
        width = self.edges.gather(1, index + 1) - low
        y = (index + ((transposed - low) / width).clamp(0.0, 1.0)) / self.bins
        return y.t(), -(width * self.bins).log().sum(0)

    def log_prob(self, x: Tensor) -> Tensor:
        """Logarithm of the density ``(N,)`` at points ``(N, d)``."""
        return self.inverse(x)[1]

    def adapt(self, y: Tensor, square: Tensor) -> None:
        """Move the edges so that every bin contributes the same to the variance.

        Parameters
        ----------
        y
            ``(N, d)`` uniform coordinates of the points.
        square
            ``(N,)`` squared weights, divided by the sampling density in y where that is not one.
        """
        index = (y.t() * self.bins).long().clamp(0, self.bins - 1)
        for axis in range(self.dim):
            counts = torch.bincount(index[axis], minlength=self.bins)
            total = torch.bincount(index[axis], weights=square, minlength=self.bins)
            mean = total / counts.clamp(min=1)
            if self.cautious:
                mean = _beyond_noise(mean, square)
            self.edges[axis] = _refine(self.edges[axis], mean)


def _beyond_noise(mean: Tensor, square: Tensor) -> Tensor:
    """Draw bins together by what of their differences is noise (positive-part James-Stein).

    Of many dimensions each adds its noise to that of the weights, and few points that count would
    turn a dimension on which next to nothing depends into a random one.
    """
    total = float(mean.sum())
    if total <= 0.0:
        return mean
    share = mean / total
    even = 1.0 / len(mean)
    apart = float((share - even).square().sum())
    noise = float(square.square().sum()) / float(square.sum()) ** 2 * (1.0 - even)
    return even + max(0.0, 1.0 - noise / max(apart, 1e-300)) * (share - even)


def _interpolate(target: Tensor, x: Tensor, y: Tensor) -> Tensor:
    right = torch.searchsorted(x, target).clamp(1, len(x) - 1)
    left = right - 1
    span = (x[right] - x[left]).clamp(min=1e-300)
    return y[left] + (target - x[left]) / span * (y[right] - y[left])


def _refine(edges: Tensor, mean: Tensor) -> Tensor:
    """Move the edges of one axis by the mean squared weight in each bin."""
    if float(mean.sum()) <= 0.0:
        return edges
    padded = torch.cat((mean[:1], mean, mean[-1:]))
    smooth = (padded[:-2] + 6.0 * padded[1:-1] + padded[2:]) / 8.0
    share = smooth / smooth.sum()
    # (share - 1) / log(share) is 0 at share 0 and 1 at share 1
    importance = torch.where(
        share > 0.0,
        (-(1.0 - share) / share.clamp(min=1e-300).log()).clamp(min=0.0),
        torch.zeros_like(share),
    )
    importance = torch.where(share >= 1.0, torch.ones_like(share), importance) ** _DAMPING
    total = torch.cat((torch.zeros(1, dtype=edges.dtype), importance.cumsum(0)))
    target = torch.linspace(0.0, float(total[-1]), len(edges), dtype=edges.dtype)
    fresh = _interpolate(target, total, edges)
    fresh[0], fresh[-1] = edges[0], edges[-1]
    spread = torch.linspace(0.0, 1.0, len(edges), dtype=edges.dtype)
    return (1.0 - _EVEN) * fresh.cummax(0).values + _EVEN * spread
