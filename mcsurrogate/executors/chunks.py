# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting a sequence of events into chunks, each with a seed of its own."""

from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Chunk", "cut_chunks"]

_LARGEST_SEED = 900_000_000  # of Pythia


class Chunk(NamedTuple):
    """A stretch of a sequence of events that can be made alone.

    Attributes
    ----------
    number
        Its place among all chunks of the sequence, from 0.
    first, events
        Number of its first event in the sequence, and how many there are.
    seed
        Of the chunk, 1 to 900,000,000.
    """

    number: int
    first: int
    events: int
    seed: int


def cut_chunks(events: int, size: int, seed: int, *, first: int = 0) -> Iterator[Chunk]:
    """Cut events ``first``, ``first + 1``, ... of the sequence of a seed into chunks.

    Chunks begin at multiples of ``size`` in the sequence, wherever ``first`` lies, so that jobs
    that make other parts of the sequence have the same ones.  Their seeds follow each other: no
    two of 900,000,000 are the same.

    Parameters
    ----------
    events
        Number of events.
    size
        Largest number of events in a chunk.
    seed
        Seed of the first chunk of the sequence, 1 to 900,000,000.
    first
        Number of the first event.
    """
    stop = first + events
    for number in range(first // size, -(-stop // size)):
        start, end = max(first, number * size), min(stop, (number + 1) * size)
        yield Chunk(number, start, end - start, (seed - 1 + number) % _LARGEST_SEED + 1)
