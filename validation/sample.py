# SPDX-License-Identifier: GPL-3.0-or-later
"""One pass through one sample: everything filled, memory constant in the number of events."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events, JetDefinition, MeasuredSums
from mcsurrogate.errors import ValidationError
from mcsurrogate.events import BEFORE_RESAMPLING, EventChunk, EventFile, FileSummary
from mcsurrogate.validation.features import raw_features
from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.particle_sets import particle_sets
from mcsurrogate.validation.plan import Plan
from mcsurrogate.validation.repeated import EventHashes, event_hashes, event_keys
from mcsurrogate.validation.reservoir import EVERY_EVENT, Reservoir
from mcsurrogate.validation.statistics.marginal import FineSums
from mcsurrogate.validation.statistics.multivariate import FeatureSums
from mcsurrogate.validation.weight_bands import WeightBands
from mcsurrogate.validation.weight_comparison import WeightTable

__all__ = ["Progress", "Reading", "Sample", "WeightSums", "fill_sample", "first_events"]

FloatArray = NDArray[np.float64]
Rows = NDArray[np.floating[Any]]

Progress = Callable[[str, int, float], None]
"""Called with the sample's label, the events read and the fraction of the file consumed."""

NOMINAL = ("Weight", "Default", "nominal", "0", "")
"""Names of the nominal weight in the files of generators; without any it is the first."""


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

    def add(self, weights: FloatArray, scatter: FloatArray | None = None) -> None:
        """Count the weights of a chunk; `scatter` as in `EventSums.fill`."""
        self.total += float(weights.sum())
        self.squares += float(((weights if scatter is None else scatter) ** 2).sum())
        self.negative += int((weights < 0.0).sum())
        self.smallest = min(self.smallest, float(weights.min()))
        self.largest = max(self.largest, float(weights.max()))

    def merge(self, other: "WeightSums") -> None:
        """Count the weights of other events."""
        self.total += other.total
        self.squares += other.squares
        self.negative += other.negative
        self.smallest = min(self.smallest, other.smallest)
        self.largest = max(self.largest, other.largest)

    @property
    def effective_events(self) -> float:
        """(sum w)^2 / sum w^2."""
        return self.total**2 / self.squares if self.squares else 0.0


