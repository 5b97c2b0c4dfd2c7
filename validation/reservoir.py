# SPDX-License-Identifier: GPL-3.0-or-later
"""A uniform random part of a stream of events, of bounded size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["EVERY_EVENT", "Reservoir"]

FloatArray = NDArray[np.float64]
Rows = NDArray[np.floating[Any]]

EVERY_EVENT = 1 << 62
"""Capacity that keeps all events: of a part of a stream, for the reservoir of the whole."""


class Reservoir:
    """Keeps the events with the largest of independent uniform keys.

    Every subset of the given size is equally likely, whatever the length of the stream
    (Vitter, ACM Trans. Math. Softw. 11 (1985) 37, in the form with keys).

    Parameters
    ----------
    capacity
        Number of events to keep at most.
    seed
        Of the keys.
    """

    def __init__(self, capacity: int, seed: int) -> None:
        self.capacity = capacity
        self._random = np.random.default_rng(seed)
        self._keys = np.empty(0)
        self._rows: Rows = np.empty((0, 0))
        self._weights = np.empty(0)
        self._positions = np.empty(0, dtype=np.int64)

    def add(
        self,
        rows: Rows,
        weights: FloatArray,
        first_event: int,
        keys: FloatArray | None = None,
    ) -> None:
        """Offer the ``(N, ...)`` rows of N events with their weights.

        Parameters
        ----------
        rows, weights, first_event
            The events, and how many came before them.
        keys
            ``(N,)`` keys that belong to the events (`mcsurrogate.validation.repeated.event_keys`):
            then parts of a stream, merged, keep what the whole would.  None draws them.
        """
        if self.capacity <= 0:
            return
        keys = self._random.random(len(rows)) if keys is None else keys
        self._offer(rows, weights, first_event + np.arange(len(rows)), keys)

    def merge(self, other: "Reservoir", first_event: int) -> None:
        """Offer what was kept of a stream that follows after `first_event` events."""
        if self.capacity > 0 and len(other):
            self._offer(other.rows, other.weights, first_event + other.positions, other.keys)

    def _offer(
        self,
        rows: Rows,
        weights: FloatArray,
        positions: NDArray[np.int64],
        offered: FloatArray,
    ) -> None:
        if len(self._keys) >= self.capacity:
            chosen = offered > self._keys.min()
        else:
            chosen = np.ones(len(rows), dtype=bool)
        if not chosen.any():
            return
        old = self._rows if len(self._keys) else rows[:0]
        keys = np.concatenate((self._keys, offered[chosen]))
        kept = np.arange(len(keys))
        if len(keys) > self.capacity:
            kept = np.sort(np.argpartition(-keys, self.capacity)[: self.capacity])
        self._rows = np.concatenate((old, rows[chosen]))[kept]
        self._weights = np.concatenate((self._weights, weights[chosen]))[kept]
        self._positions = np.concatenate((self._positions, positions[chosen]))[kept]
        self._keys = keys[kept]

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def rows(self) -> Rows:
        """``(n, ...)`` rows that were kept, in the order of the stream."""
        return self._rows

    @property
    def weights(self) -> FloatArray:
        """``(n,)`` their weights."""
        return self._weights

    @property
    def keys(self) -> FloatArray:
        """``(n,)`` their keys."""
        return self._keys

    @property
    def positions(self) -> NDArray[np.int64]:
        """``(n,)`` their positions in the stream."""
        return self._positions
