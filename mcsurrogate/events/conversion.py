# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of events in another format: Les Houches, LHEH5, HepMC and columns."""

from collections.abc import Iterable, Iterator, Sized
from itertools import chain
from pathlib import Path
from typing import Final, TypeVar

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.column_files import (
    COLUMN_SUFFIXES,
    holds_columns,
    read_columns,
    table_kind,
    write_columns,
)
from mcsurrogate.events.compression import DECOMPRESSION_ERRORS, decompressed
from mcsurrogate.events.generated_table import (
    GENERATED_EVENTS,
    generated_chunks,
    generated_columns,
    generated_head,
    hepmc_run,
)
from mcsurrogate.events.hard_event_files import (
    COMPRESSION_SUFFIXES,
    HARD_EVENT_SUFFIXES,
    bare_suffix,
    first_bytes,
    read_hard_events,
    run_of_part,
    write_hard_events,
)
from mcsurrogate.events.hard_event_graphs import (
    graphs_of_hard_events,
    hard_events_of_graphs,
    hard_run,
)
from mcsurrogate.events.hepmc_details import HepmcRun
from mcsurrogate.events.hepmc_stream import read_hepmc
from mcsurrogate.events.hepmc_writer import write_hepmc
from mcsurrogate.progress import Progress, silent

__all__ = [
    "convert_events",
    "holds_generated_events",
    "read_generated_events",
    "write_generated_events",
]

_HEPMC: Final = (".hepmc", ".hepmc3")
_LISTING = b"START_EVENT_LISTING"

Batch = TypeVar("Batch", bound=Sized)


def read_generated_events(
    path: Path, first: int = 0, stop: int | None = None
) -> tuple[HepmcRun, Iterator[EventChunk]]:
    """Read generated events with all that belongs to them: HepMC text, Parquet, ROOT.

    Parameters
    ----------
    path
        The file, known by its first bytes.
    first, stop
        The events to read, counted from 0; to the end if ``stop`` is None.

    Raises
    ------
    EventFileError
        If the file is missing, damaged, or has fewer events than asked for; the iterator, too.
    """
    path = Path(path)
    if holds_columns(first_bytes(path)):
        head, batches = read_columns(path, GENERATED_EVENTS, first, stop)
        return hepmc_run(head), generated_chunks(batches)
    return read_hepmc(path, first, stop)


def write_generated_events(path: Path, run: HepmcRun, chunks: Iterable[EventChunk]) -> int:
    """Write chunks with details in the format that the name ends in; return the number of events.

    Parameters
    ----------
    path
        ``.hepmc`` or ``.hepmc3`` (version 3), compressed with a further ``.gz``, ``.zst`` or
        ``.xz``; ``.parquet`` or ``.root``.

    Raises
    ------
    EventFileError
        If the name ends in something else or the file cannot be written.
    """
    path = Path(path)
    if path.suffix in COLUMN_SUFFIXES:
        return write_columns(path, GENERATED_EVENTS, generated_head(run), generated_columns(chunks))
    if bare_suffix(path) in _HEPMC:
        return write_hepmc(path, run, chunks)
    raise EventFileError(f"{path}: the name of the output ends in none of {_endings()}")


def _endings() -> str:
    text = ", ".join((*HARD_EVENT_SUFFIXES, *_HEPMC, *COLUMN_SUFFIXES))
    return f"{text} (and behind .lhe, .hepmc, .hepmc3 {', '.join(COMPRESSION_SUFFIXES)})"


def holds_generated_events(path: Path) -> bool:
    """Whether a file holds generated events, as HepMC has them, not hard ones.

    Raises
    ------
    EventFileError
        If it cannot be read.
    """
    if holds_columns(first_bytes(path)):
        return table_kind(path) == GENERATED_EVENTS.kind
    try:
        with path.open("rb") as raw, decompressed(path, raw) as stream:
            return _LISTING in stream.read(4096)
    except DECOMPRESSION_ERRORS as error:
        raise EventFileError(f"{path}: cannot be read: {error}") from error


def convert_events(
    source: Path, target: Path, first: int = 0, stop: int | None = None, progress: Progress = silent
) -> int:
    """Write events of a file in another format, with all that belongs to them.

    Parameters
    ----------
    source, target
        The files. Hard events become any format; generated events become hard ones only where
        they were made of such by a conversion.
    first, stop
        The events, counted from 0; to the end if ``stop`` is None.
    progress
        Told the number of events.

    Returns
    -------
    int
        Number of events written.

    Raises
    ------
    EventFileError
        If the source is damaged, holds no event, has fewer events, or the target cannot hold them.
    """
    source, target = Path(source), Path(target)
    total = None if stop is None else float(stop - first)

    def watched(batches: Iterator[Batch]) -> Iterator[Batch]:
        begin = next(batches, None)
        if begin is None and first == 0 and stop is None:
            raise EventFileError(f"{source}: holds no event")
        done = 0
        for batch in chain(() if begin is None else (begin,), batches):
            yield batch
            done += len(batch)
            progress(done, total, f"{done} events")

    ending = bare_suffix(target)
    if ending not in (*HARD_EVENT_SUFFIXES, *_HEPMC, *COLUMN_SUFFIXES):
        raise EventFileError(f"{target}: the name of the output ends in none of {_endings()}")
    if holds_generated_events(source):
        run, chunks = read_generated_events(source, first, stop)
        if ending not in HARD_EVENT_SUFFIXES:
            return write_generated_events(target, run, watched(chunks))
        hard = run_of_part(hard_run(source, run), first, stop)
        return write_hard_events(target, hard, hard_events_of_graphs(source, hard, watched(chunks)))
    hard, batches = read_hard_events(source, first=first, stop=stop)
    if ending in _HEPMC:
        return write_hepmc(target, *graphs_of_hard_events(target, hard, watched(batches)))
    return write_hard_events(target, hard, watched(batches))
