# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as named columns of numbers, with the text that says what they are.

Files of columns (Parquet, ROOT) hold events in batches, and one text, `TableHead`: which kind of
events they are, the run that they belong to, and a checksum of each batch. Neither format has
checksums of everything (footers, directories, uncompressed pages), so that a reader compares.
"""

import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import EventFileError

__all__ = ["KEY", "ColumnBatch", "Layout", "ReadBatch", "TableHead"]

KEY: Final = "mcsurrogate"
"""Under which a file keeps its head."""

_FORMAT = 1
_DIGITS = 8

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Layout:
    """Names and types (of numpy) of the columns of one kind of events.

    Attributes
    ----------
    kind
        What the events are.
    events
        Columns with a number an event.
    texts
        Columns with a text an event.
    groups
        Columns with any number of numbers an event, those of a group as many as one another.
    """

    kind: str
    events: Mapping[str, str]
    texts: tuple[str, ...]
    groups: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class ColumnBatch:
    """N events as columns.

    Attributes
    ----------
    events
        ``(N,)`` each.
    weights
        ``(N, W)`` float64.
    texts
        N texts each.
    offsets
        Of each group ``(N + 1,)`` int64.
    groups
        Of each group its columns.
    """

    events: Columns
    weights: NDArray[np.float64]
    texts: dict[str, tuple[bytes, ...]]
    offsets: dict[str, NDArray[np.int64]]
    groups: dict[str, Columns]

    def __len__(self) -> int:
        return len(self.weights)

    def checksum(self) -> int:
        """CRC-32 of all numbers and texts, with their places."""
        tables = (self.events, self.offsets, *self.groups.values())
        names = [*map(list, tables), list(self.texts), list(self.groups)]
        sums = [zlib.crc32(repr(names).encode()), _crc(self.weights)]
        for table in tables:
            sums += map(_crc, table.values())
        for texts in self.texts.values():
            sums.append(zlib.crc32(b"".join(texts)))
            sums.append(_crc(np.array([len(text) for text in texts], dtype=np.int64)))
        return _crc(np.array(sums, dtype=np.uint32))

    def part(self, first: int, stop: int) -> Self:
        """Return some of the events."""
        bounds = {name: (at[first], at[stop]) for name, at in self.offsets.items()}
        return type(self)(
            events={name: column[first:stop] for name, column in self.events.items()},
            weights=self.weights[first:stop],
            texts={name: texts[first:stop] for name, texts in self.texts.items()},
            offsets={
                name: at[first : stop + 1] - bounds[name][0] for name, at in self.offsets.items()
            },
            groups={
                name: {key: column[slice(*bounds[name])] for key, column in columns.items()}
                for name, columns in self.groups.items()
            },
        )


def _crc(column: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(column).data)


@dataclass(slots=True)
class TableHead:
    """What a file of columns says of itself.

    Attributes
    ----------
    kind
        Of its layout.
    weight_names
        Of the columns of weights.
    run
        What holds for all events; its keys depend on the kind.
    batches
        Number of events and checksum of each batch.
    """

    kind: str
    weight_names: list[str]
    run: dict[str, Any]
    batches: list[tuple[int, int]] = field(default_factory=list)

    def add(self, batch: ColumnBatch) -> None:
        """Note a batch that was written."""
        self.batches.append((len(batch), batch.checksum()))

    @property
    def count(self) -> int:
        """Number of events."""
        return sum(events for events, _ in self.batches)

    def text(self) -> str:
        """Text for the file, behind its own checksum."""
        content = json.dumps({"format": _FORMAT, **asdict(self)})
        return f"{zlib.crc32(content.encode()):0{_DIGITS}x} {content}"

    @classmethod
    def parse(cls, path: Path, text: str) -> Self:
        """Read what `text` gave.

        Raises
        ------
        EventFileError
            If it is damaged or of another version.
        """
        content = text[_DIGITS + 1 :]
        if text[:_DIGITS] != f"{zlib.crc32(content.encode(errors='replace')):0{_DIGITS}x}":
            raise EventFileError(f"{path}: the text that says what the events are is damaged")
        values = json.loads(content)
        if (version := values.pop("format", None)) != _FORMAT:
            raise EventFileError(f"{path}: columns of version {version}; {_FORMAT} can be read")
        values["batches"] = [(events, checksum) for events, checksum in values["batches"]]
        return cls(**values)

    def check(self, path: Path, index: int, batch: ColumnBatch) -> None:
        """Refuse a batch that is not the one that was written.

        Raises
        ------
        EventFileError
            If it is damaged or was changed.
        """
        if self.batches[index] != (len(batch), batch.checksum()):
            first = sum(events for events, _ in self.batches[:index])
            raise EventFileError(
                f"{path}: events {first} to {first + self.batches[index][0] - 1} are damaged or "
                "were changed (their checksum is another one)"
            )


ReadBatch = Callable[[Layout, int, int, int], ColumnBatch]
"""Reads a batch: of a layout, by its number, its first event and the one behind its last."""
