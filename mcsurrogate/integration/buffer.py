# SPDX-License-Identifier: GPL-3.0-or-later
"""Points that were paid for and can be trained on again."""

from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.integration.integrand import IntegrandValue, join_present
from mcsurrogate.integration.tempering import effective_sample_size, tempered_shares

__all__ = ["PointBatch", "ReplayBuffer"]

_CAPACITY = 1_000_000
"""Largest number of points; the oldest rounds go first."""
_UNIFORM = 0.1
"""Part of every draw that ignores the weights: bounds the correction."""
_HOLDOUT = 10
"""Every so manieth point is kept for validation."""


@dataclass(frozen=True, slots=True, kw_only=True)
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

    @classmethod
    def of(
        cls,
        u: Tensor,
        channel: Tensor,
        value: IntegrandValue,
        log_proposal: Tensor,
        log_grid: Tensor,
    ) -> "PointBatch":
        """Points with what the integrand returned there."""
        return cls(
            u=u,
            channel=channel,
            weight=value.weight,
            log_proposal=log_proposal,
            log_grid=log_grid,
            prior=value.prior,
            features=value.features,
        )

    @property
    def value(self) -> IntegrandValue:
        """What the integrand returned."""
        return IntegrandValue(self.weight, self.prior, self.features)

    def to(self, device: torch.device) -> "PointBatch":
        """Lay the points on a device."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        moved: dict[str, Any] = {
            name: part.to(device) for name, part in parts.items() if part is not None
        }
        return replace(self, **moved)

    def take(self, index: Tensor) -> "PointBatch":
        """Pick the points of the given indices."""
        return PointBatch(
            u=self.u[index],
            channel=self.channel[index],
            weight=self.weight[index],
            log_proposal=self.log_proposal[index],
            log_grid=self.log_grid[index],
            prior=None if self.prior is None else self.prior[index],
            features=None if self.features is None else self.features[index],
        )

    @staticmethod
    def join(batches: list["PointBatch"]) -> "PointBatch":
        """Put the points of several batches into one."""
        return PointBatch(
            u=torch.cat([b.u for b in batches]),
            channel=torch.cat([b.channel for b in batches]),
            weight=torch.cat([b.weight for b in batches]),
            log_proposal=torch.cat([b.log_proposal for b in batches]),
            log_grid=torch.cat([b.log_grid for b in batches]),
            prior=join_present([b.prior for b in batches]),
            features=join_present([b.features for b in batches]),
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
    floor
        Effective sample size of a round below which its weights are tempered.

    Attributes
    ----------
    effective
        Effective sample size of each round, untempered.
    """

    def __init__(self, floor: float = 1000.0) -> None:
        self.floor = floor
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
        while len(self) > _CAPACITY and len(self.rounds) > 1:
            del self.rounds[0], self.counts[0]

    def rescale(self, factor: float) -> None:
        """Multiply all weights; points whose weight is lost go."""
        scaled = [replace(batch, weight=factor * batch.weight) for batch in self.rounds]
        self.rounds = [batch.take(torch.nonzero(batch.weight)[:, 0]) for batch in scaled]

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
        held = order % _HOLDOUT == 0
        for part, members in ((True, held), (False, ~held)):
            chosen = torch.nonzero(members)[:, 0]
            wanted = target[chosen] / target[chosen].sum()
            probability = (1.0 - _UNIFORM) * wanted + _UNIFORM / len(wanted)
            log_measure = (wanted / (probability * size[chosen])).clamp(min=1e-300).log()
            self._tables[part] = (chosen, probability.cumsum(0), log_measure)

    def state(self) -> list[dict[str, Tensor | None]]:
        """All rounds, for a checkpoint."""
        return [
            {"counts": counts} | {part.name: getattr(batch, part.name) for part in fields(batch)}
            for batch, counts in zip(self.rounds, self.counts, strict=True)
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
        return self._points is not None and len(self._points) >= 2 * _HOLDOUT

    def draw(
        self, count: int, generator: torch.Generator, *, held_out: bool = False
    ) -> tuple[PointBatch, Tensor]:
        """Draw ``count`` points with replacement; returns them and their log-measure ``(N,)``."""
        assert self._points is not None
        chosen, cumulative, log_measure = self._tables[held_out]
        dart = torch.rand(count, generator=generator, dtype=torch.float64) * cumulative[-1]
        index = torch.searchsorted(cumulative, dart).clamp(max=len(chosen) - 1)
        return self._points.take(chosen[index]), log_measure[index]
