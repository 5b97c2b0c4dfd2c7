# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums over a sample from which its means and their covariance follow."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis.measured.measurement import Measurement
from mcsurrogate.analysis.selection import Events

__all__ = ["MeasuredSums"]

FloatArray = NDArray[np.float64]

_SHORT_LIVED = (111, 221, 310, 3122, 3112, 3212, 3222, 3312, 3322, 3334)
"""Lifetimes below 3e-10 s: must have decayed."""
_LONG_LIVED = (211, 321, 130, 2112, 13)
"""Lifetimes above: must not have decayed."""


class MeasuredSums:
    """What a sample says of some measurements.

    Parameters
    ----------
    measurements
        The measurements; none is a valid choice.

    Attributes
    ----------
    undecayed, decayed
        Numbers of short-lived particles in the final state and of long-lived ones that have
        decayed, by PDG number.
    """

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self.measurements = tuple(measurements)
        self.undecayed: Counter[int] = Counter()
        self.decayed: Counter[int] = Counter()
        self._weight, self._weight2 = 0.0, 0.0
        sizes = [len(m) for m in self.measurements]
        self._content = [np.zeros(n) for n in sizes]
        self._content_w2 = [np.zeros(n) for n in sizes]
        self._product = [np.zeros((n, n)) for n in sizes]

    def __getstate__(self) -> dict[str, Any]:
        """Leave the measurements out: they hold functions, which stay where they are."""
        return {**self.__dict__, "measurements": ()}

    def fill(self, events: Events) -> None:
        """Add the events of a chunk."""
        if not self.measurements:
            return
        weights = events.weights
        self._weight += float(weights.sum())
        self._weight2 += float((weights**2).sum())
        for i, measurement in enumerate(self.measurements):
            own = measurement.contribution(events)
            weighted = own * weights[:, None]
            self._content[i] += weighted.sum(axis=0)
            self._content_w2[i] += weights @ weighted
            self._product[i] += weighted.T @ weighted
        self._count_decays(events)

    def merge(self, other: "MeasuredSums") -> None:
        """Add the sums of other events."""
        self._weight += other._weight
        self._weight2 += other._weight2
        for name in ("_content", "_content_w2", "_product"):
            for own, more in zip(getattr(self, name), getattr(other, name), strict=True):
                own += more
        self.undecayed.update(other.undecayed)
        self.decayed.update(other.decayed)

    def _count_decays(self, events: Events) -> None:
        final = np.abs(events.final.pid)
        chosen, counts = np.unique(final[np.isin(final, _SHORT_LIVED)], return_counts=True)
        self.undecayed.update(dict(zip(chosen.tolist(), counts.tolist(), strict=True)))
        chunk = events.chunk
        pid = np.abs(chunk.pid)
        gone = np.isin(pid, _LONG_LIVED) & (chunk.status == 2) & (chunk.end_vertex >= 0)
        last = chunk.last_copies(gone)
        chosen, counts = np.unique(pid[last], return_counts=True)
        self.decayed.update(dict(zip(chosen.tolist(), counts.tolist(), strict=True)))

    @property
    def effective_events(self) -> float:
        """(sum w)^2 / sum w^2."""
        return self._weight**2 / self._weight2

    def mean(self, number: int) -> FloatArray:
        """``(K,)`` means of a measurement's values."""
        mean: FloatArray = self._content[number] / self._weight
        return mean

    def covariance(self, number: int) -> FloatArray:
        """``(K, K)`` covariance of the means."""
        mean = self.mean(number)
        cross = np.outer(self._content_w2[number], mean)
        total = self._product[number] - cross - cross.T
        covariance: FloatArray = (total + self._weight2 * np.outer(mean, mean)) / self._weight**2
        return covariance
