# SPDX-License-Identifier: GPL-3.0-or-later
"""Elementwise spline, one per dimension and group of channels: where a VEGAS grid enters a flow.

MadNIS writes a reduced VEGAS grid into the biases of the first two coupling blocks
(arXiv:2311.01548, section 3.4).  A separate unconditional layer keeps more bins than the blocks
have, costs no network, and leaves the blocks to learn correlations only.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mcsurrogate.flows.layer import GroupedLayer
from mcsurrogate.flows.spline import evaluate_bin, solve_bin

__all__ = ["MarginalSpline"]

_MIN_SHARE = 1e-9


class MarginalSpline(GroupedLayer):
    """A monotonic rational-quadratic spline for every dimension by itself.

    Parameters
    ----------
    groups
        Number G of groups of channels.
    dim
        Number d of dimensions.
    bins
        Number K of bins.
    axes
        The dimensions that are transformed; all if None.

    References
    ----------
    arXiv:1906.04032 (splines), Lepage, J. Comput. Phys. 27 (1978) 192 (grids).
    """

    axes: Tensor

    def __init__(
        self, groups: int, dim: int, bins: int = 32, axes: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.bins = bins
        self.whole = axes is None or list(axes) == list(range(dim))
        chosen = torch.arange(dim) if axes is None else torch.tensor(list(axes), dtype=torch.int64)
        self.register_buffer("axes", chosen)
        dim = len(chosen)
        self.log_widths = nn.Parameter(torch.zeros(groups, dim, bins))
        self.log_heights = nn.Parameter(torch.zeros(groups, dim, bins))
        self.log_slopes = nn.Parameter(torch.zeros(groups, dim, bins + 1))

    @torch.no_grad()
    def set_grid(self, group: int, edges: Tensor) -> None:
        """Start from a VEGAS grid.

        Knots are placed at equal steps of the mean of position and probability, so that neither
        a narrow peak nor a long tail is left with one bin.

        Parameters
        ----------
        group
            Which group of channels.
        edges
            ``(d, B + 1)`` edges in [0, 1] of B bins of equal probability.
        """
        edges = edges[self.axes]
        dim, count = edges.shape[0], edges.shape[1] - 1
        probability = torch.linspace(0.0, 1.0, count + 1, dtype=edges.dtype)
        for axis in range(dim):
            position = edges[axis]
            measure = 0.5 * (position + probability)
            target = torch.linspace(0.0, 1.0, self.bins + 1, dtype=edges.dtype)
            right = torch.searchsorted(measure, target).clamp(1, count)
            left = right - 1
            span = (measure[right] - measure[left]).clamp(min=1e-300)
            share = ((target - measure[left]) / span).clamp(0.0, 1.0)
            knots = position[left] + share * (position[right] - position[left])
            values = probability[left] + share * (probability[right] - probability[left])
            widths = knots.diff().clamp(min=_MIN_SHARE)
            heights = values.diff().clamp(min=_MIN_SHARE)
            chords = heights / widths
            # harmonic means of neighbouring chords keep the spline monotonic and smooth
            slopes = torch.cat((chords[:1], chords[:-1], chords[-1:]))
            slopes[1:-1] = 2.0 / (1.0 / chords[:-1] + 1.0 / chords[1:])
            self.log_widths[group, axis] = widths.log().to(self.log_widths.dtype)
            self.log_heights[group, axis] = heights.log().to(self.log_heights.dtype)
            self.log_slopes[group, axis] = slopes.log().to(self.log_slopes.dtype)

    def _tables(self, group: int | None, dtype: torch.dtype) -> tuple[Tensor, ...]:
        pick = slice(None) if group is None else slice(group, group + 1)
        scale = 1.0 - self.bins * _MIN_SHARE
        widths = torch.softmax(self.log_widths[pick].to(dtype), -1) * scale + _MIN_SHARE
        heights = torch.softmax(self.log_heights[pick].to(dtype), -1) * scale + _MIN_SHARE
        return widths, heights, self.log_slopes[pick].to(dtype)

    def transform(
        self, x: Tensor, inverse: bool, group: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Apply to ``(G, d, M)``: density direction, or sampling direction if ``inverse``.

        Returns the values and the logarithm of the Jacobian determinant ``(G, M)``.
        """
        if not self.whole:
            y, log_det = self._transform(x[:, self.axes], inverse, group)
            return x.index_copy(1, self.axes, y), log_det
        return self._transform(x, inverse, group)

    def _transform(self, x: Tensor, inverse: bool, group: int | None) -> tuple[Tensor, Tensor]:
        widths, heights, log_slopes = self._tables(group, x.dtype)
        zero = widths.new_zeros(*widths.shape[:2], 1)
        edges_x = torch.cat((zero, widths.cumsum(-1)), -1)
        edges_y = torch.cat((zero, heights.cumsum(-1)), -1)
        search = (edges_y if inverse else edges_x)[..., 1:-1].detach().contiguous()
        index = torch.searchsorted(search, x.detach().contiguous(), right=True)
        width, height = widths.gather(-1, index), heights.gather(-1, index)
        x0, y0 = edges_x.gather(-1, index), edges_y.gather(-1, index)
        slope0 = log_slopes.gather(-1, index).exp()
        slope1 = log_slopes.gather(-1, index + 1).exp()
        if not inverse:
            theta = ((x - x0) / width).clamp(0.0, 1.0)
            y, log_slope = evaluate_bin(theta, width, y0, height, slope0, slope1)
            return y, log_slope.sum(1)
        theta = solve_bin(x - y0, width, height, slope0, slope1)
        _, log_slope = evaluate_bin(theta, width, y0, height, slope0, slope1)
        return (x0 + theta * width).clamp(0.0, 1.0), -log_slope.sum(1)

    def extra_repr(self) -> str:
        """Show the sizes when the flow is printed."""
        groups, dim, bins = self.log_widths.shape
        return f"groups={groups}, dim={dim}, bins={bins}"
