# SPDX-License-Identifier: GPL-3.0-or-later
"""Weighted histograms whose bins know how they vary together from event to event.

Particles of one event are not independent: a jet spectrum has several entries an event, and a
chi^2 that treats every entry as independent is wrong.  The event is the independent unit here.
For event i with weight w_i and bin contents n_i, the accumulators keep sum w, sum w^2,
sum w n, sum w^2 n and sum w^2 n n^T; from these follow the mean bin contents per event and
their full covariance, for any weights and any number of entries an event.
Memory depends on the number of bins, never on the number of events.
"""

from dataclasses import dataclass, field
from typing import Any

import hist
import numpy as np
from numpy.typing import NDArray

__all__ = ["BLOCKS", "EventSums", "Values", "contents", "moved_blocks"]

FloatArray = NDArray[np.float64]

BLOCKS = 256
"""Events are dealt to this many blocks; their scatter gives joint null distributions."""


@dataclass(frozen=True, slots=True)
class Values:
    """Values of an observable in a chunk of N events.

    Attributes
    ----------
    values
        ``(M,)`` values; NaN means "no entry".
    event
        ``(M,)`` event of each value, or None for one value an event (M = N).
    entry_weights
        ``(M,)`` weights of the entries besides the event's weight, or None.
    """

    values: FloatArray
    event: NDArray[np.int64] | None = None
    entry_weights: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class _Entries:
    """Entries of an observable with their bins and events."""

    bins: NDArray[np.int64]
    event: NDArray[np.int64]
    value: FloatArray
    weights: FloatArray | None

    @classmethod
    def of(cls, values: Values, edges: FloatArray) -> "_Entries":
        entry = values.values
        event = np.arange(len(entry)) if values.event is None else values.event
        keep = ~np.isnan(entry)
        # the last edge belongs to the last bin, as in numpy.histogram
        bins = np.searchsorted(edges, entry[keep], side="right")
        bins[entry[keep] == edges[-1]] = len(edges) - 1
        weights = None if values.entry_weights is None else values.entry_weights[keep]
        return cls(bins, event[keep], entry[keep], weights)

    def contents(self, n_events: int, n_bins: int) -> FloatArray:
        """Bin contents of each event, ``(N, B + 2)``."""
        counts = np.bincount(
            self.event * n_bins + self.bins, weights=self.weights, minlength=n_events * n_bins
        )
        return counts.reshape(n_events, n_bins).astype(np.float64, copy=False)

    def moments(self, weights: FloatArray, n_bins: int) -> FloatArray:
        """Return sums of w x and w x^2, and numbers of entries, ``(3, B + 2)``, finite x alone."""
        entry = weights[self.event]
        if self.weights is not None:
            entry = entry * self.weights
        x = np.where(np.isfinite(self.value), self.value, 0.0)
        first, second = (np.bincount(self.bins, entry * y, minlength=n_bins) for y in (x, x * x))
        return np.stack((first, second, np.bincount(self.bins, minlength=n_bins)))


def moved_blocks(content: FloatArray, first_event: int) -> FloatArray:
    """Contents of blocks, ``(BLOCKS, ...)``, of events that others come before."""
    return np.roll(content, first_event % BLOCKS, axis=0)


def contents(values: Values, edges: FloatArray, n_events: int) -> FloatArray:
    """Bin contents of each event, ``(N, B + 2)``, without the weights of the events.

    Parameters
    ----------
    values
        The observable in N events.
    edges
        ``(B + 1,)`` bin edges.
    n_events
        Number of events.
    """
    return _Entries.of(values, edges).contents(n_events, len(edges) + 1)