class Sample:
    """What is kept of a sample.

    Parameters
    ----------
    label
        What the report calls it.
    file
        What the file says; grows while it is read.
    plan
        What is filled.
    weight_names, column
        Names of all weights of an event, and which of them is used.  Where one is that before cell
        resampling and a nominal one is used, statistical errors are taken from it, and nothing is
        kept for tests that take weights as independent of each other.
    part
        This is a part of a sample, which `merge` adds to it: its events are numbered from 0, and
        what chooses among events waits for the whole.

    Attributes
    ----------
    weights
        Sums of the event weights.
    sums, fine
        Histograms and cumulative distributions of the observables by name.
    features
        Projections and moments of the event features, None without features.
    reservoir
        A random part of the events' features.
    particle_sets
        Particles of a random part of those events, where the plan asks for them.
    hashes
        Of the events, to find repeated ones.
    before
        Column of the weights before cell resampling, None where there are none.
    particles
        Number of final-state particles, unweighted; the page shows them an event.
    weight_table
        All weights of a random part of the events.
    bands
        Histograms under the weights of the sample's own uncertainty.
    measured
        What the sample says of measured values.
    """

    def __init__(
        self,
        label: str,
        file: FileSummary,
        plan: Plan,
        weight_names: tuple[str, ...] = ("weight 0",),
        column: int = 0,
        *,
        part: bool = False,
    ) -> None:
        self.label, self.file, self.plan = label, file, plan
        self.weights = WeightSums(weight_names[column])
        self.before: int | None = None
        if BEFORE_RESAMPLING in weight_names and weight_names[column] != BEFORE_RESAMPLING:
            self.before = weight_names.index(BEFORE_RESAMPLING)
        self.sums = {o.name: EventSums(np.asarray(o.edges)) for o in plan.observables}
        self.fine = {name: FineSums(edges) for name, edges in plan.grids.items()}
        independent = self.before is None
        self.features: FeatureSums | None = (
            plan.feature_sums() if independent and not part else None
        )
        deep = min(plan.deep, plan.reservoir)
        self.reservoir = Reservoir(EVERY_EVENT if part else plan.reservoir, plan.seed)
        self.particle_sets = Reservoir(EVERY_EVENT if part and deep else deep, plan.seed)
        self.hashes = EventHashes()
        self.particles = 0
        self.weight_table = WeightTable(weight_names, column, plan.seed, part=part)
        self.bands = WeightBands(
            file.weight_names,
            {o.name: np.asarray(o.edges) for o in plan.observables},
            plan.pdf_error,
        )
        self.measured = MeasuredSums(plan.measurements)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the plan out: its observables are functions, which stay where they are."""
        return {k: v for k, v in self.__dict__.items() if k != "plan"}

    def fill(self, events: Events, first_event: int) -> None:
        """Add the events of a chunk."""
        values = [o.values(events) for o in self.plan.observables]
        hashes = event_hashes(events.final)
        keys = event_keys(hashes, self.plan.seed)
        if self.particle_sets.capacity:
            self.particle_sets.add(particle_sets(events), events.weights, first_event, keys)
        self.hashes.add(hashes)
        self.particles += len(events.final)
        self.weight_table.add(events.chunk.weights, first_event, keys)
        self.measured.fill(events)
        scatter = None if self.before is None else events.chunk.weights[:, self.before]
        self.fill_values(values, events.weights, first_event, scatter, keys)
        named = {o.name: own for o, own in zip(self.plan.observables, values, strict=True)}
        self.bands.fill(named, events.chunk.weights, events.weights)

    def fill_values(
        self,
        values: Sequence[Values],
        weights: FloatArray,
        first_event: int,
        scatter: FloatArray | None = None,
        keys: FloatArray | None = None,
    ) -> None:
        """Add values that were computed before, one `Values` for each observable of the plan.

        `keys` as in `Reservoir.add`.
        """
        self.weights.add(weights, scatter)
        for observable, own in zip(self.plan.observables, values, strict=True):
            self.sums[observable.name].fill(own, weights, first_event, scatter)
            if observable.name in self.fine:
                self.fine[observable.name].fill(own, weights, first_event, scatter)
        if self.plan.features.names and self.before is None:
            raw = raw_features(self.plan.observables, values, len(weights))
            self._add_features(self.plan.features(raw), weights, first_event, keys)

    def _add_features(
        self, rows: Rows, weights: FloatArray, first_event: int, keys: FloatArray | None
    ) -> None:
        if self.features is not None:
            self.features.fill(rows.astype(np.float64, copy=False), weights, first_event)
        self.reservoir.add(rows, weights, first_event, keys)

    def merge(self, part: "Sample", first_event: int) -> None:
        """Add a part of the sample, or another one, of the events after `first_event` others."""
        self.weights.merge(part.weights)
        for name, sums in part.sums.items():
            self.sums[name].merge(sums, first_event)
        for name, fine in part.fine.items():
            self.fine[name].merge(fine, first_event)
        if self.features is not None and part.features is not None:
            self.features.merge(part.features, first_event)
            self.reservoir.merge(part.reservoir, first_event)
        elif len(part.reservoir):
            rows = part.reservoir
            self._add_features(rows.rows, rows.weights, first_event, rows.keys)
        self.particle_sets.merge(part.particle_sets, first_event)
        self.hashes.merge(part.hashes)
        self.particles += part.particles
        self.weight_table.merge(part.weight_table, first_event)
        self.bands.merge(part.bands)
        self.measured.merge(part.measured)

    def check(self) -> None:
        """Refuse a sample that no comparison can be made of.

        Raises
        ------
        ValidationError
            Its weights sum to zero.
        """
        weights, read = self.weights, self.file.events
        if abs(weights.total) <= 1e-12 * np.sqrt(weights.squares * read):
            raise ValidationError(
                f"{self.file.path}: the weights {weights.name!r} of its {read} events sum to zero"
            )


@dataclass(frozen=True)
class Reading:
    """A file to read as a sample.

    Attributes
    ----------
    path, label
        The file and what the report calls it.
    weight
        Name of the weight to use; None for the nominal one.
    """

    path: Path
    label: str
    weight: str | None = None

    def column(self, names: tuple[str, ...]) -> int:
        """Which of the weights of an event is used.

        Raises
        ------
        ValidationError
            None has the wanted name.
        """
        if self.weight is None:
            return next((names.index(n) for n in NOMINAL if n in names), 0)
        if self.weight not in names:
            known = ", ".join(names)
            raise ValidationError(
                f"{self.path}: no weight named {self.weight!r}; its weights: {known}"
            )
        return names.index(self.weight)


def _weight_names(chunk: EventChunk, summary: FileSummary) -> tuple[str, ...]:
    """Names of all weights of an event; those without a name get their number."""
    own = summary.weight_names
    return tuple(own[i] if i < len(own) else f"weight {i}" for i in range(chunk.weights.shape[1]))


def _events(
    source: EventFile, reading: Reading, jets: JetDefinition | None
) -> Iterator[tuple[Events, tuple[str, ...], int]]:
    """Events of a file in chunks, the names of their weights, and which of them is used.

    Raises
    ------
    ValidationError
        The file holds no event.
    """
    column = 0
    names: tuple[str, ...] = ()
    for chunk in source.chunks():
        if not names:
            names = _weight_names(chunk, source.summary)
            column = reading.column(names)
        yield Events(chunk, np.ascontiguousarray(chunk.weights[:, column]), jets), names, column
    if not names:
        raise ValidationError(f"{source.path}: holds no event")


def first_events(reading: Reading, *, jets: JetDefinition | None, max_events: int | None) -> Events:
    """Events of the first chunk of a file, which decide the plan.

    Raises
    ------
    EventFileError
        The file is damaged.
    ValidationError
        It holds no event, or has no weight of that name.
    """
    source = EventFile(reading.path, max_events=max_events)
    return next(_events(source, reading, jets))[0]


def fill_sample(
    reading: Reading,
    plan: Callable[[Events], Plan],
    *,
    jets: JetDefinition | None = None,
    max_events: int | None = None,
    progress: Progress | None = None,
) -> Sample:
    """Read a file once and fill what the plan says.

    Parameters
    ----------
    reading
        The file, its label and its weight.
    plan
        Given the first events, says what to fill.
    jets, max_events, progress
        See `mcsurrogate.validation.validate`.

    Raises
    ------
    EventFileError
        The file is damaged.
    ValidationError
        It holds no event, its weights sum to zero, or it has no weight of that name.
    """
    source = EventFile(reading.path, max_events=max_events)
    sample: Sample | None = None
    read = 0
    for events, names, column in _events(source, reading, jets):
        if sample is None:
            sample = Sample(reading.label, source.summary, plan(events), names, column)
        sample.fill(events, read)
        read += len(events)
        if progress is not None:
            progress(reading.label, read, source.fraction_read)
    assert sample is not None  # no event is an error above
    sample.check()
    return sample
