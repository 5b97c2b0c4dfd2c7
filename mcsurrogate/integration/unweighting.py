# SPDX-License-Identifier: GPL-3.0-or-later
"""From weighted points to events of unit weight."""

import math
from collections.abc import Generator, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError
from mcsurrogate.executors import map_chunks
from mcsurrogate.integration.maximum import (
    OVERWEIGHT_FRACTION,
    kept_fraction,
    maximum_weight,
    partial_scale,
)
from mcsurrogate.integration.sampler import Sampler, WeightedPoints
from mcsurrogate.integration.unit import fitting_unit

__all__ = [
    "UnweightingEfficiency",
    "UnweightingRecord",
    "unweight",
    "unweighting_efficiency",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnweightingEfficiency:
    """Part of the proposed points that become events.

    Attributes
    ----------
    value, error
        Efficiency and its standard deviation.
    overweight
        Part of the integral above the maximum weights.
    maximum
        ``(K,)`` maximum weight of each channel.
    effective
        Effective sample size of the events over their number.
    """

    value: float
    error: float
    overweight: float
    maximum: Tensor
    effective: float = 1.0


def _efficiency(
    weights: list[Tensor], overweight: float, effective: float
) -> tuple[float, Tensor, float, float]:
    """Efficiency, maxima, overweight and effective fraction; channels drawn by their maxima."""
    maxima = torch.tensor([maximum_weight(w, overweight) for w in weights], dtype=torch.float64)
    total = float(maxima.sum())
    if total <= 0.0:
        return 0.0, maxima, overweight, 1.0
    present = [(w, float(m)) for w, m in zip(weights, maxima, strict=True) if m > 0.0]
    ratio = torch.cat([w.double() / m for w, m in present])
    share = torch.cat([torch.full_like(w, m / (total * len(w))).double() for w, m in present])
    scale = partial_scale(ratio, share, effective)
    kept, size, above = kept_fraction(ratio, share, scale)
    return kept, maxima * scale, above, size


def unweighting_efficiency(
    weight: Tensor,
    channel: Tensor,
    channels: int,
    generator: torch.Generator,
    overweight: float = OVERWEIGHT_FRACTION,
    effective: float = 1.0,
    replicas: int = 20,
) -> UnweightingEfficiency:
    """Efficiency with every channel unweighted against its own maximum.

    Channels are drawn in proportion to their maxima, so that the efficiency is the integral over
    the sum of the maxima.  The error is that of bootstrap replicas.

    Parameters
    ----------
    weight, channel
        ``(N,)`` weights within their channels, and the channels.
    channels
        Number of channels.
    generator
        Source of the replicas.
    overweight
        See :func:`maximum_weight`; every channel keeps to it.
    effective
        Effective sample size over the number of events that is enough; see
        :func:`partial_scale`.
    replicas
        Number of bootstrap replicas.
    """
    by_channel = [weight[channel == k] for k in range(channels)]
    by_channel = [w if len(w) else weight.new_zeros(1) for w in by_channel]
    value, maximum, above, size = _efficiency(by_channel, overweight, effective)
    draws = []
    for _ in range(replicas):
        resampled = [w[torch.randint(len(w), (len(w),), generator=generator)] for w in by_channel]
        draws.append(_efficiency(resampled, overweight, effective)[0])
    error = float(torch.tensor(draws).std()) if replicas > 1 else math.nan
    return UnweightingEfficiency(
        value=value, error=error, overweight=above, maximum=maximum, effective=size
    )


@dataclass(slots=True)
class UnweightingRecord:
    """What happened during unweighting.

    Attributes
    ----------
    proposed, accepted
        Points drawn and events kept.
    overweight
        Events whose weight exceeds one in size.
    excess
        Sum of what their weights carry beyond one, in units of events.
    largest
        Largest ratio of weight to maximum.
    sum_weight, sum_square
        Sums of all proposed weights and of their squares; weights of :meth:`Sampler.sample` in
        units of ``unit``.
    event_weight, event_square
        Sums of the weights of the events and of their squares, in units of one event.
    unit
        One, but for weights whose squares are beyond double precision.
    """

    proposed: int = 0
    accepted: int = 0
    overweight: int = 0
    excess: float = 0.0
    largest: float = 0.0
    sum_weight: float = 0.0
    sum_square: float = 0.0
    event_weight: float = 0.0
    event_square: float = 0.0
    unit: float = 1.0

    @property
    def effective(self) -> float:
        """Effective sample size (sum w)^2 / sum w^2 of the events."""
        return self.event_weight**2 / max(self.event_square, 1e-300)

    @property
    def efficiency(self) -> float:
        """Accepted over proposed."""
        return self.accepted / max(1, self.proposed)

    @property
    def value(self) -> float:
        """Integral from the proposed points."""
        return self.unit * self._mean

    @property
    def error(self) -> float:
        """Standard deviation of :attr:`value`."""
        n = max(2, self.proposed)
        return self.unit * math.sqrt(max(0.0, self.sum_square / n - self._mean**2) / (n - 1))

    @property
    def _mean(self) -> float:
        return self.sum_weight / max(1, self.proposed)


class _Proposed(NamedTuple):
    """A batch of proposals: all weights ``(N,)``, and which of them became events."""

    weight: Tensor
    chosen: Tensor
    u: Tensor
    channel: Tensor


@dataclass(frozen=True, slots=True)
class _Proposals:
    """Proposes and accepts a batch, from the state that the generator has before it."""

    sampler: Sampler
    total: Tensor
    batch: int

    def __call__(self, state: Tensor) -> _Proposed:
        generator = torch.Generator()
        generator.set_state(state)
        points = self.sampler.sample(self.batch, generator)
        dart = torch.rand(self.batch, generator=generator, dtype=torch.float64)
        chosen = torch.nonzero((points.weight / self.total).abs() > dart)[:, 0]
        return _Proposed(points.weight, chosen, points.u[chosen], points.channel[chosen])

    def states(self, seed: int) -> Iterator[Tensor]:
        """Yield the states of the generator before batches that follow each other."""
        generator = torch.Generator().manual_seed(seed)
        while True:
            yield generator.get_state()
            self.sampler.skip(self.batch, generator)
            torch.rand(self.batch, generator=generator, dtype=torch.float64)


def unweight(
    sampler: Sampler,
    events: int,
    *,
    seed: int,
    batch: int = 16384,
    record: UnweightingRecord | None = None,
    executor: Executor | None = None,
) -> Generator[WeightedPoints, None, UnweightingRecord]:
    """Stream events.

    Every event has weight +1 or -1, except overweight ones, that keep the ratio of their weight
    to the maximum: the sample is unbiased.  Memory does not grow with ``events``.

    Parameters
    ----------
    sampler
        A sampler with maximum weights, as :func:`mcsurrogate.integration.integrate` returns.
    events
        Number of events wanted.
    seed
        Decides on every event.
    batch
        Points drawn at a time; another value gives other events.
    record
        Filled while events are made; a new one if None.
    executor
        Where batches are drawn, mapped and evaluated; here if None.  Events do not depend on it.

    Yields
    ------
    WeightedPoints
        Accepted points, channels and weights in units of one event.

    Returns
    -------
    UnweightingRecord
        The bookkeeping (value of ``yield from``).

    Raises
    ------
    IntegrationError
        Where maximum weights are missing or nothing is ever accepted.
    """
    if sampler.maximum is None or float(sampler.maximum.sum()) <= 0.0:
        raise IntegrationError("the sampler has no maximum weights: integrate first")
    book = UnweightingRecord() if record is None else record
    # channels are drawn by their maxima, so every weight is compared with the sum of them
    total = sampler.maximum.sum()
    book.unit = fitting_unit(float(total))
    streaming = Sampler(
        sampler.integrand, sampler.mixture, sampler.channel_weights, sampler.maximum
    )
    proposals = _Proposals(streaming, total, batch)
    batches = map_chunks(executor, proposals, proposals.states(seed), name="batch of points")
    made = 0
    while made < events:
        _, (weight, chosen, u, channel) = next(batches)
        ratio = weight / total
        if made + len(chosen) > events:
            chosen = chosen[: events - made]
            u, channel = u[: events - made], channel[: events - made]
            # points after the last event were not needed: do not count them
            last = int(chosen[-1]) + 1
            weight, ratio = weight[:last], ratio[:last]
        size = ratio[chosen].abs()
        book.proposed += len(weight)
        book.accepted += len(chosen)
        book.overweight += int((size > 1.0).sum())
        book.excess += float((size - 1.0).clamp(min=0.0).sum())
        book.largest = max(book.largest, float(ratio.abs().amax()))
        weight = weight / book.unit
        book.sum_weight += float(weight.sum())
        book.sum_square += float(weight.square().sum())
        event = ratio[chosen].sign() * size.clamp(min=1.0)
        book.event_weight += float(event.sum())
        book.event_square += float(event.square().sum())
        made += len(chosen)
        if book.proposed > 1_000_000 and book.accepted == 0:
            raise IntegrationError(
                f"no event accepted from {book.proposed} points: the maximum weight is far "
                "above the typical one; integrate longer or allow more overweight"
            )
        yield WeightedPoints(u, channel, event)
    batches.close()
    return book
