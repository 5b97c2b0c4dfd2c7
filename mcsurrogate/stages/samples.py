# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages ``integrate`` and ``generate`` of cards with several samples, each in a run of its own.

The samples' runs lie in ``samples/``; the events of all of them go into one file, every event with
a weight that makes the mean of all the sum of the cross sections.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

from mcsurrogate.cards import RunCard, dump_card, replace_values
from mcsurrogate.errors import GenerationError
from mcsurrogate.events import (
    EventBatch,
    RunInfo,
    mixed_events,
    read_hard_events,
    write_les_houches,
)
from mcsurrogate.hard_process import Sample, combined_variations, read_samples
from mcsurrogate.progress import Progress
from mcsurrogate.run_folder import RunFolder, stage_seed
from mcsurrogate.run_record import RESULT_FILE, read_result
from mcsurrogate.stages.generation import EVENTS
from mcsurrogate.stages.generation import run_generation as generate_one
from mcsurrogate.stages.integration import run_integration as integrate_one

__all__ = ["UNMERGED", "run_generation", "run_integration"]

_FOLDER, _UNMERGED = "samples", "not_merged"
UNMERGED = f"{_FOLDER}/{_UNMERGED}/{EVENTS}"
"""Events of the process without jets, for the reference chain of a merged run."""


def run_integration(
    folder: RunFolder,
    progress: Progress,
    *,
    keep: bool = False,
    executor: Executor | None = None,
    plots: bool = False,
) -> dict[str, Any]:
    """Compute the cross section of the folder's card, of all its samples.

    Parameters and result are those of
    :func:`mcsurrogate.stages.integration.run_integration`; with several samples the cross section
    is their sum, and ``samples`` has that of each.
    """
    samples = read_samples(folder.card)
    if len(samples) == 1:
        return integrate_one(folder, progress, keep=keep, executor=executor, plots=plots)
    made = [f"{_FOLDER}/{sample.name}/{RESULT_FILE}" for sample in samples]
    with folder.stage("integrate", keep=keep, makes=[RESULT_FILE, *made]) as record:
        if record is None:
            return read_result(folder.path)
        results = []
        for sample in samples:
            card = _card(folder.card, sample)
            with RunFolder(_path(folder, sample), card, resume=True) as own:
                named = _named(progress, sample.name)
                results.append(integrate_one(own, named, executor=executor, plots=plots))
        content = _combined(folder.card, samples, results)
        folder.write_json(RESULT_FILE, content)
        record["result"] = RESULT_FILE
    return content


def run_generation(
    folder: RunFolder, progress: Progress, *, executor: Executor | None = None
) -> dict[str, Any]:
    """Unweight events of all samples of the folder's card, in proportion to their cross sections.

    Parameters and result are those of :func:`mcsurrogate.stages.generation.run_generation`.
    """
    samples = read_samples(folder.card)
    if len(samples) == 1:
        return generate_one(folder, progress, executor=executor)
    results = {f"{_FOLDER}/{sample.name}/{RESULT_FILE}": sample for sample in samples}
    files = {name: folder.path / name for name in (RESULT_FILE, *results)}
    reference = folder.card.merging is not None and folder.card.chain.standard is not None
    makes = [EVENTS, UNMERGED] if reference else [EVENTS]
    with folder.stage("generate", reads=files, makes=makes) as record:
        if record is None:
            return dict(folder.record("generate") or {})
        parts = [read_result(_path(folder, sample)) for sample in samples]
        sizes = [part["cross_section_pb"] for part in parts]
        counts = _shares(folder.card.generation.events, sizes)
        made = []
        for sample, count in zip(samples, counts, strict=True):
            card = _card(folder.card, sample, count)
            with RunFolder(_path(folder, sample), card, resume=True) as own:
                integrate_one(own, progress, keep=True)
                made.append(generate_one(own, _named(progress, sample.name), executor=executor))
        if reference:
            # other events than the merged run's, as the report compares independent samples
            sample = samples[0]._replace(name=_UNMERGED)
            card = _card(folder.card, sample, folder.card.generation.events)
            with RunFolder(_path(folder, sample), card, resume=True) as own:
                integrate_one(own, _named(progress, sample.name), executor=executor)
                generate_one(own, _named(progress, sample.name), executor=executor)
        paths = [_path(folder, sample) / EVENTS for sample in samples]
        run, streams = _together(paths, counts)
        events = write_les_houches(
            folder.path / EVENTS,
            run,
            mixed_events(streams, counts, folder.seed("samples")),
            {"mcsurrogate_card": dump_card(folder.card)},
        )
        record.update(_summary(made), file=EVENTS, events=events)
        return dict(record)


def _path(folder: RunFolder, sample: Sample) -> Path:
    return folder.path / _FOLDER / sample.name


def _card(card: RunCard, sample: Sample, events: int | None = None) -> RunCard:
    """Card of a sample: as the run's, with seeds of its own."""
    generation: dict[str, Any] = {"events": events}
    if card.generation.seed is not None:
        generation["seed"] = stage_seed(card.generation.seed, sample.name)
    plain = card.model_copy(update={"merging": None})
    own = {"seed": stage_seed(card.seed, sample.name), "generation": generation}
    return replace_values(plain, {**own, **sample.values})


def _named(progress: Progress, name: str) -> Progress:
    def report(done: float, total: float | None, message: str) -> None:
        progress(done, total, f"{name}: {message}")

    return report


