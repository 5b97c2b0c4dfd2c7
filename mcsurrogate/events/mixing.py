# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of several samples in one sequence."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hard_events import EventBatch

__all__ = ["mixed_events"]

_BLOCK = 1000
_PER_PARTICLE = ("pdg_id", "status", "parents", "colour", "momenta", "mass", "helicity", "lifetime")
_ABSENT = {"helicity": 9.0, "lifetime": 0.0}
_UNKNOWN_TEXT = ("attributes", "annotations")


class _Source:
    """Hands out so many events at a time of a stream of batches."""

    def __init__(self, batches: Iterator[EventBatch]) -> None:
        self._batches = batches
        self._rest: EventBatch | None = None

    def take(self, count: int) -> Iterator[EventBatch]:
        while count > 0:
            batch = self._rest if self._rest is not None else next(self._batches, None)
            if batch is None:
                raise EventFileError(f"a sample of events ends {count} events too early")
            yield batch[:count]
            self._rest = batch[count:] if len(batch) > count else None
            count -= len(batch[:count])


def mixed_events(
    samples: Sequence[Iterator[EventBatch]], counts: Sequence[int], seed: int
) -> Iterator[EventBatch]:
    """Yield the events of several samples in random order, each sample's own in their order.

    Any stretch of the sequence is a fair sample of the whole.

    Parameters
    ----------
    samples
        Batches of each sample, all with the same weights.
    counts
        Events of each.
    seed
        Decides the order.

    Raises
    ------
    EventFileError
        If a sample has fewer events, or other weights than the first.
    """
    of_sample = np.repeat(np.arange(len(counts), dtype=np.int8), counts)
    np.random.default_rng(seed).shuffle(of_sample)
    sources = [_Source(batches) for batches in samples]
    for start in range(0, len(of_sample), _BLOCK):
        block = of_sample[start : start + _BLOCK]
        order = np.argsort(block, kind="stable")
        parts = [
            part
            for number, source in enumerate(sources)
            for part in source.take(int((block == number).sum()))
        ]
        place = np.empty(len(block), dtype=np.int64)
        place[order] = np.arange(len(block))
        yield _rearranged(_joined(parts), place)


def _joined(parts: Sequence[EventBatch]) -> EventBatch:
    names = parts[0].weight_names
    for part in parts:
        if part.weight_names != names:
            raise EventFileError(f"samples have different weights: {names}, {part.weight_names}")
    sizes = np.concatenate([np.diff(part.offsets) for part in parts])
    values: dict[str, Any] = {"offsets": _offsets(sizes), "weight_names": names}
    for name in (entry.name for entry in fields(EventBatch)):
        if name in values:
            continue
        found = [getattr(part, name) for part in parts]
        if all(value is None for value in found):
            values[name] = None
        elif name in _UNKNOWN_TEXT:
            texts = [v or ("",) * len(p) for v, p in zip(found, parts, strict=True)]
            values[name] = tuple(text for part in texts for text in part)
        else:
            values[name] = np.concatenate(
                [
                    np.full(len(part.pdg_id), _ABSENT[name]) if value is None else value
                    for value, part in zip(found, parts, strict=True)
                ]
            )
    return EventBatch(**values)


def _rearranged(batch: EventBatch, order: NDArray[np.int64]) -> EventBatch:
    sizes = np.diff(batch.offsets)[order]
    offsets = _offsets(sizes)
    start = np.repeat(batch.offsets[:-1][order] - offsets[:-1], sizes)
    particles = start + np.arange(offsets[-1])
    values: dict[str, Any] = {"offsets": offsets, "weight_names": batch.weight_names}
    for name in (entry.name for entry in fields(EventBatch)):
        value = getattr(batch, name)
        if name in values:
            continue
        if value is None:
            values[name] = None
        elif name in _UNKNOWN_TEXT:
            values[name] = tuple(value[index] for index in order)
        else:
            values[name] = value[particles if name in _PER_PARTICLE else order]
    return EventBatch(**values)


def _offsets(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(sizes)))
