"""One pass through one sample: every observable filled, memory constant in the events."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import ValidationError
from mcsurrogate.validation.histograms import EventSums
from mcsurrogate.validation.jets import JetDefinition
from mcsurrogate.validation.observables.registry import Observable
from mcsurrogate.validation.reading import EventFile, FileSummary
from mcsurrogate.validation.record import EventChunk
from mcsurrogate.validation.selection import Events

__all__ = ["Progress", "Sample", "WeightSums", "fill_sample"]

Progress = Callable[[str, int, float], None]
"""Called with the sample's label, the events read and the fraction of the file consumed."""


@dataclass
class WeightSums:
    """What the event weights of a sample amount to.

    Attributes
    ----------
    name
        Name of the weight, or ``"weight 0"`` where the file does not name it.
    total, squares
        Sum of weights and of their squares.
    negative
        Number of events with a negative weight.
    smallest, largest
        Extreme weights.
    """

    name: str = ""
    total: float = 0.0
    squares: float = 0.0
    negative: int = 0
    smallest: float = np.inf
    largest: float = -np.inf

    def add(self, weights: NDArray[np.float64]) -> None:
        """Count the weights of a chunk."""
        self.total += float(weights.sum())
        self.squares += float((weights**2).sum())
        self.negative += int((weights < 0.0).sum())
        self.smallest = min(self.smallest, float(weights.min()))
        self.largest = max(self.largest, float(weights.max()))

    @property
    def effective_events(self) -> float:
        """(sum w)^2 / sum w^2."""
        return self.total**2 / self.squares if self.squares else 0.0


@dataclass
class Sample:
    """A sample after its pass.

    Attributes
    ----------
    label
        What the report calls it.
    file
        What the file said.
    weights
        Sums of the event weights.
    sums
        Sums of each observable by name.
    particles
        Mean number of final-state particles an event, unweighted.
    """

    label: str
    file: FileSummary
    weights: WeightSums
    sums: dict[str, EventSums]
    particles: float


def _weight_column(chunk: EventChunk, summary: FileSummary, wanted: str | None) -> tuple[int, str]:
    """Column of the wanted weight and its name."""
    names = summary.weight_names
    if wanted is None:
        return 0, names[0] if names else "weight 0"
    if wanted not in names[: chunk.weights.shape[1]]:
        known = ", ".join(names) or "none, the weights have no names"
        raise ValidationError(f"{summary.path}: no weight named {wanted!r}; its weights: {known}")
    return names.index(wanted), wanted


def fill_sample(
    path: Path,
    label: str,
    choose: Callable[[Events], Sequence[Observable]],
    *,
    weight: str | None = None,
    jets: JetDefinition | None = None,
    max_events: int | None = None,
    progress: Progress | None = None,
) -> Sample:
    """Read a file once and fill all observables.

    Parameters
    ----------
    path, label
        The file and what the report calls it.
    choose
        Given the first events, says which observables to fill.
    weight
        Name of the weight to use; the first by default.
    jets, max_events, progress
        See `mcsurrogate.validation.validate`.

    Raises
    ------
    EventFileError
        The file is damaged.
    ValidationError
        It holds no event, its weights sum to zero, or it has no weight of that name.
    """
    source = EventFile(path, max_events=max_events)
    weights = WeightSums()
    observables: Sequence[Observable] = ()
    sums: dict[str, EventSums] = {}
    column, particles, read = 0, 0, 0
    for chunk in source.chunks():
        if read == 0:
            column, weights.name = _weight_column(chunk, source.summary, weight)
        events = Events(chunk, np.ascontiguousarray(chunk.weights[:, column]), jets)
        if read == 0:
            observables = choose(events)
            sums = {o.name: EventSums(np.asarray(o.edges, dtype=np.float64)) for o in observables}
        weights.add(events.weights)
        for observable in observables:
            sums[observable.name].fill(observable.values(events), events.weights, read)
        read += len(chunk)
        particles += len(events.final)
        if progress is not None:
            progress(label, read, source.fraction_read)
    if read == 0:
        raise ValidationError(f"{path}: holds no event")
    if abs(weights.total) <= 1e-12 * np.sqrt(weights.squares * read):
        raise ValidationError(
            f"{path}: the weights {weights.name!r} of its {read} events sum to zero"
        )
    return Sample(label, source.summary, weights, sums, particles / read)
