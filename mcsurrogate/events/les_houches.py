# SPDX-License-Identifier: GPL-3.0-or-later
"""Les Houches event files, versions 1.0 to 3.0, written and read in a stream.

The format is that of hep-ph/0609017 with the named weights of LHE 3.0 (arXiv:1405.1067).
Numbers are written with all their digits, so that events read back are the events written, bit
for bit; what the columns do not hold (attributes of events, scales, clusterings, comments,
headers) is kept as text.
"""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.compression import (
    DECOMPRESSION_ERRORS,
    compressed_text,
    decompressed,
    new_file,
    new_text_file,
)
from mcsurrogate.events.hard_events import EventBatch, RunInfo
from mcsurrogate.events.lhe_head import (
    announced_events,
    end_of_head,
    format_head,
    parse_head,
    weight_id,
    weight_name,
)
from mcsurrogate.native import native_module

__all__ = [
    "EventText",
    "event_columns",
    "event_text",
    "read_les_houches",
    "write_event_texts",
    "write_les_houches",
]

_BLOCK = 1 << 20
_LONGEST_EVENT = 1 << 28
# A header whose comment is open for so long was not meant to be XML.
_LONGEST_COMMENT = 1 << 24
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_END = b"</LesHouchesEvents>\n"


def write_les_houches(
    path: Path,
    run: RunInfo,
    batches: Iterable[EventBatch],
    header: Mapping[str, str] | None = None,
) -> int:
    """Write events to an LHE file that appears under its name only when it is whole.

    Parameters
    ----------
    path
        Name of the file; the endings ``.gz``, ``.zst`` and ``.xz`` compress it.
    run
        Beams, processes, cross sections; header and init text of a file that was read.
    batches
        The events, consumed in a stream.
    header
        More text for the header block, by XML element name (the resolved card, say).

    Returns
    -------
    int
        Number of events written.

    Raises
    ------
    EventFileError
        If the weights of a batch are not those that ``run`` names, or the file cannot be written.
    """
    count = 0
    with new_text_file(Path(path)) as stream:
        stream.write(_head(run, header))
        for batch in batches:
            stream.write(_text(path, run, batch))
            count += len(batch)
        stream.write(_END)
    return count


class EventText(NamedTuple):
    """Events as they stand in a file: compressed text, complete in itself, and their number."""

    content: bytes
    events: int


def event_text(path: Path, run: RunInfo, batch: EventBatch) -> EventText:
    """Return events as the text that :func:`write_event_texts` puts into a file.

    Parameters are those of :func:`write_les_houches`, as the errors are.
    """
    return EventText(compressed_text(path, _text(path, run, batch)), len(batch))


def write_event_texts(
    path: Path,
    run: RunInfo,
    texts: Iterable[EventText],
    header: Mapping[str, str] | None = None,
) -> int:
    """Write an LHE file as :func:`write_les_houches` does, from events that are text already.

    A compressed file is a sequence of members, which every reader takes for one text.
    """
    count = 0
    with new_file(path) as raw:
        raw.write(compressed_text(path, _head(run, header)))
        for text in texts:
            raw.write(text.content)
            count += text.events
        raw.write(compressed_text(path, _END))
    return count


def _head(run: RunInfo, header: Mapping[str, str] | None) -> bytes:
    return format_head(run, header or {}).encode("utf-8", "surrogateescape")


def _text(path: Path, run: RunInfo, batch: EventBatch) -> bytes:
    if batch.weight_names != run.weight_names:
        raise EventFileError(
            f"{path}: weights {batch.weight_names} in a file of {run.weight_names}"
        )
    ids = [weight_id(name).encode("utf-8", "surrogateescape") for name in run.weight_names[1:]]
    columns = event_columns(batch) | {"extra_weight_names": ids}
    text: bytes = native_module().lhe_text(columns)
    return text


def event_columns(batch: EventBatch) -> dict[str, Any]:
    """Columns of a batch for the compiled module; nothing is copied that has the right type."""
    columns: dict[str, Any] = {"offsets": np.ascontiguousarray(batch.offsets, dtype=np.int64)}
    for name in ("pdg_id", "status", "parents", "colour", "process_id"):
        columns[name] = np.ascontiguousarray(getattr(batch, name), dtype=np.int32)
    for name in ("momenta", "mass", "weights", "scale", "alpha_s", "alpha_qed"):
        columns[name] = np.ascontiguousarray(getattr(batch, name), dtype=np.float64)
    for name in ("helicity", "lifetime"):
        if (values := getattr(batch, name)) is not None:
            columns[name] = np.ascontiguousarray(values, dtype=np.float64)
    for name in ("attributes", "annotations"):
        if (texts := getattr(batch, name)) is not None:
            columns[name] = [text.encode("utf-8", "surrogateescape") for text in texts]
    columns["extra_weight_names"] = [
        name.encode("utf-8", "surrogateescape") for name in batch.weight_names[1:]
    ]
    return columns