def _shares(events: int, sizes: Sequence[float]) -> list[int]:
    """Divide events in proportion to cross sections, the largest remainders rounded up."""
    if events < len(sizes) or min(sizes) <= 0:
        raise GenerationError(
            f"generation.events = {events} cannot be divided among {len(sizes)} samples with the "
            f"cross sections {', '.join(f'{size:.4g}' for size in sizes)} pb; every sample needs "
            "one event, and a positive cross section"
        )
    free = events - len(sizes)
    exact = [free * size / math.fsum(sizes) for size in sizes]
    counts = [int(part) for part in exact]
    order = sorted(range(len(sizes)), key=lambda i: counts[i] - exact[i])
    for place in order[: free - sum(counts)]:
        counts[place] += 1
    return [count + 1 for count in counts]


def _together(
    paths: Sequence[Path], counts: Sequence[int]
) -> tuple[RunInfo, list[Iterator[EventBatch]]]:
    """Put the heads of several files together; batches with the weights and processes of all.

    The mean of all weights is to be the sum of the means of the samples.
    """
    heads, streams = zip(*(read_hard_events(path) for path in paths), strict=True)
    processes, batches, first = [], list[Iterator[EventBatch]](), 0
    for head, stream, count in zip(heads, streams, counts, strict=True):
        factor, offset = sum(counts) / count, first
        processes += [
            replace(one, process_id=offset + one.process_id, max_weight=factor * one.max_weight)
            for one in head.processes
        ]
        first += max(one.process_id for one in head.processes)
        batches.append(_changed(stream, factor, offset))
    return replace(heads[0], processes=tuple(processes)), batches


def _changed(batches: Iterator[EventBatch], factor: float, offset: int) -> Iterator[EventBatch]:
    for batch in batches:
        yield replace(batch, weights=factor * batch.weights, process_id=batch.process_id + offset)


def _combined(
    card: RunCard, samples: Sequence[Sample], results: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the content of ``result.json`` for all samples."""
    sizes = [result["cross_section_pb"] for result in results]
    value = math.fsum(sizes)

    def summed(key: str) -> float:
        return math.fsum(result[key] for result in results)

    def mean(of: Callable[[Mapping[str, Any]], float]) -> float:
        parts = (size * of(one) for size, one in zip(sizes, results, strict=True))
        return math.fsum(parts) / value

    error = math.hypot(*(result["error_pb"] for result in results))
    efficiencies = [result["unweighting_efficiency"] for result in results]
    content = {
        "process": card.process.name,
        "cross_section_pb": value,
        "error_pb": error,
        "relative_std_dev": mean(lambda one: one["relative_std_dev"]),
        # as many events of each sample as its cross section says
        "unweighting_efficiency": None
        if None in efficiencies
        else 1 / mean(lambda one: 1 / one["unweighting_efficiency"]),
        "overweight_fraction": mean(lambda one: one["overweight_fraction"]),
        "effective_fraction": mean(lambda one: one["effective_fraction"]),
        "integrand_evaluations": int(summed("integrand_evaluations")),
        "seconds": summed("seconds"),
        "width_scheme": card.model.width_scheme,
        "method": ", ".join(dict.fromkeys(result["method"] for result in results)),
        "channels": int(summed("channels")),
        "seed": card.seed,
        "precision_reached": all(result["precision_reached"] for result in results),
        "warnings": [
            f"{sample.name}: {text}"
            for sample, result in zip(samples, results, strict=True)
            for text in result["warnings"]
        ],
        "samples": [
            {"name": sample.name, **{key: result[key] for key in _OF_A_SAMPLE}}
            for sample, result in zip(samples, results, strict=True)
        ],
        "definitions": _definitions(samples, results),
        "subprocesses": [
            {**one, "definition": sample.definitions[one["definition"] - 1] + 1}
            for sample, result in zip(samples, results, strict=True)
            for one in result["subprocesses"]
        ],
        "channel_cross_sections": [
            {**one, "name": f"{sample.name}: {one['name']}"}
            for sample, result in zip(samples, results, strict=True)
            for one in result["channel_cross_sections"]
        ],
    }
    if "variations" in results[0]:
        found = [result["variations"] for result in results]
        content["variations"] = combined_variations(card, found, value)
    return content


_OF_A_SAMPLE = ("process", "cross_section_pb", "error_pb", "method", "unweighting_efficiency")


def _definitions(
    samples: Sequence[Sample], results: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Cross sections of all definitions, in the order of their numbers."""
    keys = ("process", "cross_section_pb", "error_pb")
    found: dict[int, Mapping[str, Any]] = {}
    for sample, result in zip(samples, results, strict=True):
        parts = result.get("definitions") or [{key: result[key] for key in keys}]
        found.update(zip(sample.definitions, parts, strict=True))
    return [found[number] for number in sorted(found)]


def _summary(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the unweighting of all samples counted."""
    events, proposed = (sum(part[key] for part in parts) for key in ("events", "proposed"))
    efficiency = events / max(1, proposed)
    return {
        "proposed": proposed,
        "efficiency": efficiency,
        "efficiency_error": math.sqrt(efficiency * (1 - efficiency) / max(1, proposed)),
        "overweight_events": sum(part["overweight_events"] for part in parts),
        "overweight_fraction": sum(p["events"] * p["overweight_fraction"] for p in parts) / events,
        "samples": [{"file": part["file"], "events": part["events"]} for part in parts],
    }
