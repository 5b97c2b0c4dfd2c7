# SPDX-License-Identifier: GPL-3.0-or-later
"""VEGAS+: importance grid and adaptive stratification, for one channel."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.integration.grid import VegasGrid
from mcsurrogate.integration.maximum import maximum_weight
from mcsurrogate.integration.tempering import tempered_shares

__all__ = ["StratifiedBatch", "StratifiedGrid"]

_BELOW_ONE = 1.0 - 2.0**-53
"""Largest number below one in double precision."""
_LEAST_BINS, _MOST_BINS = 32, 1000
"""Bins of an importance grid: as many as the points of an iteration can fill, within these."""
_BOXES_A_POINT, _MOST_BOXES = 0.375, 100_000.0
"""Boxes for each point of an iteration, and their largest number."""
_SPREAD_POWER = 0.75
"""Power of the spread in a box that its points follow; 1 is the optimum of a known spread
(arXiv:2009.05112, section III)."""
_FIRST_FLOOR, _FLOOR_FALL, _LAST_FLOOR = 400.0, 0.8, 100.0
"""Effective sample size that tempering leaves: at first, its factor an iteration, at last."""
_EVEN = 0.1
"""Part of the sampled points that is spread evenly over the boxes: none is ever shut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StratifiedBatch:
    """Points of one iteration and what is needed to combine their weights.

    Attributes
    ----------
    x, y
        ``(N, d)`` points and their uniform coordinates.
    box
        ``(N,)`` box of each point.
    counts
        ``(H,)`` points of each box.
    log_grid
        ``(N,)`` logarithm of the density of the grid alone.
    log_prob
        ``(N,)`` logarithm of the density of the stratified sample.
    """

    x: Tensor
    y: Tensor
    box: Tensor
    counts: Tensor
    log_grid: Tensor
    log_prob: Tensor

    def box_variances(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance ``(H,)`` in each box of ``scaled`` ``(N,)``, f over grid density."""
        boxes = len(self.counts)
        mean = torch.bincount(self.box, weights=scaled, minlength=boxes) / self.counts
        residual = (scaled - mean[self.box]).square()
        total = torch.bincount(self.box, weights=residual, minlength=boxes)
        return mean, total / (self.counts - 1)

    def estimate(self, value: Tensor) -> tuple[float, float]:
        """Integral and variance of its estimate from values ``(N,)`` (arXiv:2009.05112, eq. 29)."""
        mean, variance = self.box_variances(value * (-self.log_grid).exp())
        boxes = len(self.counts)
        return float(mean.sum() / boxes), float((variance / self.counts).sum() / boxes**2)


class StratifiedGrid:
    """One channel's VEGAS+ integrator, and the density that it samples.

    The unit hypercube of the grid's uniform coordinates is cut into H equal boxes, whose numbers
    of points follow the spread of the weights in them.

    Parameters
    ----------
    dim
        Number d of dimensions.
    points
        Points of a typical iteration: there are about 3/8 as many boxes.
    cautious
        Whether the grid follows only what is not noise; see `VegasGrid`.

    Attributes
    ----------
    floor
        Effective sample size below which the weights are tempered before the grid adapts; it
        falls with the iterations.
    grid_alone
        Whether :meth:`sample` ignores the boxes; see :meth:`choose_density`.

    References
    ----------
    arXiv:2009.05112, sections II and III.
    """

    def __init__(self, dim: int, points: int, *, cautious: bool = False) -> None:
        wanted = points // (2 * dim * dim)
        bins = min(_MOST_BINS, max(_LEAST_BINS, wanted))
        self.grid = VegasGrid(dim, bins, cautious=cautious)
        self.floor = _FIRST_FLOOR
        self.grid_alone = False
        self.cut(points)

    def cut(self, points: int) -> None:
        """Cut new boxes, all alike, for iterations of ``points`` points."""
        wanted = max(1.0, min(_BOXES_A_POINT * points, _MOST_BOXES))
        base = max(1, int(wanted ** (1.0 / self.dim) + 1e-9))
        divisions = torch.full((self.dim,), base, dtype=torch.int64)
        for axis in range(self.dim):
            raised = divisions.clone()
            raised[axis] += 1
            if float(raised.double().prod()) > wanted:
                break
            divisions = raised
        boxes = int(divisions.prod())
        self.divisions = divisions
        self.share = torch.full((boxes,), 1.0 / boxes, dtype=torch.float64)

    @property
    def dim(self) -> int:
        """Number of dimensions."""
        return self.grid.dim

    @property
    def boxes(self) -> int:
        """Number H of boxes."""
        return len(self.share)

    def _allocate(self, points: int) -> Tensor:
        """Points of each box ``(H,)``: two, and the rest by share."""
        rest = max(0, points - 2 * self.boxes)
        edges = torch.cat((self.share.new_zeros(1), self.share.cumsum(0))) * rest
        return edges.round().diff().long() + 2

    def _place(self, box: Tensor, generator: torch.Generator) -> Tensor:
        """Uniform coordinates ``(N, d)`` of points in the given boxes."""
        digits = []
        rest = box
        for count in self.divisions.tolist():
            digits.append(rest % count)
            rest = rest // count
        corner = torch.stack(digits, 1).double()
        offset = torch.rand(len(box), self.dim, generator=generator, dtype=torch.float64)
        return ((corner + offset) / self.divisions).clamp(0.0, _BELOW_ONE)

    def draw(self, points: int, generator: torch.Generator) -> StratifiedBatch:
        """Draw about ``points`` stratified points, never fewer than two a box."""
        counts = self._allocate(points)
        box = torch.repeat_interleave(torch.arange(self.boxes), counts)
        y = self._place(box, generator)
        x, log_grid = self.grid.forward(y)
        log_prob = log_grid + (counts.double() * (self.boxes / len(box))).log()[box]
        return StratifiedBatch(
            x=x, y=y, box=box, counts=counts, log_grid=log_grid, log_prob=log_prob
        )

    def adapt(self, batch: StratifiedBatch, value: Tensor) -> None:
        """Adapt boxes and grid to the integrand values ``(N,)`` of a batch."""
        self.adapt_together([self], [batch], [value])

    @staticmethod
    def adapt_together(
        channels: "Sequence[StratifiedGrid]",
        batches: Sequence[StratifiedBatch],
        values: Sequence[Tensor],
    ) -> None:
        """Adapt the boxes of several channels to a batch each, and their one grid to all of them.

        Parameters
        ----------
        channels
            Channels in which the integrand is the same up to a symmetry, with equal grids.
        batches, values
            One batch a channel, and the integrand ``(N,)`` at it.
        """
        squares = []
        for channel, batch, value in zip(channels, batches, values, strict=True):
            scaled = value * (-batch.log_grid).exp()
            spread = batch.box_variances(scaled)[1].sqrt() ** _SPREAD_POWER
            if float(spread.sum()) > 0.0:
                channel.share = spread / spread.sum()
            # points in y are not uniform but denser where boxes have more of them
            correction = (batch.log_grid - batch.log_prob).exp()
            # a channel of few points has as much of the variance for each of them
            stands_for = (len(batches[0].x) / len(batch.x)) ** 2
            squares.append(scaled.square() * correction * stands_for)
        first, square = channels[0], torch.cat(squares)
        if bool((square > 0.0).any()):
            share, _ = tempered_shares(square, first.floor)
            first.floor = max(_FLOOR_FALL * first.floor, _LAST_FLOOR)
            first.grid.adapt(torch.cat([batch.y for batch in batches]), share)
        for other in channels[1:]:
            other.floor, other.grid.edges = first.floor, first.grid.edges.clone()

    def choose_density(self, batch: StratifiedBatch, value: Tensor, overweight: float) -> None:
        """Sample events from the grid alone where its maximum weight is the smaller one.

        Boxes have points where weights are *spread*, which is best for the integral; where
        weights are large but even, the density of the boxes is low and the ratio of the two is
        high.

        Parameters
        ----------
        batch, value
            A batch of :meth:`draw` from the present boxes and the integrand ``(N,)`` at it.
        overweight
            Part of the integral above the maximum weights.
        """
        by_grid = value.abs() * (-batch.log_grid).exp()
        # a point of the batch stands for this many of the grid's own
        stands_for = (batch.log_grid - batch.log_prob).exp()
        self.grid_alone = False
        box = self._box_probability()[batch.box] * self.boxes
        stratified = maximum_weight(by_grid / box, overweight, box * stands_for)
        self.grid_alone = maximum_weight(by_grid, overweight, stands_for) < stratified

    def _box_probability(self) -> Tensor:
        if self.grid_alone:
            return torch.full_like(self.share, 1.0 / self.boxes)
        return (1.0 - _EVEN) * self.share + _EVEN / self.boxes

    def sample(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` independent points ``(n, d)``."""
        dart = torch.rand(n, generator=generator, dtype=torch.float64)
        cumulative = self._box_probability().cumsum(0)
        box = torch.searchsorted(cumulative, dart * cumulative[-1], right=True)
        return self.grid.forward(self._place(box.clamp(max=self.boxes - 1), generator))[0]

    def log_prob(self, x: Tensor) -> Tensor:
        """Logarithm of the density of :meth:`sample` ``(N,)`` at points ``(N, d)``."""
        y, log_grid = self.grid.inverse(x)
        box = torch.zeros(len(x), dtype=torch.int64)
        stride = 1
        for axis, count in enumerate(self.divisions.tolist()):
            box += stride * (y[:, axis] * count).long().clamp(0, count - 1)
            stride *= count
        return log_grid + (self._box_probability() * self.boxes).log()[box]

    def state(self) -> dict[str, Tensor]:
        """Everything that adapts, as tensors."""
        return {
            "edges": self.grid.edges,
            "share": self.share,
            "divisions": self.divisions,
            "floor": torch.tensor(self.floor, dtype=torch.float64),
            "grid_alone": torch.tensor(self.grid_alone),
            "cautious": torch.tensor(self.grid.cautious),
        }

    @classmethod
    def of_state(cls, state: dict[str, Tensor]) -> "StratifiedGrid":
        """Rebuild a saved one."""
        cautious = bool(state.get("cautious", False))
        made = cls(len(state["edges"]), points=1, cautious=cautious)
        made.grid.edges = state["edges"].clone()
        made.share = state["share"].clone()
        made.divisions = state["divisions"].clone()
        made.floor = float(state["floor"])
        made.grid_alone = bool(state["grid_alone"])
        return made