def read_les_houches(path: Path, batch_size: int = 10_000) -> tuple[RunInfo, Iterator[EventBatch]]:
    """Read an LHE file (plain, gzip, zstd, bzip2 or xz) in a stream of batches.

    Nothing is left out: what cannot be understood is an error. Weights are found by name,
    whatever their order: those of ``<rwgt>``, also undeclared ones, and those of ``<weights>``
    in the order of the header. Fortran's exponents are read.

    Parameters
    ----------
    path
        The file.
    batch_size
        Events a batch; memory does not depend on the length of the file.

    Returns
    -------
    RunInfo, iterator of EventBatch

    Raises
    ------
    EventFileError
        If the file is missing, not an LHE file, damaged, cut short, or two files in one; if an
        event has other weights than the first one. The text names the line. The iterator raises
        it, too, after the batches before the damage.

    Warns
    -----
    UserWarning
        If the header names weights and the events have none; from the iterator, if ``<init>``
        announces another number of events (``neve``) than there are.
    """
    path = Path(path)
    with _stream(path) as stream:
        run, events = _open(path, stream)
        events.fill(1)
        names = events.weight_names()
    if len(run.weight_names) > 0 and len(names) == 0 and events.parser.held:
        warnings.warn(
            f"{path}: the header names {len(run.weight_names)} weights, the events have none",
            stacklevel=2,
        )
    # A weight of the file may have the name that we give to XWGTUP.
    first = "nominal" if "nominal" not in names else "XWGTUP"
    run = replace(run, weight_names=(first, *names))
    return run, _batches(path, run, batch_size)


def _batches(path: Path, run: RunInfo, batch_size: int) -> Iterator[EventBatch]:
    with _stream(path) as stream:
        _, events = _open(path, stream)
        count = 0
        while events.fill(batch_size):
            batch = _batch(events.parser.take(), run.weight_names)
            count += len(batch)
            yield batch
    announced = announced_events(run.init_text)
    if announced is not None and announced != count:
        warnings.warn(
            f"{path}: <init> announces {announced} events (neve), the file holds {count}",
            stacklevel=2,
        )


@contextmanager
def _stream(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as raw, decompressed(path, raw) as stream:
            yield stream
    except DECOMPRESSION_ERRORS as error:
        reason = getattr(error, "strerror", None) or error
        raise EventFileError(f"{path}: cannot be read as an LHE file: {reason}") from error


class _Events:
    """The text behind the init block, handed to the parser block by block."""

    def __init__(
        self, path: Path, stream: IO[bytes], text: bytes, declared: list[bytes], line: int
    ) -> None:
        self.parser = native_module().LheParser(str(path), declared, line)
        self._path = path
        self._stream = stream
        self._text = text
        self._last = False

    def fill(self, events: int) -> int:
        """Read until the parser holds so many events or the file ends; how many it holds."""
        start = 0
        while True:
            start += self.parser.parse(memoryview(self._text)[start:], events, self._last)
            if self._last or self.parser.held >= events:
                break
            block = self._stream.read(_BLOCK)
            self._last = not block
            self._text = self._text[start:] + block
            start = 0
            if len(self._text) > _LONGEST_EVENT:
                raise EventFileError(
                    f"{self._path}: {_LONGEST_EVENT >> 20} MiB of text without a whole event"
                )
        self._text = self._text[start:]
        held: int = self.parser.held
        return held

    def weight_names(self) -> tuple[str, ...]:
        written = [name.decode("utf-8", "surrogateescape") for name in self.parser.weight_names]
        return tuple(weight_name(name) for name in written)


def _open(path: Path, stream: IO[bytes]) -> tuple[RunInfo, _Events]:
    """Read the text up to the events; the run has the names of the header, as written."""
    text = stream.read(_BLOCK).removeprefix(_BYTE_ORDER_MARK)
    if b"<LesHouchesEvents" not in text:
        raise EventFileError(
            f"{path}: cannot be read as an LHE file: it does not begin with <LesHouchesEvents>"
        )
    last = False
    while (end := end_of_head(text, last or len(text) > _LONGEST_COMMENT)) is None:
        if last or len(text) > _LONGEST_EVENT:
            raise EventFileError(f"{path}: cannot be read as an LHE file: </init> is missing")
        block = stream.read(len(text))
        last = not block
        text += block
    head = text[: text.rfind(b"<", 0, end)]
    run = parse_head(path, head.decode("utf-8", "surrogateescape"))
    declared = [name.encode("utf-8", "surrogateescape") for name in run.weight_names]
    line = 1 + text.count(b"\n", 0, end)
    return run, _Events(path, stream, text[end:], declared, line)


def _batch(columns: dict[str, Any], names: tuple[str, ...]) -> EventBatch:
    for name in ("attributes", "annotations"):
        if name in columns:
            columns[name] = tuple(text.decode("utf-8", "surrogateescape") for text in columns[name])
    return EventBatch(**columns, weight_names=names)
