"""Points that were paid for and can be trained on again."""

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

__all__ = ["PointBatch", "ReplayBuffer"]


@dataclass(frozen=True, slots=True)
class PointBatch:
    """Evaluated points.

    Attributes
    ----------
    u
        ``(N, d)`` float64.
    channel
        ``(N,)`` int64.
    weight
        ``(N,)`` integrand without channel weight.
    log_proposal
        ``(N,)`` logarithm of the density that drew the point, within its channel.
    log_defence
        ``(N,)`` logarithm of the density of the defensive parts.
    prior, features
        ``(N, K)`` and ``(N, F)``, or None.
    """

    u: Tensor
    channel: Tensor
    weight: Tensor
    log_proposal: Tensor
    log_defence: Tensor
    prior: Tensor | None = None
    features: Tensor | None = None

    def __len__(self) -> int:
        return len(self.u)

    def take(self, index: Tensor) -> "PointBatch":
        """The points of the given indices."""
        parts = [getattr(self, f.name) for f in fields(self)]
        return PointBatch(*(None if part is None else part[index] for part in parts))

    @staticmethod
    def join(batches: list["PointBatch"]) -> "PointBatch":
        """All points of several batches."""
        columns = []
        for f in fields(PointBatch):
            parts = [getattr(batch, f.name) for batch in batches]
            columns.append(None if parts[0] is None else torch.cat(parts))
        return PointBatch(*columns)


class ReplayBuffer:
    """A bounded store of evaluated points, drawn again by their importance.

    Points keep the density that drew them, so that any loss stays an unbiased estimate however
    often the sampler has changed since.  Points of zero weight carry no gradient and are not
    stored: the density of the others is raised by the fraction that was kept.

    Parameters
    ----------
    capacity
        Largest number of points; the oldest go first.
    uniform
        Part of every draw that ignores the weights.
    """

    def __init__(self, capacity: int, uniform: float = 0.3) -> None:
        self.capacity = capacity
        self.uniform = uniform
        self.points: PointBatch | None = None
        self._cumulative: Tensor | None = None
        self._log_boost: Tensor | None = None

    def __len__(self) -> int:
        return 0 if self.points is None else len(self.points)

    def add(self, batch: PointBatch, channels: int) -> None:
        """Store the points of non-zero weight, dropping the oldest above the capacity."""
        keep = batch.weight != 0.0
        drawn = torch.bincount(batch.channel, minlength=channels)
        kept = torch.bincount(batch.channel[keep], minlength=channels)
        fraction = (kept / drawn.clamp(min=1)).clamp(min=1e-300).log()
        fresh = batch.take(torch.nonzero(keep)[:, 0])
        fresh = replace(fresh, log_proposal=fresh.log_proposal - fraction[fresh.channel])
        joined = fresh if self.points is None else PointBatch.join([self.points, fresh])
        if len(joined) > self.capacity:
            joined = joined.take(torch.arange(len(joined) - self.capacity, len(joined)))
        self.points = joined
        self._prepare(channels)

    def _prepare(self, channels: int) -> None:
        """Probability of every stored point in a draw."""
        points = self.points
        if points is None or len(points) == 0:
            return
        size = points.weight.abs() * (-points.log_proposal).exp()
        if points.prior is not None:
            size = size * points.prior.gather(1, points.channel[:, None])[:, 0]
        counts = torch.bincount(points.channel, minlength=channels).to(torch.float64)
        # one heavy point must not fill a batch
        share = size / counts[points.channel]
        share = share.clamp(max=float(share.sum()) * 1e-3)
        total = share.sum()
        probability = torch.full_like(share, 1.0 / len(share))
        if float(total) > 0.0:
            probability = self.uniform * probability + (1.0 - self.uniform) * share / total
        by_channel = torch.bincount(points.channel, weights=probability, minlength=channels)
        self._log_boost = (
            probability * (counts / by_channel.clamp(min=1e-300))[points.channel]
        ).log()
        self._cumulative = probability.cumsum(0)

    def draw(self, count: int, generator: torch.Generator) -> PointBatch:
        """Draw ``count`` points with replacement, their densities corrected for the choice."""
        assert self.points is not None
        assert self._cumulative is not None
        assert self._log_boost is not None
        dart = torch.rand(count, generator=generator, dtype=torch.float64) * self._cumulative[-1]
        index = torch.searchsorted(self._cumulative, dart).clamp(max=len(self.points) - 1)
        batch = self.points.take(index)
        return replace(batch, log_proposal=batch.log_proposal + self._log_boost[index])
