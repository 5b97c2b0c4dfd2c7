"""Where the events of stage ``generate`` come from: accepted points and what was counted."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from mcsurrogate.hard_process import Contributions
from mcsurrogate.integration import Evaluator, Sampler, UnweightingRecord, unweight

__all__ = ["AcceptedPoints", "EventSelection", "PlainSelection", "Report", "unweighting_summary"]

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
    evaluate
        Evaluator of the cross section; one without an executor if None.
    """

    weight_names: tuple[str, ...] = ("nominal",)

    def __init__(
        self,
        sampler: Sampler,
        overweight: float,
        effective: float,
        evaluate: Evaluator | None = None,
    ) -> None:
        self.overweight = overweight
        self.effective = effective
        self._evaluate = evaluate
        self._sampler = sampler
        self._book = UnweightingRecord()

    def points(self, events: int, seed: int, report: Report) -> Iterator[AcceptedPoints]:
        """Yield accepted points; see the protocol."""
        book = self._book
        for points in unweight(
            self._sampler, events, seed=seed, record=book, evaluate=self._evaluate
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