@dataclass
class EventSums:
    """Sums over events of the bin contents of one observable in one sample.

    Bins 0 and B + 1 are underflow and overflow.

    Attributes
    ----------
    edges
        ``(B + 1,)`` bin edges.
    weight, weight2
        Sums of event weights and of their squares.
    content, content_w2
        ``(B + 2,)`` sums of w n and of w^2 n.
    product
        ``(B + 2, B + 2)`` sum of w^2 n n^T.
    block_content, block_weight
        ``(BLOCKS, B + 2)`` and ``(BLOCKS,)``: sums of w n and w over the events of a block.
    hits, hit_weight, hit_weight2
        ``(B + 2,)`` events with an entry in a bin: their number, sums of their weights and of
        the squares.
    moments
        ``(3, B + 2)`` sums over the entries of w x and w x^2, and their numbers.
    entries
        Number of entries, unweighted.
    negative
        Number of events with a negative weight.
    signed
        Whether entries have weights of both signs, as particles and antiparticles: then a mean of
        zero says nothing of how many there are.
    """

    edges: FloatArray
    weight: float = 0.0
    weight2: float = 0.0
    events: int = 0
    entries: int = 0
    negative: int = 0
    signed: bool = False
    content: FloatArray = field(init=False)
    content_w2: FloatArray = field(init=False)
    product: FloatArray = field(init=False)
    block_content: FloatArray = field(init=False)
    block_weight: FloatArray = field(init=False)
    moments: FloatArray = field(init=False)
    hits: NDArray[np.int64] = field(init=False)
    hit_weight: FloatArray = field(init=False)
    hit_weight2: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.edges) + 1
        self.content = np.zeros(n)
        self.content_w2 = np.zeros(n)
        self.product = np.zeros((n, n))
        self.block_content = np.zeros((BLOCKS, n))
        self.block_weight = np.zeros(BLOCKS)
        self.moments = np.zeros((3, n))
        self.hits = np.zeros(n, dtype=np.int64)
        self.hit_weight, self.hit_weight2 = np.zeros((2, n))

    def fill(
        self,
        values: Values,
        weights: FloatArray,
        first_event: int,
        scatter: FloatArray | None = None,
    ) -> None:
        """Add a chunk.

        Parameters
        ----------
        values
            The observable in N events.
        weights
            ``(N,)`` event weights.
        first_event
            Number of events of the sample before the chunk; decides the blocks.
        scatter
            ``(N,)`` weights whose squares tell how the sums of the weights scatter, where those
            are not independent of each other: of resampled events, the weights before.
        """
        if scatter is None:
            scatter = weights
        n_events, n_bins = len(weights), len(self.edges) + 1
        entries = _Entries.of(values, self.edges)
        counts = entries.contents(n_events, n_bins)
        self.moments += entries.moments(weights, n_bins)
        weighted, spread = counts * weights[:, None], counts * scatter[:, None]
        # event i of the sample belongs to block i mod BLOCKS: pad to whole rounds and sum them
        start = first_event % BLOCKS
        rounds = -(-(start + n_events) // BLOCKS)
        padded = np.zeros((rounds * BLOCKS, n_bins + 1))
        padded[start : start + n_events, :n_bins] = spread
        padded[start : start + n_events, n_bins] = scatter
        blocks = padded.reshape(rounds, BLOCKS, n_bins + 1).sum(axis=0)
        self.events += n_events
        self.entries += len(entries.bins)
        self.signed |= entries.weights is not None and bool((entries.weights < 0.0).any())
        self.weight += float(weights.sum())
        self.weight2 += float((scatter**2).sum())
        self.content += weighted.sum(axis=0)
        self.content_w2 += scatter @ spread
        self.product += spread.T @ spread
        self.block_content += blocks[:, :n_bins]
        self.block_weight += blocks[:, n_bins]
        hit = counts != 0.0
        self.negative += int((weights < 0.0).sum())
        self.hits += hit.sum(axis=0)
        self.hit_weight += weights @ hit
        self.hit_weight2 += scatter**2 @ hit

    def merge(self, other: "EventSums", first_event: int) -> None:
        """Add the sums of the events that follow, which were filled as if they were the first.

        Parameters
        ----------
        other
            Sums over the same edges.
        first_event
            Number of events of the sample before them.
        """
        self.events += other.events
        self.entries += other.entries
        self.signed |= other.signed
        self.negative += other.negative
        self.weight += other.weight
        self.weight2 += other.weight2
        for name in ("content", "content_w2", "product", "moments", "hits", "hit_weight",
                     "hit_weight2"):  # fmt: skip
            own = getattr(self, name)
            own += getattr(other, name)
        self.block_content += moved_blocks(other.block_content, first_event)
        self.block_weight += moved_blocks(other.block_weight, first_event)

    def histogram(self, name: str, label: str) -> "hist.Hist[Any]":
        """Mean contents per event with their variances, as a `hist` histogram.

        The variances are the diagonal of the covariance of the means; underflow and overflow
        are kept.
        """
        histogram = hist.Hist(
            hist.axis.Variable(self.edges, name=name, label=label), storage=hist.storage.Weight()
        )
        view = histogram.view(flow=True)
        view["value"] = self.mean
        view["variance"] = np.diag(self.covariance(self.mean))
        return histogram

    @property
    def size(self) -> FloatArray:
        """``(B + 2,)`` what deviations of the contents are relative to.

        The mean contents, or the share of the events with an entry where entries have signs.
        """
        return self.hit_weight / self.weight if self.signed else self.mean

    @property
    def errors(self) -> FloatArray:
        """``(B + 2,)`` standard deviations of the mean bin contents."""
        errors: FloatArray = np.sqrt(np.maximum(np.diag(self.covariance(self.mean)), 0.0))
        return errors

    @property
    def mean(self) -> FloatArray:
        """``(B + 2,)`` mean bin contents per event."""
        mean: FloatArray = self.content / self.weight
        return mean

    @property
    def effective_events(self) -> float:
        """(sum w)^2 / sum w^2, the number of unit-weight events of equal statistical power."""
        return self.weight**2 / self.weight2

    @property
    def effective_contributors(self) -> float:
        """Effective number of events with entries: (sum w n)^2 / sum (w n)^2, n all of an event."""
        squares = float(self.product.sum())
        return float(self.content.sum()) ** 2 / squares if squares > 0.0 else 0.0

    def covariance(self, mean: FloatArray) -> FloatArray:
        """Covariance of the mean bin contents, ``(B + 2, B + 2)``.

        Parameters
        ----------
        mean
            The mean that residuals are taken from: the sample's own, or under the null
            hypothesis the common one.
        """
        cross = np.outer(self.content_w2, mean)
        total = self.product - cross - cross.T + self.weight2 * np.outer(mean, mean)
        covariance: FloatArray = total / self.weight**2
        return covariance

    def shape_covariance(self, shape: FloatArray) -> FloatArray:
        """Covariance of the bin contents normalised to their sum, around a common shape."""
        row = self.product.sum(axis=1)
        cross = np.outer(row, shape)
        total = self.product - cross - cross.T + row.sum() * np.outer(shape, shape)
        covariance: FloatArray = total / self.content.sum() ** 2
        return covariance

    def block_residuals(self, mean: FloatArray) -> FloatArray:
        """``(BLOCKS, B + 2)`` deviations of the blocks, whose sum is mean contents - mean."""
        return (self.block_content - np.outer(self.block_weight, mean)) / self.weight

    def merged(self, groups: NDArray[np.int64], n_groups: int) -> "EventSums":
        """Return the same sums with bins merged; which events hit a merged bin is not known.

        Parameters
        ----------
        groups
            ``(B + 2,)`` group of each bin.
        n_groups
            Number of groups.
        """
        matrix = np.zeros((n_groups, len(groups)))
        matrix[groups, np.arange(len(groups))] = 1.0
        out = EventSums(np.zeros(max(n_groups - 1, 0)))
        out.weight, out.weight2 = self.weight, self.weight2
        out.events, out.entries, out.signed = self.events, self.entries, self.signed
        out.content, out.content_w2 = matrix @ self.content, matrix @ self.content_w2
        out.product = matrix @ self.product @ matrix.T
        out.block_content = self.block_content @ matrix.T
        out.block_weight = self.block_weight
        return out
