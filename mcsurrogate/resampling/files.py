# SPDX-License-Identifier: GPL-3.0-or-later
"""Cell resampling of files: weights are replaced, all else is kept as it stands."""

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import JetDefinition
from mcsurrogate.errors import EventFileError
from mcsurrogate.events import (
    BEFORE_RESAMPLING,
    EventBatch,
    EventChunk,
    RunInfo,
    holds_generated_events,
    read_generated_events,
    read_hard_events,
    write_generated_events,
    write_hard_events,
)
from mcsurrogate.progress import Progress, silent
from mcsurrogate.resampling.cells import Resampling, resample_weights
from mcsurrogate.resampling.objects import places_of_chunk, places_of_hard_events

__all__ = ["JETS", "resample_events"]

FloatArray = NDArray[np.float64]
Batch = TypeVar("Batch", EventBatch, EventChunk)
_Read = tuple[FloatArray, FloatArray, tuple[str, ...]]

_UNIT, _IN_PB = 3, 4
"""Weighting strategies (IDWTUP) of hep-ph/0109068 without their sign."""
JETS = JetDefinition(min_pt=10.0, max_rapidity=math.inf)
"""Jets that places are made of."""


def resample_events(
    source: Path,
    target: Path,
    *,
    largest_cell: float = math.inf,
    jets: JetDefinition = JETS,
    progress: Progress = silent,
) -> Resampling:
    """Write the events of a file with fewer negative weights, and those before by name.

    The last weight of each event, ``before_resampling``, is its nominal one before: `validate`
    takes statistical errors from it.

    Places and weights of all events are held in memory: some 400 bytes an event.

    Parameters
    ----------
    source
        Hard events or generated ones (HepMC), in any format that `convert_events` reads.
    target
        Events of the same kind, in the format that its name ends in; weights 1 and -1 of hard
        events become pb.
    largest_cell
        Radius in GeV that no cell exceeds.
    jets
        How partons, or visible particles, are clustered.
    progress
        Told the number of events, then that of cells.

    Returns
    -------
    Resampling
        The weights and how they were made.

    Raises
    ------
    EventFileError
        A file is damaged or is the other, has no event with a negative weight, or its weights do
        not sum to more than zero.
    """
    source, target = Path(source), Path(target)
    if target.exists() and source.exists() and target.samefile(source):
        raise EventFileError(f"{target}: is the file that is read; give another name")
    generated = holds_generated_events(source)
    places, weights, names = (_read_generated if generated else _read_hard)(source, jets, progress)
    if BEFORE_RESAMPLING in names:
        raise EventFileError(f"{source}: its weights were resampled already")
    if not (weights[:, 0] < 0.0).any():
        raise EventFileError(f"{source}: none of its {len(weights)} events has a negative weight")
    found = resample_weights(places, weights, largest_cell=largest_cell, progress=progress)
    # the nominal weight before is the last one
    new = np.concatenate((found.weights, weights[:, :1]), axis=1)
    (_write_generated if generated else _write_hard)(
        source, target, new, (*names, BEFORE_RESAMPLING)
    )
    return found


def _read_hard(source: Path, jets: JetDefinition, progress: Progress) -> _Read:
    """Places, weights and their names of all events."""
    run, batches = read_hard_events(source)
    found = ((places_of_hard_events(batch, jets), batch.weights) for batch in batches)
    return *_joined(source, found, progress), run.weight_names


def _read_generated(source: Path, jets: JetDefinition, progress: Progress) -> _Read:
    """Places, weights and their names of all events."""
    run, chunks = read_generated_events(source)
    found = ((places_of_chunk(chunk, jets), chunk.weights) for chunk in chunks)
    places, weights = _joined(source, found, progress)
    own = run.weight_names
    names = tuple(own[i] if i < len(own) else f"weight {i}" for i in range(weights.shape[1]))
    return places, weights, names


def _joined(
    source: Path, found: Iterator[tuple[FloatArray, FloatArray]], progress: Progress
) -> tuple[FloatArray, FloatArray]:
    """Places and weights of all events."""
    places, weights, done = [], [], 0
    for place, weight in found:
        places.append(place)
        weights.append(weight)
        done += len(weight)
        progress(done, None, f"{done} events")
    if not done:
        raise EventFileError(f"{source}: holds no event")
    joined = np.concatenate(places)
    # kinds of objects that no event has cost time alone
    return joined[:, joined.any(axis=0)], np.concatenate(weights)


def _in_pb(run: RunInfo, source: Path, weights: FloatArray) -> tuple[RunInfo, FloatArray]:
    """Run and weights with the strategy of events whose weights have different sizes.

    Strategy 4 has weights in pb already; of 3, whose weights are 1 or -1, the cross section stands
    in the head alone.
    """
    strategy = abs(run.weighting_strategy)
    if strategy == _IN_PB:
        return run, weights
    if strategy != _UNIT:
        raise EventFileError(
            f"{source}: weighting strategy {run.weighting_strategy} leaves it to the shower to "
            "accept events by their weights; cell resampling needs 3, -3, 4 or -4"
        )
    total = sum(process.cross_section_pb for process in run.processes)
    scale = total / float(weights[:, 0].mean())
    return replace(run, weighting_strategy=-_IN_PB), scale * weights


def _changed(batches: Iterator[Batch], weights: FloatArray, **others: Any) -> Iterator[Batch]:  # noqa: ANN401 - fields of batches
    """Batches with other weights."""
    start = 0
    for batch in batches:
        yield replace(batch, weights=weights[start : start + len(batch)], **others)
        start += len(batch)


def _write_hard(source: Path, target: Path, weights: FloatArray, names: tuple[str, ...]) -> None:
    run, batches = read_hard_events(source)
    run, weights = _in_pb(run, source, weights)
    run = replace(run, weight_names=names)
    write_hard_events(target, run, _changed(batches, weights, weight_names=names))


def _write_generated(
    source: Path, target: Path, weights: FloatArray, names: tuple[str, ...]
) -> None:
    run, chunks = read_generated_events(source)
    write_generated_events(target, replace(run, weight_names=names), _changed(chunks, weights))
