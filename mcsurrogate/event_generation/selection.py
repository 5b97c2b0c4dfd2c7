# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the events of stage ``generate`` come from: accepted points and what was counted."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Any, NamedTuple, Protocol

import numpy as np
from torch import Tensor

from mcsurrogate.hard_process import Contributions
from mcsurrogate.integration import Sampler, UnweightingRecord, unweight

__all__ = [
    "AcceptedPoints",
    "EventBlock",
    "EventSelection",
    "PlainSelection",
    "Report",
    "event_blocks",
    "unweighting_summary",
]

_EVENTS_A_BLOCK = 100_000

Report = Callable[[int, str], None]
"""Is told how many events there are and how the unweighting goes."""


class AcceptedPoints(NamedTuple):
    """Points that became events.

    Attributes
    ----------
    u, channel, weight
        ``(N, d)``, ``(N,)``, and ``(N,)`` in units of one event.
    contributions
        What the exact process gave there, where that is known.
    """

    u: Tensor
    channel: Tensor
    weight: Tensor
    contributions: Contributions | None = None


class EventBlock(NamedTuple):
    """A part of the sequence of events of a seed that can be made alone.

    Attributes
    ----------
    seed
        Of the block.
    events
        How many of its events to make, from its beginning.
    skipped
        How many of these are not wanted.
    """

    seed: int
    events: int
    skipped: int


def event_blocks(first: int, events: int, seed: int) -> Iterator[EventBlock]:
    """Yield the blocks that hold ``events`` events from the one of number ``first`` on.

    Each block of 100,000 events has a seed of its own, the first one that of the sequence.
    """
    for number in range(first // _EVENTS_A_BLOCK, -(-(first + events) // _EVENTS_A_BLOCK)):
        start = number * _EVENTS_A_BLOCK
        own = np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0] >> np.uint64(1)
        yield EventBlock(
            int(own) if number else seed,
            min(_EVENTS_A_BLOCK, first + events - start),
            max(0, first - start),
        )


class EventSelection(Protocol):
    """A stream of accepted points.

    Attributes
    ----------
    weight_names
        Names of the event weights, the nominal one first.
    overweight
        Part of the cross section above unit weight that the maxima were chosen for.
    effective
        Effective number of events over their number that is expected from these maxima.
    """

    weight_names: tuple[str, ...]
    overweight: float
    effective: float

    def points(self, events: int, seed: int, report: Report) -> Iterator[AcceptedPoints]:
        """Yield accepted points with weights in units of one event."""
        ...

    def weights(self, points: AcceptedPoints) -> Tensor:
        """Return all weights ``(N, W)`` of accepted points in units of one event."""
        ...

    def summary(self) -> dict[str, Any]:
        """Return what was counted, for ``run.json``."""
        ...


class PlainSelection:
    """Unweighting of the exact cross section.

    Parameters
    ----------
    sampler
        The finished integration's.
    overweight, effective
        Overweight fraction of its maxima, and effective fraction of the events.
    executor
        Where points are drawn and evaluated; here if None.
    """

    weight_names: tuple[str, ...] = ("nominal",)

    def __init__(
        self,
        sampler: Sampler,
        overweight: float,
        effective: float,
        executor: Executor | None = None,
    ) -> None:
        self.overweight = overweight
        self.effective = effective
        self._executor = executor
        self._sampler = sampler
        self._book = UnweightingRecord()

    def points(self, events: int, seed: int, report: Report) -> Iterator[AcceptedPoints]:
        """Yield accepted points; see the protocol."""
        book = self._book
        for points in unweight(
            self._sampler, events, seed=seed, record=book, executor=self._executor
        ):
            report(book.accepted, f"{book.efficiency:.1%} accepted")
            yield AcceptedPoints(*points)

    def weights(self, points: AcceptedPoints) -> Tensor:
        """Return the weights ``(N, 1)``."""
        return points.weight[:, None]

    def summary(self) -> dict[str, Any]:
        """Return efficiency with error and the overweight bookkeeping."""
        return unweighting_summary(self._book)


def unweighting_summary(book: UnweightingRecord) -> dict[str, Any]:
    """Return what a single unweighting counted."""
    efficiency = book.efficiency
    return {
        "events": book.accepted,
        "proposed": book.proposed,
        "efficiency": efficiency,
        "efficiency_error": (efficiency * (1 - efficiency) / book.proposed) ** 0.5,
        "overweight_events": book.overweight,
        "overweight_fraction": book.excess / (book.accepted + book.excess),
        "largest_weight_over_maximum": book.largest,
        "effective_events": book.effective,
    }
