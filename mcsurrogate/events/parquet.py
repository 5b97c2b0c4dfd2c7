# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as Parquet: a row an event, particles as a list of records, weights by their names."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EventFileError
from mcsurrogate.events.column_batch import KEY, ColumnBatch, Layout, ReadBatch, TableHead

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["open_parquet", "write_parquet"]

_COMPRESSION_LEVEL = 3


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise EventFileError(
            "Parquet files need pyarrow: pip install 'mcsurrogate[parquet]'"
        ) from error
    return pyarrow, pyarrow.parquet


def _names(head: TableHead, columns: int) -> list[str]:
    r"""Names of the columns of weights, which Parquet has in UTF-8: another byte is ``\xe9``."""
    names = head.weight_names or [str(i) for i in range(columns)]
    return [
        name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        for name in names
    ]


def write_parquet(
    path: Path, layout: Layout, head: TableHead, batches: Iterable[ColumnBatch]
) -> int:
    """Write batches, a group of rows each, to a file that has its name only once it is whole.

    Returns
    -------
    int
        Number of events.

    Raises
    ------
    EventFileError
        If pyarrow is missing or the file cannot be written.
    """
    pa, pq = _arrow()
    try:
        with atomic_path(path) as part, part.open("wb") as stream:
            writer: Any = None
            for batch in batches:
                table = _table(pa, layout, batch, _names(head, batch.weights.shape[1]))
                if writer is None:
                    writer = _writer(pq, stream, table.schema)
                writer.write_table(table, row_group_size=max(len(batch), 1))
                head.add(batch)
            if writer is None:
                none = _empty(layout, len(head.weight_names))
                empty = _table(pa, layout, none, _names(head, len(head.weight_names)))
                writer = _writer(pq, stream, empty.schema)
            writer.add_key_value_metadata({KEY: head.text()})
            writer.close()
    except OSError as error:
        raise EventFileError(f"cannot write {path}: {error.strerror or error}") from error
    return head.count


def _writer(pq: Any, stream: object, schema: "pa.Schema") -> Any:  # noqa: ANN401 - of pyarrow
    return pq.ParquetWriter(
        stream,
        schema,
        compression="zstd",
        compression_level=_COMPRESSION_LEVEL,
        write_page_checksum=True,
        write_statistics=False,
    )


def _empty(layout: Layout, weights: int) -> ColumnBatch:
    def none(columns: Any) -> dict[str, Any]:  # noqa: ANN401
        return {name: np.zeros(0, dtype=kind) for name, kind in columns.items()}

    return ColumnBatch(
        events=none(layout.events),
        weights=np.zeros((0, weights)),
        texts=dict.fromkeys(layout.texts, ()),
        offsets={name: np.zeros(1, dtype=np.int64) for name in layout.groups},
        groups={name: none(columns) for name, columns in layout.groups.items()},
    )


def _table(pa: Any, layout: Layout, batch: ColumnBatch, weights: list[str]) -> "pa.Table":  # noqa: ANN401
    columns: dict[str, Any] = {name: pa.array(batch.events[name]) for name in layout.events}
    if weights:
        columns["weights"] = pa.StructArray.from_arrays(
            [pa.array(np.ascontiguousarray(column)) for column in batch.weights.T], weights
        )
    for name in layout.groups:
        records = batch.groups[name]
        values = pa.StructArray.from_arrays(list(map(pa.array, records.values())), list(records))
        offsets = pa.array(batch.offsets[name].astype(np.int32))
        columns[name] = pa.ListArray.from_arrays(offsets, values)
    for name in layout.texts:
        columns[name] = pa.array(batch.texts[name], type=pa.binary())
    return pa.table(columns)


def open_parquet(path: Path) -> tuple[TableHead, ReadBatch]:
    """Open a file that `write_parquet` has written: its head, and what reads a batch of it.

    Raises
    ------
    EventFileError
        If pyarrow or the file is missing, or it is damaged or another program's. Reading raises
        it, too.
    """
    pa, pq = _arrow()
    with _damage_named(path, pa):
        file = pq.ParquetFile(path, page_checksum_verification=True)
        found = (file.metadata.metadata or {}).get(KEY.encode())
    if found is None:
        raise EventFileError(
            f"{path}: has columns that `mcsurrogate convert` has not written; what they mean is "
            "unknown"
        )
    head = TableHead.parse(path, found.decode("utf-8", "replace"))

    def read(_layout: Layout, index: int, _begin: int, _stop: int) -> ColumnBatch:
        with _damage_named(path, pa):
            return _batch(pa, file.read_row_group(index))

    return head, read


@contextmanager
def _damage_named(path: Path, pa: Any) -> Iterator[None]:  # noqa: ANN401
    try:
        yield
    except (OSError, ValueError, LookupError, TypeError, MemoryError, pa.ArrowException) as error:
        reason = str(error).partition("\n")[0]
        raise EventFileError(f"{path}: cannot be read as a Parquet file: {reason}") from error


def _batch(pa: Any, table: "pa.Table") -> ColumnBatch:  # noqa: ANN401
    events, texts, offsets, groups = {}, {}, {}, {}
    weights = np.zeros((table.num_rows, 0))
    for name in table.column_names:
        column = table[name].combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # none at all
            column = pa.concat_arrays(column.chunks)
        if name == "weights":
            weights = np.stack([_numbers(field) for field in column.flatten()], axis=1)
        elif pa.types.is_list(column.type):
            at = _numbers(column.offsets).astype(np.int64)
            offsets[name] = at - at[0]
            records = column.flatten()
            groups[name] = {
                field.name: _numbers(values)
                for field, values in zip(records.type, records.flatten(), strict=True)
            }
        elif pa.types.is_binary(column.type):
            texts[name] = tuple(column.to_pylist())
        else:
            events[name] = _numbers(column)
    return ColumnBatch(events, weights, texts, offsets, groups)


def _numbers(column: "pa.Array") -> np.ndarray[Any, Any]:
    if column.null_count:
        raise ValueError("a number is missing")
    return np.asarray(column.to_numpy(zero_copy_only=False))
