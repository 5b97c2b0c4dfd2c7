# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of hard events of any format, and parts of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.column_files import (
    COLUMN_SUFFIXES,
    holds_columns,
    read_columns,
    write_columns,
)
from mcsurrogate.events.hard_event_table import (
    HARD_EVENTS,
    hard_batches,
    hard_columns,
    hard_head,
    run_of_values,
)
from mcsurrogate.events.hard_events import EventBatch, RunInfo
from mcsurrogate.events.les_houches import read_les_houches, write_les_houches
from mcsurrogate.events.lhe_head import announced_events, header_text, with_announced_events
from mcsurrogate.events.lheh5 import read_lheh5
from mcsurrogate.events.lheh5_layout import SUFFIXES
from mcsurrogate.events.lheh5_writer import write_lheh5
from mcsurrogate.events.madgraph_npy import HEADER, NPY_MAGIC, read_madgraph_npy

__all__ = [
    "COMPRESSION_SUFFIXES",
    "HARD_EVENT_SUFFIXES",
    "bare_suffix",
    "count_hard_events",
    "first_bytes",
    "hard_event_parts",
    "read_hard_events",
    "require_hard_events",
    "run_of_part",
    "write_hard_events",
]

_HDF5 = b"\x89HDF\r\n\x1a\n"
COMPRESSION_SUFFIXES: Final = (".gz", ".zst", ".xz")
HARD_EVENT_SUFFIXES: Final = (".lhe", *SUFFIXES)


def read_hard_events(
    path: Path, batch_size: int = 10_000, first: int = 0, stop: int | None = None
) -> tuple[RunInfo, Iterator[EventBatch]]:
    """Read a file of hard events in batches: LHE, LHEH5, lhe_npy, Parquet, ROOT by its first bytes.

    Parameters
    ----------
    path
        The file.
    batch_size
        Events a batch, at most.
    first, stop
        The events to read, counted from 0; to the end if ``stop`` is None.

    Raises
    ------
    EventFileError
        If the file is missing, damaged, or has fewer events than asked for; the iterator, too.

    Notes
    -----
    The text of ``<init>`` of a part announces (``neve``) its own number of events.
    """
    path = Path(path)
    if not 0 <= first <= (first if stop is None else stop):
        raise EventFileError(f"{path}: events {first}:{stop} are no range")
    run, batches = _opened(path, batch_size, first, stop)
    return run_of_part(run, first, stop), batches


def run_of_part(run: RunInfo, first: int, stop: int | None) -> RunInfo:
    """Run of some of its events, whose text of ``<init>`` announces their number."""
    whole = announced_events(run.init_text)
    if whole is None or (first == 0 and stop is None):
        return run
    count = max((whole if stop is None else stop) - first, 0)
    return replace(run, init_text=with_announced_events(run.init_text, count))


def _opened(
    path: Path, batch_size: int, first: int, stop: int | None
) -> tuple[RunInfo, Iterator[EventBatch]]:
    begin = first_bytes(path)
    if begin.startswith(_HDF5):
        return read_lheh5(path, batch_size, first, stop)
    if begin.startswith(NPY_MAGIC):
        return read_madgraph_npy(path, batch_size, first, stop)
    if holds_columns(begin):
        head, columns = read_columns(path, HARD_EVENTS, first, stop)
        run = run_of_values(head.run)
        return run, _divided(hard_batches(columns, run), batch_size)
    run, batches = read_les_houches(path, batch_size)
    if first or stop is not None:
        batches = _part(path, batches, first, stop)
    return run, batches


def hard_event_parts(path: Path) -> dict[str, Path]:
    """Files that hold a sample of hard events, by what they are: the events, what lies beside them.

    Raises
    ------
    EventFileError
        If the file is missing or cannot be read.
    """
    path = Path(path)
    beside = first_bytes(path).startswith(NPY_MAGIC)
    return {"events": path, **({"header": path.with_name(HEADER)} if beside else {})}


def count_hard_events(path: Path) -> int:
    """Count the events of a file, each of them read and checked: once, unless the file changes.

    Raises
    ------
    EventFileError
        If the file is missing or damaged.
    """
    path = Path(path)
    try:
        state = path.stat()
    except OSError as error:
        raise EventFileError(f"{path}: cannot be read: {error.strerror}") from error
    return _counted(path, state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns)


def require_hard_events(path: Path) -> int:
    """Count the events of a file that must hold some.

    Raises
    ------
    EventFileError
        If the file is missing, damaged, or holds no event.
    """
    count = count_hard_events(path)
    if count == 0:
        raise EventFileError(f"{path}: holds no event")
    return count


@lru_cache(maxsize=16)
def _counted(path: Path, *_state: int) -> int:
    return sum(len(batch) for batch in read_hard_events(path)[1])


def first_bytes(path: Path) -> bytes:
    """Bytes by which a format is recognised."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_HDF5))
    except OSError as error:
        raise EventFileError(f"{path}: cannot be read: {error.strerror}") from error


def _divided(batches: Iterator[EventBatch], size: int) -> Iterator[EventBatch]:
    for batch in batches:
        for begin in range(0, len(batch), size):
            yield batch[begin : begin + size]


def _part(
    path: Path, batches: Iterator[EventBatch], first: int, stop: int | None
) -> Iterator[EventBatch]:
    count = 0
    for batch in batches:
        end = len(batch) if stop is None else min(max(stop - count, 0), len(batch))
        part = batch[max(first - count, 0) : end]
        count += len(batch)
        if len(part):
            yield part
        if stop is not None and count >= stop:
            return
    if count < (first if stop is None else stop):
        msg = f"{path}: events {first}:{'' if stop is None else stop} were asked for, "
        raise EventFileError(f"{msg}the file holds {count}")


def write_hard_events(
    path: Path,
    run: RunInfo,
    batches: Iterable[EventBatch],
    header: Mapping[str, str] | None = None,
) -> int:
    """Write a file of hard events in the format that its name ends in.

    Parameters
    ----------
    path
        ``.lhe``, compressed with a further ``.gz``, ``.zst`` or ``.xz``; ``.h5``, ``.hdf5`` or
        ``.lheh5``; ``.parquet`` or ``.root``.
    run, batches, header
        As `write_les_houches` takes them.

    Returns
    -------
    int
        Number of events written.

    Raises
    ------
    EventFileError
        If the name ends in something else, or the format cannot hold the events.
    """
    path = Path(path)
    if path.suffix in SUFFIXES:
        return write_lheh5(path, run, batches, header)
    if path.suffix in COLUMN_SUFFIXES:
        if header:
            run = replace(run, header=header_text(run, header))
        return write_columns(path, HARD_EVENTS, hard_head(run), hard_columns(batches))
    if bare_suffix(path) == ".lhe":
        return write_les_houches(path, run, batches, header)
    endings = (*HARD_EVENT_SUFFIXES, *COLUMN_SUFFIXES)
    raise EventFileError(
        f"{path}: the name of the output ends in none of {', '.join(endings)} "
        f"(and behind .lhe {', '.join(COMPRESSION_SUFFIXES)})"
    )


def bare_suffix(path: Path) -> str:
    """Give the ending of a name, without that of its compression."""
    return (path.with_suffix("") if path.suffix in COMPRESSION_SUFFIXES else path).suffix
