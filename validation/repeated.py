# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that occur twice: in one sample, or in both.

All tests take events as independent.  An event that a sample holds twice counts twice without
telling anything new, and a candidate that repeats the reference's own events agrees with it for
no good reason.  Every event gets a 64-bit hash of its final state; the smallest hashes are kept
with the number of their occurrences, which is exact for small samples and a uniform part of
the events for large ones (k minimum values, Bar-Yossef et al., doi:10.1007/3-540-45726-7_1).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mcsurrogate.events import Particles

__all__ = ["EventHashes", "Repeats", "compare_hashes", "event_hashes", "event_keys"]

Hashes = NDArray[np.uint64]

CAPACITY = 1 << 18
"""Distinct events of a sample that are remembered at most."""

_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93)


def _mixed(bits: Hashes) -> Hashes:
    """Spread bits over the whole word (the finaliser of splitmix64)."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Hashes = bits ^ (bits >> np.uint64(31))
    return mixed


def event_hashes(final: Particles) -> Hashes:
    """``(N,)`` hashes of the final states of N events, whatever the order of the particles."""
    word = np.zeros(len(final), dtype=np.uint64)
    columns = (final.px, final.py, final.pz)
    for factor, column in zip(_FACTORS, columns, strict=False):
        # single precision survives another tool's rewriting of the file
        bits = column.astype(np.float32).view(np.uint32).astype(np.uint64)
        word = _mixed(word ^ (bits * np.uint64(factor)))
    word = _mixed(word ^ (final.pid.astype(np.int64).view(np.uint64) * np.uint64(_FACTORS[3])))
    # unsigned sums wrap around, and so do their differences
    running = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(word, dtype=np.uint64)))
    sums: Hashes = running[final.offsets[1:]] - running[final.offsets[:-1]]
    return _mixed(sums)


def event_keys(hashes: Hashes, seed: int) -> NDArray[np.float64]:
    """``(N,)`` numbers between 0 and 1, uniform, that choose among events by their hashes.

    They belong to an event, whatever its place and whoever reads it.
    """
    own = np.uint64((seed * _FACTORS[0] + 1) % (1 << 64))
    return (_mixed(hashes ^ own) >> np.uint64(11)).astype(np.float64) * 2.0**-53


class EventHashes:
    """Smallest distinct hashes of a stream of events, with their occurrences.

    Parameters
    ----------
    capacity
        How many are kept.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.hashes: Hashes = np.empty(0, dtype=np.uint64)
        self.counts = np.empty(0, dtype=np.int64)
        self.full = False

    def add(self, hashes: Hashes) -> None:
        """Count the events of a chunk."""
        self._count(hashes, np.ones(len(hashes), dtype=np.int64))

    def merge(self, other: "EventHashes") -> None:
        """Add events that were counted elsewhere."""
        self.full |= other.full
        self._count(other.hashes, other.counts)
        # beyond the reach of either side not all events are known
        if other.full:
            known = self.hashes <= other.hashes[-1]
            self.hashes, self.counts = self.hashes[known], self.counts[known]

    def _count(self, hashes: Hashes, occurrences: NDArray[np.int64]) -> None:
        if self.full and len(self.hashes):
            known = hashes <= self.hashes[-1]
            hashes, occurrences = hashes[known], occurrences[known]
        joined = np.concatenate((self.hashes, hashes))
        counts = np.concatenate((self.counts, occurrences))
        distinct, inverse = np.unique(joined, return_inverse=True)
        total = np.bincount(inverse, weights=counts, minlength=len(distinct)).astype(np.int64)
        self.full |= len(distinct) > self.capacity
        self.hashes, self.counts = distinct[: self.capacity], total[: self.capacity]

    @property
    def reach(self) -> int:
        """Largest hash up to which all events are known."""
        return int(self.hashes[-1]) if self.full else (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Repeats:
    """What repeats.

    Attributes
    ----------
    candidate, reference
        Share of the events of each sample that repeat an earlier one of the same sample.
    shared
        Share of the candidate's events that are also in the reference.
    log_p
        Log p-value of the repeats being equally frequent in both (Fisher's exact test).
    """

    candidate: float
    reference: float
    shared: float
    log_p: float


def compare_hashes(candidate: EventHashes, reference: EventHashes) -> Repeats:
    """Compare the hashes of two samples over the range that both know."""
    reach = np.uint64(min(candidate.reach, reference.reach))
    totals, repeats = [], []
    for one in (candidate, reference):
        known = one.hashes <= reach
        totals.append(int(one.counts[known].sum()))
        repeats.append(int((one.counts[known] - 1).sum()))
    in_both = np.isin(candidate.hashes, reference.hashes) & (candidate.hashes <= reach)
    table = [[r, n - r] for r, n in zip(repeats, totals, strict=True)]
    p_value = float(stats.fisher_exact(table).pvalue)
    return Repeats(
        repeats[0] / max(totals[0], 1),
        repeats[1] / max(totals[1], 1),
        int(candidate.counts[in_both].sum()) / max(totals[0], 1),
        math.log(max(p_value, 1e-300)),
    )
