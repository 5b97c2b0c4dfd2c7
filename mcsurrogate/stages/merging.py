# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of many jobs in one file: of one run, and none of them twice."""

import hashlib
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import fields
from html import unescape
from pathlib import Path
from typing import NamedTuple

from mcsurrogate.cards import GenerationSection
from mcsurrogate.errors import EventFileError
from mcsurrogate.events import (
    EventBatch,
    RunInfo,
    header_elements,
    holds_generated_events,
    merge_generated_events,
    read_hard_events,
    write_hard_events,
)
from mcsurrogate.progress import Progress, silent
from mcsurrogate.validation import is_partial, merge_partials

__all__ = ["merge_events"]

_PARTS, _CARD = "mcsurrogate_parts", "mcsurrogate_card"


class _Stretch(NamedTuple):
    """Events of a sequence: those of a seed, or all of a file that no card explains (None)."""

    sequence: str
    first: int
    events: int | None


def merge_events(parts: Sequence[Path], target: Path, progress: Progress = silent) -> int:
    """Put files of events of one run together, in their order.

    Hard events are of one run if beams, processes, cross sections, strategy and weights are the
    same: each event keeps its weight, and the mean of all is the cross section still.  Generated
    events get the cross section of all, :func:`mcsurrogate.events.merge_generated_events`.

    Parameters
    ----------
    parts
        Files of hard events, or of generated events (HepMC, Parquet, ROOT).
    target
        As :func:`mcsurrogate.events.write_hard_events` or
        :func:`mcsurrogate.events.write_generated_events`; or ends in ``.observables``, as all parts
        then do, :func:`mcsurrogate.validation.merge_partials`.
    progress
        Is told the number of files.

    Returns
    -------
    int
        Number of events.

    Raises
    ------
    EventFileError
        If a file is damaged, of another run, or holds events that another one holds; no file
        appears.
    """
    if target.exists() and any(part.exists() and target.samefile(part) for part in parts):
        raise EventFileError(f"{target}: is one of the files that are read; give another name")
    sums = [is_partial(path) for path in (target, *parts)]
    if all(sums):
        return merge_partials(parts, target, progress)
    if any(sums):
        odd = (target, *parts)[sums.index(True)]
        raise EventFileError(f"{odd}: sums of observables and events have no file in common")
    kinds = [holds_generated_events(part) for part in parts]
    if all(kinds):
        return merge_generated_events(parts, target, progress)
    if any(kinds):
        odd = parts[kinds.index(not kinds[0])]
        raise EventFileError(f"{odd}: hard and generated events have no file in common")
    heads = [read_hard_events(part)[0] for part in parts]
    known: list[tuple[Path, _Stretch]] = []
    for part, own in zip(parts, heads, strict=True):
        _require_same(parts[0], heads[0], part, own)
        for stretch in _stretches(part, own):
            _require_new(known, part, stretch)
            known.append((part, stretch))

    def batches() -> Iterator[EventBatch]:
        for number, part in enumerate(parts):
            progress(number, len(parts), part.name)
            count = 0
            for batch in read_hard_events(part)[1]:
                count += len(batch)
                yield batch
            announced = [s.events for path, s in known if path == part]
            if None not in announced and count != sum(event or 0 for event in announced):
                raise EventFileError(
                    f"{part}: holds {count} events, and {sum(e or 0 for e in announced)} by the "
                    "card in its header: merge whole files"
                )

    lines = [f"{s.sequence} {s.first} {s.events or 0}" for _, s in known]
    return write_hard_events(target, heads[0], batches(), {_PARTS: "\n".join(lines)})


def _require_same(first: Path, run: RunInfo, part: Path, own: RunInfo) -> None:
    for field in fields(RunInfo):
        one, other = getattr(run, field.name), getattr(own, field.name)
        if field.compare and one != other:
            raise EventFileError(
                f"{part}: its {field.name} {other} are not those of {first}, {one}: these are "
                "events of different runs, and their weights have no common meaning"
            )


def _require_new(known: list[tuple[Path, _Stretch]], part: Path, own: _Stretch) -> None:
    for path, other in known:
        if own.sequence != other.sequence:
            continue
        if own.events is None or other.events is None:
            raise EventFileError(f"{part}: its events are in {path} too")
        first = max(own.first, other.first)
        stop = min(own.first + own.events, other.first + other.events)
        if first < stop:
            raise EventFileError(
                f"{part}: its events {first} to {stop - 1} of {own.sequence} are in {path} too; "
                "give each job a seed of its own, or --first-event"
            )


def _stretches(part: Path, run: RunInfo) -> list[_Stretch]:
    elements = dict(header_elements(run.header))  # of several with one name, the last
    texts = {name.rpartition(".")[2]: unescape(text) for name, text in elements.items()}
    try:
        if _PARTS in texts:
            rows = [line.split() for line in texts[_PARTS].splitlines()]
            return [_Stretch(name, int(a), int(n) or None) for name, a, n in rows]
        if _CARD in texts:
            card = tomllib.loads(texts[_CARD])
            made = GenerationSection.model_validate(card.get("generation", {}))
            return [_Stretch(f"seed={made.seed or card['seed']}", made.first_event, made.events)]
    except (ValueError, KeyError, AttributeError) as error:
        raise EventFileError(f"{part}: the card in its header is damaged: {error}") from error
    with part.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return [_Stretch(f"file={digest[:16]}", 0, None)]
