# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of columns, Parquet or ROOT, written by their names and read by their first bytes."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.column_batch import ColumnBatch, Layout, ReadBatch, TableHead
from mcsurrogate.events.parquet import open_parquet, write_parquet

__all__ = ["COLUMN_SUFFIXES", "holds_columns", "read_columns", "table_kind", "write_columns"]

COLUMN_SUFFIXES: Final = (".parquet", ".root")
_PARQUET, _ROOT = b"PAR1", b"root"


def holds_columns(beginning: bytes) -> bool:
    """Whether these are the first bytes of a file of columns."""
    return beginning.startswith((_PARQUET, _ROOT))


def _opened(path: Path) -> tuple[TableHead, ReadBatch]:
    with path.open("rb") as stream:
        parquet = stream.read(len(_PARQUET)) == _PARQUET
    if parquet:
        return open_parquet(path)
    from mcsurrogate.events.root import open_root  # awkward takes a while to import

    return open_root(path)


def table_kind(path: Path) -> str:
    """Tell what the events of a file of columns are.

    Raises
    ------
    EventFileError
        If the file cannot be read.
    """
    return _opened(path)[0].kind


def read_columns(
    path: Path, layout: Layout, first: int = 0, stop: int | None = None
) -> tuple[TableHead, Iterator[ColumnBatch]]:
    """Read a file of columns that was written by `write_columns`, in batches.

    Parameters
    ----------
    layout
        What the events must be.
    first, stop
        The events, counted from 0; to the end if ``stop`` is None. No others are read.

    Raises
    ------
    EventFileError
        If the file cannot be read, holds other events, or fewer than asked for.
    """
    head, read = _opened(path)
    if head.kind != layout.kind:
        raise EventFileError(f"{path}: holds {head.kind}, not {layout.kind}")
    last = head.count if stop is None else stop
    if not 0 <= first <= last <= head.count:
        msg = f"{path}: events {first}:{last} were asked for, the file holds {head.count}"
        raise EventFileError(msg)
    return head, _batches(path, head, partial(read, layout), first, last)


def _batches(
    path: Path, head: TableHead, read: Callable[[int, int, int], ColumnBatch], first: int, stop: int
) -> Iterator[ColumnBatch]:
    begin = 0
    for index, (events, _) in enumerate(head.batches):
        low, high = max(first - begin, 0), min(stop - begin, events)
        if low < high:
            batch = read(index, begin, begin + events)
            head.check(path, index, batch)
            yield batch if (low, high) == (0, events) else batch.part(low, high)
        begin += events


def write_columns(
    path: Path, layout: Layout, head: TableHead, batches: Iterable[ColumnBatch]
) -> int:
    """Write a file of columns in the format that its name ends in; return the number of events.

    Raises
    ------
    EventFileError
        If what the format needs is not installed, or the file cannot be written.
    """
    if path.suffix == ".parquet":
        return write_parquet(path, layout, head, batches)
    from mcsurrogate.events.root import write_root

    return write_root(path, layout, head, batches)
