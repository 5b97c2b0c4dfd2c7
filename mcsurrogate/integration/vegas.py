"""VEGAS+: importance grid and adaptive stratification, for one channel."""

import torch
from torch import Tensor

from mcsurrogate.integration.grid import VegasGrid

__all__ = ["StratifiedGrid", "Strata"]


class Strata:
    """A partition of the unit hypercube into equal boxes with a number of points each.

    Parameters
    ----------
    dim
        Number of dimensions.
    points
        Number of points of an iteration: about 3/8 as many boxes.
    limit
        Largest number of boxes.

    References
    ----------
    arXiv:2009.05112, section III.
    """

    def __init__(self, dim: int, points: int, limit: int = 100_000) -> None:
        wanted = max(1.0, min(0.375 * points, float(limit)))
        base = max(1, int(wanted ** (1.0 / dim) + 1e-9))
        divisions = [base] * dim
        for axis in range(dim):
            raised = [*divisions]
            raised[axis] += 1
            if _product(raised) > wanted:
                break
            divisions = raised
        self.divisions = torch.tensor(divisions)
        self.boxes = _product(divisions)
        self.share = torch.full((self.boxes,), 1.0 / self.boxes, dtype=torch.float64)

    def allocate(self, points: int) -> Tensor:
        """Number of points of each box ``(H,)``: two, and the rest by share."""
        rest = max(0, points - 2 * self.boxes)
        edges = torch.cat((torch.zeros(1, dtype=torch.float64), self.share.cumsum(0))) * rest
        return edges.round().diff().long() + 2

    def draw(self, box: Tensor, generator: torch.Generator) -> Tensor:
        """Uniform points ``(N, d)`` in the given boxes ``(N,)``."""
        digits = []
        rest = box
        for count in self.divisions.tolist():
            digits.append(rest % count)
            rest = rest // count
        corner = torch.stack(digits, 1).to(torch.float64)
        offset = torch.rand(len(box), len(self.divisions), generator=generator, dtype=torch.float64)
        return ((corner + offset) / self.divisions).clamp(0.0, 1.0 - 2.0**-53)

    def adapt(self, deviation: Tensor, beta: float = 0.75) -> None:
        """Allocate by the standard deviation of the weights in each box (eq. 37)."""
        strength = deviation**beta
        total = float(strength.sum())
        if total > 0.0:
            self.share = strength / total


def _product(values: list[int]) -> int:
    result = 1
    for value in values:
        result *= value
    return result


class StratifiedGrid:
    """One channel's VEGAS+ integrator.

    Parameters
    ----------
    dim
        Number of dimensions.
    points
        Points of a typical iteration; decides on the number of boxes.
    bins
        Bins of the importance grid.
    damping
        Damping exponent of the grid.
    """

    def __init__(self, dim: int, points: int, bins: int = 128, damping: float = 0.5) -> None:
        self.grid = VegasGrid(dim, bins)
        self.strata = Strata(dim, points)
        self.damping = damping

    def draw(self, points: int, generator: torch.Generator) -> "StratifiedBatch":
        """Draw about ``points`` points, never fewer than two a box."""
        counts = self.strata.allocate(points)
        box = torch.repeat_interleave(torch.arange(len(counts)), counts)
        y = self.strata.draw(box, generator)
        x, log_grid = self.grid.forward(y)
        # density of the whole stratified sample, normalised to one
        log_prob = log_grid + (counts.to(torch.float64) * len(counts) / len(box)).log()[box]
        return StratifiedBatch(x, y, box, counts, log_grid, log_prob)

    def adapt(self, batch: "StratifiedBatch", weight: Tensor) -> None:
        """Adapt grid and strata to the integrand values ``(N,)`` of a batch."""
        scaled = weight * (-batch.log_grid).exp()
        self.strata.adapt(batch.deviation(scaled))
        # points in y are not uniform but denser where boxes have more of them
        square = scaled.square() * (batch.log_grid - batch.log_prob).exp()
        if self.damping > 0.0:
            self.grid.adapt(batch.y, square, self.damping)


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

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        box: Tensor,
        counts: Tensor,
        log_grid: Tensor,
        log_prob: Tensor,
    ) -> None:
        self.x, self.y, self.box, self.counts = x, y, box, counts
        self.log_grid, self.log_prob = log_grid, log_prob

    def _moments(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        boxes = len(self.counts)
        mean = torch.bincount(self.box, weights=scaled, minlength=boxes) / self.counts
        residual = (scaled - mean[self.box]).square()
        variance = torch.bincount(self.box, weights=residual, minlength=boxes)
        return mean, variance / (self.counts - 1)

    def deviation(self, scaled: Tensor) -> Tensor:
        """Standard deviation of f / grid density in each box ``(H,)``."""
        return self._moments(scaled)[1].sqrt()

    def estimate(self, weight: Tensor) -> tuple[float, float]:
        """Integral and variance of its estimate from values ``(N,)`` (eqs. 29, 30)."""
        mean, variance = self._moments(weight * (-self.log_grid).exp())
        boxes = len(self.counts)
        return float(mean.sum() / boxes), float((variance / self.counts).sum() / boxes**2)
