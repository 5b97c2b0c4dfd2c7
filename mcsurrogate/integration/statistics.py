# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments of weights by channel."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["ChannelMoments", "allocate", "negligible"]


@dataclass(slots=True)
class ChannelMoments:
    """Counts, sums and sums of squares of weights, by channel.

    Attributes
    ----------
    counts, first, second
        ``(K,)`` float64.
    """

    counts: Tensor
    first: Tensor
    second: Tensor

    @classmethod
    def zeros(cls, channels: int) -> "ChannelMoments":
        """No points yet."""
        return cls(*(torch.zeros(channels, dtype=torch.float64) for _ in range(3)))

    @classmethod
    def of(cls, weight: Tensor, channel: Tensor, channels: int) -> "ChannelMoments":
        """Moments of weights ``(N,)`` in the channels ``(N,)``."""
        return cls(
            torch.bincount(channel, minlength=channels).to(torch.float64),
            torch.bincount(channel, weights=weight, minlength=channels),
            torch.bincount(channel, weights=weight.square(), minlength=channels),
        )

    def set_estimate(self, channel: int, points: int, value: float, variance: float) -> None:
        """Set what ``points`` points of a channel have whose mean has this value and variance."""
        self.counts[channel] = points
        self.first[channel] = points * value
        self.second[channel] = points * ((points - 1) * variance + value**2)

    def add(self, other: "ChannelMoments") -> None:
        """Add the points of another sample."""
        self.counts = self.counts + other.counts
        self.first = self.first + other.first
        self.second = self.second + other.second

    def scaled(self, factor: float) -> "ChannelMoments":
        """Moments of the weights times a factor."""
        return ChannelMoments(self.counts, factor * self.first, factor**2 * self.second)

    def state(self) -> tuple[Tensor, Tensor, Tensor]:
        """Everything, for a checkpoint."""
        return self.counts, self.first, self.second

    @property
    def means(self) -> Tensor:
        """Mean weight of each channel, zero without points."""
        return self.first / self.counts.clamp(min=1.0)

    @property
    def variances(self) -> Tensor:
        """Unbiased variance of the weights of each channel."""
        spread = self.second - self.counts * self.means.square()
        return spread.clamp(min=0.0) / (self.counts - 1.0).clamp(min=1.0)

    @property
    def value(self) -> float:
        """Sum of the means: the integral."""
        return float(self.means.sum())

    @property
    def variance(self) -> float:
        """Variance of :attr:`value`."""
        return float((self.variances / self.counts.clamp(min=1.0)).sum())


def negligible(rounds: Sequence[ChannelMoments], limit: float) -> Tensor:
    """Channels ``(K,)`` (bool) that together hold less than a part of the integral.

    A channel counts by the most that it may hold: two standard deviations above its mean.  None is
    where no point of any has told anything.

    Parameters
    ----------
    rounds
        Moments of several samples.
    limit
        The part.
    """
    zero = torch.zeros_like(rounds[0].counts)
    means = sum((m.means.abs() for m in rounds), zero)
    spread = sum((m.variances / m.counts.clamp(min=1.0) for m in rounds), zero)
    upper = (means + 2.0 * (len(rounds) * spread).sqrt()) / means.sum().clamp(min=1e-300)
    order = torch.argsort(upper)
    small = torch.zeros(len(means), dtype=torch.bool)
    if not bool(upper.any()):
        return small
    small[order[upper[order].cumsum(0) < limit]] = True
    return small


def allocate(points: int, share: Tensor, floor: float, active: Tensor) -> Tensor:
    """Distribute points over channels.

    Parameters
    ----------
    points
        Number of points.
    share
        ``(K,)`` non-negative wish, such as the standard deviations of the weights (Neyman).
    floor
        Part of the points that goes to the active channels in equal numbers.
    active
        ``(K,)`` bool; other channels get none.

    Returns
    -------
    Tensor
        ``(K,)`` int64; at least two in every active channel.
    """
    wish = torch.where(active, share.to(torch.float64).clamp(min=0.0), 0.0)
    even = active.to(torch.float64) / active.sum()
    total = float(wish.sum())
    mixed = even if total <= 0.0 else (1.0 - floor) * wish / total + floor * even
    edges = torch.cat((torch.zeros(1, dtype=torch.float64), mixed.cumsum(0))) * points
    counts = edges.round().diff().long()
    return torch.where(active, counts.clamp(min=2), 0)
