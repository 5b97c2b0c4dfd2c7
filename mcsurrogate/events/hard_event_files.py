"""Files of hard events of either format, Les Houches text or LHEH5, and parts of them."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hard_events import EventBatch, RunInfo
from mcsurrogate.events.les_houches import read_les_houches, write_les_houches
from mcsurrogate.events.lheh5 import read_lheh5
from mcsurrogate.events.lheh5_layout import SUFFIXES
from mcsurrogate.events.lheh5_writer import write_lheh5
from mcsurrogate.events.madgraph_npy import NPY_MAGIC, read_madgraph_npy
from mcsurrogate.progress import Progress, silent

__all__ = [
    "convert_hard_events",
    "count_hard_events",
    "read_hard_events",
    "write_hard_events",
]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_COMPRESSION: Final = (".gz", ".zst", ".xz")


def read_hard_events(
    path: Path, batch_size: int = 10_000, first: int = 0, stop: int | None = None
) -> tuple[RunInfo, Iterator[EventBatch]]:
    """Read a file of hard events, LHE, LHEH5 or lhe_npy by its first bytes, in batches.

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
    """
    path = Path(path)
    if not 0 <= first <= (first if stop is None else stop):
        raise EventFileError(f"{path}: events {first}:{stop} are no range")
    begin = _beginning(path)
    if begin.startswith(_HDF5):
        return read_lheh5(path, batch_size, first, stop)
    if begin.startswith(NPY_MAGIC):
        return read_madgraph_npy(path, batch_size, first, stop)
    run, batches = read_les_houches(path, batch_size)
    if first or stop is not None:
        batches = _part(path, batches, first, stop)
    return run, batches


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


@lru_cache(maxsize=16)
def _counted(path: Path, *_state: int) -> int:
    return sum(len(batch) for batch in read_hard_events(path)[1])


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(len(_HDF5))
    except OSError as error:
        raise EventFileError(f"{path}: cannot be read: {error.strerror}") from error


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
        ``.lheh5``.
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
    bare = path.with_suffix("") if path.suffix in _COMPRESSION else path
    if bare.suffix == ".lhe":
        return write_les_houches(path, run, batches, header)
    msg = f"{path}: the name of the output ends in none of .lhe (and {', '.join(_COMPRESSION)})"
    raise EventFileError(f"{msg}, {', '.join(SUFFIXES)}")


def convert_hard_events(
    source: Path, target: Path, first: int = 0, stop: int | None = None, progress: Progress = silent
) -> int:
    """Write events of a file in another format, with all that belongs to them.

    Parameters
    ----------
    source, target
        The files; `read_hard_events` and `write_hard_events` say which.
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
        If the source is damaged or has fewer events, or the target cannot hold them.
    """
    run, batches = read_hard_events(source, first=first, stop=stop)
    total = None if stop is None else float(stop - first)

    def watched() -> Iterator[EventBatch]:
        done = 0
        for batch in batches:
            yield batch
            done += len(batch)
            progress(done, total, f"{done} events")

    return write_hard_events(target, run, watched())
