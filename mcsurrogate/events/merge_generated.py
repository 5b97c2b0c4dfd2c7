# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated events of many jobs in one file, with the cross section of the whole.

Each part has an estimate of its own in its events, from those that it tried; the whole has the mean
of these, each counted as often as its part tried an event.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.conversion import read_generated_events, write_generated_events
from mcsurrogate.events.hepmc_details import HepmcRun
from mcsurrogate.progress import Progress, silent

__all__ = ["merge_generated_events"]

_CROSS_SECTION = re.compile(rb"^0 GenCrossSection (.*)$", re.MULTILINE)
_SEED = re.compile(r"\bseed = ")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What a file says of itself.

    ``estimates`` are cross section and error, of each weight, of its last event.
    """

    path: Path
    run: HepmcRun
    marks: tuple[str, ...]
    events: int
    accepted: int = 0
    tried: int = 0
    estimates: tuple[tuple[float, float], ...] = ()

    @property
    def share(self) -> int:
        """How much it counts in a mean: events that were tried, or those there are."""
        return self.tried if self.tried > 0 else self.events


def merge_generated_events(parts: Sequence[Path], target: Path, progress: Progress = silent) -> int:
    """Put files of generated events of one run together, in their order.

    Events keep their weights and all else, but for their numbers, which go on from part to part,
    and ``GenCrossSection``, which is that of the whole in every event.

    Parameters
    ----------
    parts
        What :func:`read_generated_events` reads: HepMC text, Parquet or ROOT.
    target
        As :func:`write_generated_events`.
    progress
        Is told the number of files, each of which is read twice.

    Returns
    -------
    int
        Number of events.

    Raises
    ------
    EventFileError
        If a file is damaged; if weights or attributes of the runs differ; if two hold the events of
        one seed, or only some a cross section.  No file appears.
    """
    found = []
    for number, path in enumerate(parts):
        progress(number, 2 * len(parts), f"{path.name}: cross section")
        found.append(_described(path))
    _require_one_run(found)
    whole = _whole(found)
    tools = dict.fromkeys(tool for part in found for tool in part.run.tools)

    def chunks() -> Iterator[EventChunk]:
        count = 0
        for number, part in enumerate(found):
            progress(len(parts) + number, 2 * len(parts), part.path.name)
            for chunk in read_generated_events(part.path)[1]:
                yield _renewed(chunk, count, whole)
                count += len(chunk)

    return write_generated_events(target, replace(found[0].run, tools=tuple(tools)), chunks())


def _described(path: Path) -> _Part:
    """Read a file once: its events, and the last cross section."""
    run, chunks = read_generated_events(path)
    seeds = tuple(description for *_, description in run.tools if _SEED.search(description))
    events, number, last = 0, -1, b""
    digest = hashlib.sha256()
    for chunk in chunks:
        assert chunk.details is not None
        if seeds:
            _require_order(path, chunk, number)
        number = int(chunk.event_numbers[-1]) if len(chunk) else -1
        events += len(chunk)
        last = chunk.details.attributes[-1] if len(chunk) else last
        digest.update(np.ascontiguousarray(chunk.particles).tobytes())
    marks = seeds or (f"SHA-256 of its particles {digest.hexdigest()}",)
    part = _Part(path=path, run=run, marks=marks, events=events)
    match = _CROSS_SECTION.search(last)
    if match is None:
        return part
    words = match.group(1).split()
    try:
        accepted, tried = int(words[2]), int(words[3])
        values = [float(word) for word in (*words[:2], *words[4:])]
        estimates = tuple(zip(values[::2], values[1::2], strict=True))
    except (ValueError, IndexError) as error:
        raise EventFileError(
            f"{path}: GenCrossSection {match.group(1).decode()!r} is no cross section"
        ) from error
    return replace(part, accepted=accepted, tried=tried, estimates=estimates)


def _require_order(path: Path, chunk: EventChunk, before: int) -> None:
    """Refuse a file that begins anew, as two with the same head behind each other do."""
    numbers = np.concatenate(([before], chunk.event_numbers))
    back = np.flatnonzero(np.diff(numbers) <= 0)
    if len(back):
        first, second = numbers[back[0] : back[0] + 2]
        raise EventFileError(
            f"{path}: event number {second} comes after {first}: two files in one, or the same "
            "events twice"
        )


def _require_one_run(parts: Sequence[_Part]) -> None:
    first = parts[0]
    known: dict[str, Path] = {}
    for part in parts:
        different = [
            what
            for what, one, other in (
                ("weights", part.run.weight_names, first.run.weight_names),
                ("attributes", part.run.attributes, first.run.attributes),
                ("numbers of cross sections", len(part.estimates), len(first.estimates)),
            )
            if one != other
        ]
        if different:
            raise EventFileError(
                f"{part.path}: its {different[0]} are not those of {first.path}: these are events "
                "of different runs"
            )
        for mark in part.marks:
            if mark in known:
                raise EventFileError(
                    f"{part.path}: its events are in {known[mark]} too ({mark}); give each job a "
                    "seed of its own, or --first-event"
                )
            known[mark] = part.path


@dataclass(frozen=True, slots=True)
class _Whole:
    """The attribute of the whole, and its columns."""

    line: bytes
    columns: tuple[float, float, int, int]


def _whole(parts: Sequence[_Part]) -> _Whole | None:
    """Return the cross section of all parts together; None where they have none."""
    if not parts[0].estimates:
        return None
    total = sum(part.share for part in parts)
    pairs = []
    for own in zip(*(part.estimates for part in parts), strict=True):
        weighted = list(zip(parts, own, strict=True))
        value = math.fsum(part.share * x for part, (x, _) in weighted) / total
        error = math.hypot(*(part.share * e for part, (_, e) in weighted)) / total
        pairs.append((value, error))
    told = all(part.tried > 0 for part in parts)
    counts = (sum(p.accepted for p in parts), sum(p.tried for p in parts)) if told else (-1, -1)
    texts = [f"{value!r} {error!r}" for value, error in pairs]
    line = " ".join(("0 GenCrossSection", texts[0], "{} {}".format(*counts), *texts[1:]))
    return _Whole(line.encode(), (*pairs[0], *counts))


def _renewed(chunk: EventChunk, first: int, whole: _Whole | None) -> EventChunk:
    """Return a chunk whose events are numbered from ``first`` on and have the cross section."""
    numbers = np.arange(first, first + len(chunk), dtype=chunk.event_numbers.dtype)
    if whole is None:
        return replace(chunk, event_numbers=numbers)
    assert chunk.details is not None
    attributes = tuple(_CROSS_SECTION.sub(whole.line, a) for a in chunk.details.attributes)
    return replace(
        chunk,
        event_numbers=numbers,
        cross_section=np.tile(np.array(whole.columns, dtype=np.float64), (len(chunk), 1)),
        details=replace(chunk.details, attributes=attributes),
    )
