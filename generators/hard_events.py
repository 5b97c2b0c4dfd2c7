# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard-process events in memory, checked and laid out for the compiled module."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import PythiaError
from mcsurrogate.events import (
    EventBatch,
    RunInfo,
    attribute,
    event_columns,
    header_elements,
    weight_declarations,
)
from mcsurrogate.generators.settings import setting_name

__all__ = ["batch_feed", "may_veto", "native_run_info"]

_STRATEGIES = (1, -1, 2, -2, 3, -3, 4, -4)
_UNWEIGHTED_BY_PYTHIA = 2
_MEAN_WEIGHT = 4
"""Strategy by which the cross section is the mean of the weights."""


def native_run_info(run: RunInfo) -> dict[str, Any]:
    """Check an init block and lay it out for the compiled module.

    Raises
    ------
    PythiaError
        If a value is impossible, or missing for the weighting strategy.
    """
    if run.weighting_strategy not in _STRATEGIES:
        raise PythiaError(
            f"RunInfo: weighting_strategy {run.weighting_strategy} is not one of {_STRATEGIES}"
        )
    ids = [process.process_id for process in run.processes]
    if not ids or len(set(ids)) != len(ids):
        raise PythiaError(
            f"RunInfo: processes must be one or more with different process_id, not {ids}"
        )
    if not all(math.isfinite(energy) and energy > 0 for energy in run.energies_gev):
        raise PythiaError(f"RunInfo: energies_gev must be positive, not {run.energies_gev}")
    for process in run.processes:
        numbers = (process.cross_section_pb, process.error_pb, process.max_weight)
        if not all(math.isfinite(number) for number in numbers):
            raise PythiaError(
                f"RunInfo: cross section, error and maximum weight must be finite in {process}"
            )
        if run.weighting_strategy in {2, 3} and process.cross_section_pb <= 0:
            raise PythiaError(
                f"RunInfo: strategy {run.weighting_strategy} needs a positive cross_section_pb "
                f"in {process}"
            )
        if abs(run.weighting_strategy) <= _UNWEIGHTED_BY_PYTHIA and process.max_weight <= 0:
            raise PythiaError(
                f"RunInfo: strategy {run.weighting_strategy} needs a positive max_weight "
                f"(XMAXUP) in {process}"
            )

    def text(value: str) -> bytes:
        return value.encode("utf-8", "surrogateescape")

    return {
        "beams": run.beams,
        "energies": run.energies_gev,
        "pdf_sets": run.pdf_ids,
        "pdf_groups": run.pdf_authors,
        "strategy": run.weighting_strategy,
        "processes": [
            (process.process_id, process.cross_section_pb, process.error_pb, process.max_weight)
            for process in run.processes
        ],
        "version": int(run.version.partition(".")[0]),
        "header": text(run.header),
        "header_elements": [
            (text(name), text(content)) for name, content in header_elements(run.header)
        ],
        "weights": [tuple(map(text, weight)) for weight in weight_declarations(run.header)],
    }


def may_veto(settings: Iterable[str]) -> bool:
    """Whether settings ask for something that leaves hard events out: merging, foreign plugins."""
    names = [(setting_name(line), line) for line in settings]
    return any(
        name.startswith(("merging:do", "jetmatching:merge"))
        or (name == "init:plugins" and "mcsurrogate" not in line)
        for name, line in names
    )


def _check(batch: EventBatch, run: RunInfo, first: int) -> None:
    """Reject what Pythia would crash on or get wrong; ``first`` numbers the first event."""
    events, particles = len(batch), len(batch.pdg_id)
    offsets = np.asarray(batch.offsets)
    if offsets[0] != 0 or offsets[-1] != particles or np.any(np.diff(offsets) < 3):
        raise PythiaError(
            "EventBatch: offsets must rise from 0 to the number of particles, 3 or more per event"
        )
    if batch.weights.shape != (events, len(batch.weight_names)):
        raise PythiaError(
            f"EventBatch: weights have shape {batch.weights.shape}, but there are {events} events "
            f"and the weight names {batch.weight_names}"
        )
    for name, values in (("momenta", batch.momenta), ("mass", batch.mass), ("scale", batch.scale)):
        if not np.all(np.isfinite(values)):
            raise PythiaError(f"EventBatch: {name} holds a number that is not finite")

    def refuse(wrong: NDArray[np.bool_], reason: str) -> None:
        if np.any(wrong):
            raise PythiaError(f"hard event {first + int(np.argmax(wrong))}: {reason}")

    nominal = batch.weights[:, 0]
    refuse(~np.all(np.isfinite(batch.weights), axis=1), "a weight is not finite")
    refuse(
        nominal == 0,
        "its weight is zero, and Pythia divides by it; leave events of weight zero out",
    )
    if run.weighting_strategy > 0:
        refuse(
            nominal < 0,
            f"its weight is negative, but weighting strategy {run.weighting_strategy} has positive "
            f"ones alone; it must be {-run.weighting_strategy}",
        )
    if abs(run.weighting_strategy) == _MEAN_WEIGHT and batch.attributes is not None:
        trials = [attribute(text, "trials") for text in batch.attributes]
        refuse(
            np.array([number not in {None, 1.0} for number in trials]),
            "it took more trials than one: the cross section is the sum of weights over that of "
            "trials, which Pythia does not know; divide all weights by the mean of trials",
        )
    event = np.repeat(np.arange(events), np.diff(offsets))
    size = np.diff(offsets)[event][:, None]
    parents = np.any((batch.parents < 0) | (batch.parents > size), axis=1)
    refuse(
        np.bincount(event[parents], minlength=events) > 0,
        "parents must be 0 or the 1-based position of a particle of the event",
    )
    known = [process.process_id for process in run.processes]
    refuse(
        ~np.isin(batch.process_id, known), f"its process_id is not among those of the run, {known}"
    )


def batch_feed(batches: Iterable[EventBatch], run: RunInfo) -> Callable[[], dict[str, Any] | None]:
    """Make the function that the event loop calls for the next batch, until it returns None.

    Raises
    ------
    PythiaError
        From the returned function, if a batch is malformed, contradicts the init block or has
        weights of other names.
    """
    iterator = iter(batches)
    first = 1

    def next_batch() -> dict[str, Any] | None:
        nonlocal first
        batch = next(iterator, None)
        if batch is None:
            return None
        if batch.weight_names != run.weight_names:
            raise PythiaError(
                f"EventBatch: weights are named {batch.weight_names}, but the RunInfo announces "
                f"{run.weight_names}"
            )
        _check(batch, run, first)
        first += len(batch)
        return event_columns(batch)

    return next_batch
