"""Points that were paid for and can be trained on again."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mcsurrogate.integration.tempering import effective_sample_size, tempered_shares

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
    log_grid
        ``(N,)`` logarithm of the density of the channel's grid.
    prior, features
        ``(N, K)`` and ``(N, F)``, or None.
    """

    u: Tensor
    channel: Tensor
    weight: Tensor
    log_proposal: Tensor
    log_grid: Tensor
    prior: Tensor | None = None
    features: Tensor | None = None

    def __len__(self) -> int:
        return len(self.u)

    def take(self, index: Tensor) -> "PointBatch":
        """Pick the points of the given indices."""
        return PointBatch(
            self.u[index],
            self.channel[index],
            self.weight[index],
            self.log_proposal[index],
            self.log_grid[index],
            None if self.prior is None else self.prior[index],
            None if self.features is None else self.features[index],
        )

    @staticmethod
    def join(batches: list["PointBatch"]) -> "PointBatch":
        """Put the points of several batches into one."""

        def optional(parts: list[Tensor | None]) -> Tensor | None:
            tensors = [part for part in parts if part is not None]
            return torch.cat(tensors) if tensors else None

        return PointBatch(
            torch.cat([b.u for b in batches]),
            torch.cat([b.channel for b in batches]),
            torch.cat([b.weight for b in batches]),
            torch.cat([b.log_proposal for b in batches]),
            torch.cat([b.log_grid for b in batches]),
            optional([b.prior for b in batches]),
            optional([b.features for b in batches]),
        )


class ReplayBuffer:
    """Rounds of evaluated points, drawn again in proportion to what they contribute.

    Each round estimates the integral with its own proposal.  A round counts by its effective
    sample size, so that the points of a better sampler replace those of a worse one without
    being thrown away; within a round points are drawn by their (tempered) weight, so that every
    point of a training batch carries about the same gradient.  :attr:`log_measure` keeps the
    books: the mean over a draw of ``g * exp(log_measure)`` estimates the integral of g over the
    (tempered) distribution, whatever the sampler is now.

    Parameters
    ----------
    capacity
        Largest number of points; the oldest rounds go first.
    floor
        Effective sample size of a round below which its weights are tempered.
    uniform
        Part of every draw that ignores the weights: bounds the correction.
    holdout
        Every so manieth point is kept for validation.

    Attributes
    ----------
    effective
        Effective sample size of each round, untempered.
    """

    def __init__(
        self,
        capacity: int = 1_000_000,
        floor: float = 1000.0,
        uniform: float = 0.1,
        holdout: int = 10,
    ) -> None:
        self.capacity = capacity
        self.floor = floor
        self.uniform = uniform
        self.holdout = holdout
        self.rounds: list[PointBatch] = []
        self.counts: list[Tensor] = []
        self.effective: list[float] = []
        self._points: PointBatch | None = None
        self._tables: dict[bool, tuple[Tensor, Tensor, Tensor]] = {}

    def __len__(self) -> int:
        return sum(len(batch) for batch in self.rounds)

    def add(self, batch: PointBatch, channels: int) -> None:
        """Store a round; points of zero weight are counted but not kept."""
        keep = torch.nonzero(batch.weight != 0.0)[:, 0]
        self.rounds.append(batch.take(keep))
        self.counts.append(torch.bincount(batch.channel, minlength=channels).double())
        while len(self) > self.capacity and len(self.rounds) > 1:
            del self.rounds[0], self.counts[0]

    def set_grid(self, log_grids: list[Tensor]) -> None:
        """Replace the grid densities of all rounds, after the grids have moved."""
        self.rounds = [
            replace(batch, log_grid=log_grid)
            for batch, log_grid in zip(self.rounds, log_grids, strict=True)
        ]

    def prepare(self, channel_values: list[Tensor]) -> None:
        """Compute what decides on the draws.

        Parameters
        ----------
        channel_values
            For each round the integrand times the present channel weight ``(N,)``.
        """
        shares, effective = [], []
        for batch, counts, value in zip(self.rounds, self.counts, channel_values, strict=True):
            contribution = value.abs() * (-batch.log_proposal).exp() / counts[batch.channel]
            effective.append(effective_sample_size(contribution))
            shares.append(tempered_shares(contribution, self.floor)[0])
        self.effective = effective
        total = sum(effective)
        if total <= 0.0:
            self._points = None
            return
        target = torch.cat([s * (e / total) for s, e in zip(shares, effective, strict=True)])
        size = torch.cat(channel_values).abs().clamp(min=1e-300)
        self._points = PointBatch.join(self.rounds)
        order = torch.arange(len(target))
        held = order % self.holdout == 0
        for part, members in ((True, held), (False, ~held)):
            chosen = torch.nonzero(members)[:, 0]
            wanted = target[chosen] / target[chosen].sum()
            probability = (1.0 - self.uniform) * wanted + self.uniform / len(wanted)
            log_measure = (wanted / (probability * size[chosen])).clamp(min=1e-300).log()
            self._tables[part] = (chosen, probability.cumsum(0), log_measure)

    def state(self) -> list[dict[str, Tensor | None]]:
        """All rounds, for a checkpoint."""
        return [
            {
                "u": b.u,
                "channel": b.channel,
                "weight": b.weight,
                "log_proposal": b.log_proposal,
                "log_grid": b.log_grid,
                "prior": b.prior,
                "features": b.features,
                "counts": counts,
            }
            for b, counts in zip(self.rounds, self.counts, strict=True)
        ]

    def restore(self, state: list[dict[str, Tensor]]) -> None:
        """Take up a saved state."""
        self.counts = [entry["counts"] for entry in state]
        self.rounds = [
            PointBatch(**{key: value for key, value in entry.items() if key != "counts"})
            for entry in state
        ]

    @property
    def ready(self) -> bool:
        """Whether there is anything to train on."""
        return self._points is not None and len(self._points) >= 2 * self.holdout

    def draw(
        self, count: int, generator: torch.Generator, *, held_out: bool = False
    ) -> tuple[PointBatch, Tensor]:
        """Draw ``count`` points with replacement; returns them and their log-measure ``(N,)``."""
        assert self._points is not None
        chosen, cumulative, log_measure = self._tables[held_out]
        dart = torch.rand(count, generator=generator, dtype=torch.float64) * cumulative[-1]
        index = torch.searchsorted(cumulative, dart).clamp(max=len(chosen) - 1)
        return self._points.take(chosen[index]), log_measure[index]
