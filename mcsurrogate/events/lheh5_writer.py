# SPDX-License-Identifier: GPL-3.0-or-later
"""Writer of LHEH5 files (HDF5), version 2.6: chunked, compressed, particles by column."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any
from xml.parsers import expat

import h5py
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hard_events import EventBatch, RunInfo
from mcsurrogate.events.lhe_head import declared_weights, header_text, init_text, weight_name
from mcsurrogate.events.lheh5_layout import (
    CHUNK_CACHE,
    EVENT_COLUMNS,
    GENERATOR_COLUMNS,
    INIT_COLUMNS,
    NOMINAL,
    PARTICLE_COLUMNS,
    PROCESS_COLUMNS,
    PROCESS_TAGS,
    attribute,
    checksum,
)

__all__ = ["write_lheh5"]

_VERSION = (2, 6, 0)
# Events of a chunk; fewer where there are many weights, so that a row of chunks takes 4 MiB.
_CHUNK_ROWS, _CHUNK_BYTES = 16_384, 1 << 22
_TEXT_CHUNK = 1 << 18
# Rows are half as long at 6 than at 4, columns 1% shorter.
_COLUMN_LEVEL, _ROW_LEVEL = 4, 6
# Names of columns are an attribute, and HDF5 gives an attribute 64 KiB, 16 bytes a name.
_MOST_WEIGHTS = 4000
_GENERATOR = re.compile(r"<generator\b([^>]*?)(?:/>|>(.*?)</generator\s*>)", re.DOTALL)
_ATTRIBUTE = re.compile(r"([\w:.-]+)\s*=\s*([\"'])(.*?)\2", re.DOTALL)
# The older layout of HDF5 has no checksums of what says where the chunks are: a damaged file has
# zeros in place of a lost chunk.
_CHECKED = {"libver": ("v110", "v110")}
_FILTERS: dict[str, Any] = {
    "compression": "gzip",
    "fletcher32": True,  # damage is found when it is read
}


def write_lheh5(
    path: Path,
    run: RunInfo,
    batches: Iterable[EventBatch],
    header: Mapping[str, str] | None = None,
) -> int:
    """Write events to an LHEH5 file that appears under its name only when it is whole.

    Everything that an LHE file holds is kept: what the tables of the format lack (header, comments,
    attributes and tags of events) stands as text beside them.

    Parameters
    ----------
    path
        Name of the file.
    run
        Beams, processes, cross sections; header and init text of a file that was read.
    batches
        The events, consumed in a stream.
    header
        More text for the header block, by XML element name.

    Returns
    -------
    int
        Number of events written.

    Raises
    ------
    EventFileError
        If the weights of a batch are not those that ``run`` names, or have the name of another
        column of the format; if the file cannot be written.
    """
    path = Path(path)
    _check_weights(path, run.weight_names)
    with _new_file(path) as file:
        _write_rows(file, "version", np.array(_VERSION), ())
        _write_init(file, run)
        _write_head(file, run, header or {})
        writer = _Writer(file, run.weight_names)
        for batch in batches:
            if batch.weight_names != run.weight_names:
                raise EventFileError(
                    f"{path}: weights {batch.weight_names} in a file of {run.weight_names}"
                )
            writer.append(batch)
        _write_processes(file, run, writer.tags)
        return writer.events


@contextmanager
def _new_file(path: Path) -> Iterator[h5py.File]:
    with atomic_path(path) as part, part.open("wb+", buffering=0) as raw:
        output = _Output(raw)
        try:
            with h5py.File(output, "w", **_CHECKED, **CHUNK_CACHE) as file:
                yield file
        finally:
            # Whatever HDF5 made of it, this was first.
            if output.error is not None:
                reason = output.error.strerror
                raise EventFileError(f"cannot write {path}: {reason}") from output.error


class _Output:
    """A file for HDF5, which loses the number of an error and prints others when it is closed."""

    def __init__(self, raw: FileIO) -> None:
        self._raw = raw
        self.error: OSError | None = None
        self.read, self.readinto, self.seek, self.tell = raw.read, raw.readinto, raw.seek, raw.tell

    def write(self, data: memoryview) -> int:
        """Write all of it, or nothing after the first error."""
        self._try(lambda: self._write(data))
        return len(data)

    def truncate(self, size: int) -> int:
        """Give the file its size."""
        self._try(lambda: self._raw.truncate(size))
        return size

    def flush(self) -> None:
        """Do nothing: nothing is held back."""

    def _write(self, data: memoryview) -> None:
        while data:
            data = data[self._raw.write(data) :]

    def _try(self, step: Callable[[], object]) -> None:
        if self.error is None:
            try:
                step()
            except OSError as error:
                self.error = error


def _check_weights(path: Path, names: Sequence[str]) -> None:
    more = names[1:]
    reserved = {*EVENT_COLUMNS, *NOMINAL}
    # The reader knows the nominal weight by this name, in any letters.
    if taken := [name for name in more if name in reserved or name.casefold() == "weight"]:
        raise EventFileError(
            f"{path}: a weight cannot be called '{taken[0]}' in LHEH5, which has such a column"
        )
    if len(more) > _MOST_WEIGHTS or any("\0" in name for name in more):
        msg = f"{path}: LHEH5 holds the names of {_MOST_WEIGHTS} weights, without NUL"
        raise EventFileError(f"{msg}; there are {len(more)}")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _name_columns(data: h5py.Dataset, columns: Iterable[str]) -> None:
    """Name columns under both keys that readers look for."""
    names = _strings([_encoded(name) for name in columns])
    for key in ("properties", data.name.rpartition("/")[2]):
        data.attrs.create(key, names)


def _strings(texts: Any) -> NDArray[Any]:  # noqa: ANN401 - texts, or lists of them
    """Strings of one length: those of any length lie where HDF5 keeps no checksum."""
    array = np.array(texts, dtype=np.bytes_)
    return array.astype(h5py.string_dtype("utf-8", max(array.itemsize, 1)))


def _write_rows(
    file: h5py.File, name: str, rows: NDArray[Any], columns: Sequence[str]
) -> h5py.Dataset:
    """Write a small table, whose damage is found when it is read."""
    chunked = {"chunks": rows.shape, "fletcher32": True} if rows.size else {}
    data = file.create_dataset(name, data=rows, **chunked)
    if columns:
        _name_columns(data, columns)
    return data


def _write_init(file: h5py.File, run: RunInfo) -> None:
    beams = [*run.beams, *run.energies_gev, *run.pdf_authors, *run.pdf_ids]
    row = np.array([*beams, run.weighting_strategy, len(run.processes)], dtype=np.float64)
    _write_rows(file, "init", row, INIT_COLUMNS)


def _write_processes(file: h5py.File, run: RunInfo, tags: "_Tags") -> None:
    rows = [
        [p.process_id, *tags.of(p.process_id), p.cross_section_pb, p.error_pb, p.max_weight]
        for p in run.processes
    ]
    table = np.array(rows, dtype=np.float64).reshape(-1, len(PROCESS_COLUMNS))
    _write_rows(file, "procInfo", table, PROCESS_COLUMNS)


def _write_head(file: h5py.File, run: RunInfo, header: Mapping[str, str]) -> None:
    group = file.create_group("xml")
    group.attrs["version"] = run.version
    group.create_dataset("init", data=_numbers(init_text(run)))
    text = header_text(run, header)
    group.attrs["checksum"] = checksum(text, init_text(run))
    if _is_strict(text, run.weight_names[1:]):
        data = group.create_dataset("header", data=_strings(_encoded(text)))
        _name_columns(data, ("header",))
    else:
        group.create_dataset("text", data=_numbers(text))
    if rows := list(_generators(init_text(run))):
        data = file.create_dataset("generators", data=_strings(rows))
        _name_columns(data, GENERATOR_COLUMNS)


def _numbers(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(_encoded(text), dtype=np.uint8)


def _is_strict(text: str, weights: Sequence[str]) -> bool:
    """Whether a header is what others expect: XML that declares the weights of the events."""
    if {weight_name(name) for name in declared_weights(text)} != set(weights):
        return False
    try:
        expat.ParserCreate().Parse(_encoded(text), True)
    except expat.ExpatError:
        return False
    return text.startswith("<header") and "<weightinfo" not in text


def _generators(text: str) -> Iterator[list[bytes]]:
    for found in _GENERATOR.finditer(text):
        attributes = {name: weight_name(value) for name, _, value in _ATTRIBUTE.findall(found[1])}
        words = [attributes.pop("name", ""), attributes.pop("version", ""), found[2] or ""]
        yield [_encoded(word.replace("\0", "")) for word in (*words, json.dumps(attributes))]


class _Tags:
    """Attributes of events that `procInfo` has for each process: where all events agree."""

    def __init__(self) -> None:
        self._found: dict[int, set[tuple[float, ...]]] = {}

    def add(self, batch: EventBatch) -> None:
        texts = batch.attributes or ("",) * len(batch)
        for process, text in set(zip(batch.process_id.tolist(), texts, strict=True)):
            numbers = (attribute(text, tag) for tag in PROCESS_TAGS)
            found = tuple(np.nan if number is None else number for number in numbers)
            self._found.setdefault(process, set()).add(found)

    def of(self, process: int) -> tuple[float, ...]:
        found = self._found.get(process, set())
        return next(iter(found)) if len(found) == 1 else (np.nan,) * len(PROCESS_TAGS)


class _Writer:
    """Appends batches to the growing tables."""

    def __init__(self, file: h5py.File, weight_names: Sequence[str]) -> None:
        columns = (*EVENT_COLUMNS, NOMINAL[0], *weight_names[1:])
        self.events = 0
        self.tags = _Tags()
        self._group = file["xml"]
        # Whole rows of events: pylhe 2 takes each chunk for events.
        self._events = _growing(file, "events", columns, by_column=False)
        self._particles = _growing(file, "particles", PARTICLE_COLUMNS, by_column=True)

    def append(self, batch: EventBatch) -> None:
        """Write the events of a batch behind those that are there."""
        particles = len(batch.pdg_id)
        absent = np.full(len(batch), np.nan)
        attributes = batch.attributes or ()
        annotations = batch.annotations or ()
        columns = [
            batch.process_id,
            np.diff(batch.offsets),
            len(self._particles) + batch.offsets[:-1],
            _numbers_of(attributes, "trials") if any(attributes) else absent,
            batch.scale,
            _numbers_of(annotations, "muf", within="<scales") if any(annotations) else absent,
            _numbers_of(annotations, "mur", within="<scales") if any(annotations) else absent,
            batch.alpha_qed,
            batch.alpha_s,
            *batch.weights.T,
        ]
        _append(self._events, columns)
        momenta = [batch.momenta[:, i] for i in (1, 2, 3, 0)]
        lifetime = np.zeros(particles) if batch.lifetime is None else batch.lifetime
        helicity = np.full(particles, 9.0) if batch.helicity is None else batch.helicity
        whole = [batch.pdg_id, batch.status, *batch.parents.T, *batch.colour.T]
        _append(self._particles, [*whole, *momenta, batch.mass, lifetime, helicity])
        for name, texts in (("attributes", attributes), ("annotations", annotations)):
            self._append_texts(name, texts if any(texts) else ("",) * len(batch))
        self.tags.add(batch)
        self.events += len(batch)

    def _append_texts(self, name: str, texts: Sequence[str]) -> None:
        """Append text of events, where any has had one: the texts, and where each ends."""
        if name not in self._group:
            if not any(texts):
                return
            self._group.create_dataset(
                name, (0,), np.uint8, maxshape=(None,), chunks=(_TEXT_CHUNK,), **_FILTERS
            )
            self._group.create_dataset(
                f"{name}_end", (0,), np.int64, maxshape=(None,), chunks=(_CHUNK_ROWS,), **_FILTERS
            )
            self._group[f"{name}_end"].resize((self.events,))
        encoded = [_encoded(text) for text in texts]
        data = self._group[name]
        ends = len(data) + np.cumsum([len(text) for text in encoded])
        for target, values in (
            (data, np.frombuffer(b"".join(encoded), dtype=np.uint8)),
            (self._group[f"{name}_end"], ends),
        ):
            first = len(target)
            target.resize((first + len(values),))
            target[first:] = values


def _growing(file: h5py.File, name: str, columns: Sequence[str], by_column: bool) -> h5py.Dataset:
    rows = max(64, min(_CHUNK_ROWS, _CHUNK_BYTES // (8 * len(columns))))
    data = file.create_dataset(
        name,
        (0, len(columns)),
        np.float64,
        maxshape=(None, len(columns)),
        chunks=(rows, 1 if by_column else len(columns)),
        compression_opts=_COLUMN_LEVEL if by_column else _ROW_LEVEL,
        # bytes of one place: shorter within a column, longer among numbers of different kinds
        shuffle=by_column,
        **_FILTERS,
    )
    _name_columns(data, columns)
    return data


def _append(data: h5py.Dataset, columns: Sequence[NDArray[Any]]) -> None:
    first, rows = len(data), len(columns[0])
    data.resize((first + rows, len(columns)))
    if data.chunks[1] == 1:
        for i, column in enumerate(columns):
            data[first:, i] = np.ascontiguousarray(column, dtype=np.float64)
    else:
        data[first:] = np.stack(columns, axis=1).astype(np.float64)


def _numbers_of(texts: Sequence[str], name: str, within: str = "") -> NDArray[np.float64]:
    """Give an attribute of each text, behind the word ``within``; NaN where it has none."""
    parts = (text.partition(within)[2] if within else text for text in texts)
    found = [attribute(part, name) for part in parts]
    return np.array([np.nan if number is None else number for number in found])
