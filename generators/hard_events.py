# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard-process events in memory, checked and laid out for the compiled module."""

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
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
_UNIT_WEIGHT = 3
"""Strategy by which all events have the same weight."""
_MEAN_WEIGHT = 4
"""Strategy by which the cross section is the mean of the weights."""
_STATUS = (-1, 1, 2, 3)
"""Those that Pythia 8 knows: with -2 and -9 of the standard it writes beyond its record."""
_LARGEST_X = 1.001
_NOMINAL = "Weight"
"""What Pythia and HepMC3 files of it call the nominal weight."""
_ATTRIBUTES = re.compile(r"""(\s*[\w:.-]+\s*=\s*("[^"]*"|'[^']*'))*\s*""")
_CHANGED = "Warning in MCSurrogate: hard events whose weight (XWGTUP) is {}"


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
        "weights": [
            tuple(map(text, weight))
            for weight in weight_declarations(run.header)
            if weight[0] != _NOMINAL
        ],
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
    if offsets[0] != 0 or offsets[-1] != particles or np.any(np.diff(offsets) < 0):
        raise PythiaError("EventBatch: offsets must rise from 0 to the number of particles")
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

    refuse(np.diff(offsets) < 3, "it has fewer than three particles")
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
    _check_kinds(batch, run, event, refuse)
    if batch.attributes is not None:
        refuse(
            np.array([_ATTRIBUTES.fullmatch(text) is None for text in batch.attributes]),
            "what stands in its tag <event> is no list of NAME='VALUE'",
        )
    known = [process.process_id for process in run.processes]
    refuse(
        ~np.isin(batch.process_id, known), f"its process_id is not among those of the run, {known}"
    )


def _check_kinds(
    batch: EventBatch,
    run: RunInfo,
    event: NDArray[np.int64],
    refuse: Callable[[NDArray[np.bool_], str], None],
) -> None:
    """Look at the status of particles, and at their energies; ``event`` is that of each."""
    events = len(batch)

    def some(particles: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return np.bincount(event[particles], minlength=events) > 0

    refuse(
        some(~np.isin(batch.status, _STATUS)),
        f"a particle has a status (ISTUP) that is none of {_STATUS}, which Pythia 8 knows",
    )
    place = np.arange(len(event)) - np.asarray(batch.offsets)[event]
    refuse(
        some((batch.status == -1) != (place < 2)),
        "two particles must come in (status -1), and stand in front of all others",
    )
    energy = batch.momenta[:, 0]
    refuse(
        some((np.abs(batch.status) == 1) & (energy < 0)),
        "a particle that comes in or goes out has a negative energy",
    )
    beam = np.array(run.energies_gev)[np.minimum(place, 1)]
    refuse(
        some((place < 2) & (energy > _LARGEST_X * beam)),
        f"a particle comes in with more energy than its beam has, {run.energies_gev} GeV",
    )


def _changed_weights(batch: EventBatch, run: RunInfo, unit: float) -> Counter[str]:
    """Count events whose weight means something that Pythia does not take from it."""
    strategy = abs(run.weighting_strategy)
    size = np.abs(batch.weights[:, 0])
    told: Counter[str] = Counter()
    if strategy == _UNIT_WEIGHT:
        text = "not that of others, which strategy 3 or -3 (IDWTUP) takes for 1 or -1"
        told[_CHANGED.format(text)] = int(np.sum(~np.isclose(size, unit, rtol=1e-6, atol=0)))
    elif strategy <= _UNWEIGHTED_BY_PYTHIA:
        largest = {process.process_id: process.max_weight for process in run.processes}
        limit = np.array([largest[number] for number in batch.process_id.tolist()])
        text = "above XMAXUP, which come out with weight 1 or -1 all the same"
        told[_CHANGED.format(text)] = int(np.sum(size > limit * (1 + 1e-9)))
    return +told


def _without_nominal(batch: EventBatch, first: int) -> EventBatch:
    """Leave out a weight that has the name of the nominal one, which it must be."""
    if _NOMINAL not in batch.weight_names[1:]:
        return batch
    column = batch.weight_names.index(_NOMINAL, 1)
    other = batch.weights[:, column] != batch.weights[:, 0]
    if np.any(other):
        raise PythiaError(
            f"hard event {first + int(np.argmax(other))}: its weight '{_NOMINAL}' is not XWGTUP, "
            f"which has this name in HepMC3 files; rename it, in the header too"
        )
    names = (*batch.weight_names[:column], *batch.weight_names[column + 1 :])
    return replace(batch, weights=np.delete(batch.weights, column, axis=1), weight_names=names)


def batch_feed(
    batches: Iterable[EventBatch], run: RunInfo, told: Counter[str]
) -> Callable[[], dict[str, Any] | None]:
    """Make the function that the event loop calls for the next batch, until it returns None.

    Parameters
    ----------
    batches, run
        The events.
    told
        Gets what is to be warned of, with how often it occurred.

    Raises
    ------
    PythiaError
        From the returned function, if a batch is malformed, contradicts the init block or has
        weights of other names.
    """
    iterator = iter(batches)
    first = 1
    unit: float | None = None

    def next_batch() -> dict[str, Any] | None:
        nonlocal first, unit
        batch = next(iterator, None)
        if batch is None:
            return None
        if batch.weight_names != run.weight_names:
            raise PythiaError(
                f"EventBatch: weights are named {batch.weight_names}, but the RunInfo announces "
                f"{run.weight_names}"
            )
        _check(batch, run, first)
        if unit is None and len(batch):
            unit = float(abs(batch.weights[0, 0]))
        told.update(_changed_weights(batch, run, unit or 1.0))
        fed = _without_nominal(batch, first)
        first += len(batch)
        return event_columns(fed)

    return next_batch
