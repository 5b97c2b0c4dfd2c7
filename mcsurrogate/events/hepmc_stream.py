# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of HepMC files with all that belongs to them, in parts."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.hepmc_details import HepmcRun
from mcsurrogate.events.hepmc_reader import EventFile

__all__ = ["read_hepmc"]


def read_hepmc(
    path: Path, first: int = 0, stop: int | None = None
) -> tuple[HepmcRun, Iterator[EventChunk]]:
    """Read a HepMC file, version 2 or 3, with the details that writing needs.

    Parameters
    ----------
    path
        Text, plain or compressed.
    first, stop
        The events to read, counted from 0; to the end if ``stop`` is None.

    Raises
    ------
    EventFileError
        If the file is missing or damaged or has fewer events than asked for; if it is several files
        of different runs, put one behind another. The iterator raises it, too.
    """
    if not 0 <= first <= (first if stop is None else stop):
        raise EventFileError(f"{path}: events {first}:{stop} are no range")
    file = EventFile(path, max_events=stop, details=True)
    chunks = file.chunks()
    begin = next(chunks, None)
    run = file.summary.run
    return run, _part(file, run, chain(() if begin is None else (begin,), chunks), first, stop)


def _part(
    file: EventFile, run: HepmcRun, chunks: Iterator[EventChunk], first: int, stop: int | None
) -> Iterator[EventChunk]:
    for chunk in chunks:
        skipped = max(first - chunk.first_event, 0)
        if skipped < len(chunk):
            yield chunk.part(skipped, len(chunk)) if skipped else chunk
        if file.summary.run != run:
            raise EventFileError(
                f"{file.path}: after {file.summary.events} events a run with other programs, "
                "weights or attributes begins; these are two files: give them one by one"
            )
    count = file.summary.events
    if count < (first if stop is None else stop):
        wanted = f"{first}:{'' if stop is None else stop}"
        raise EventFileError(f"{file.path}: events {wanted} were asked for, the file holds {count}")
