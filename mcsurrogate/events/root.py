# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as a tree of ROOT: branches of numbers, those of particles with a counter."""

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EventFileError
from mcsurrogate.events.column_batch import KEY, ColumnBatch, Layout, ReadBatch, TableHead

__all__ = ["open_root", "write_root"]

_TREE = "events"
_LEVEL = 5
# What uproot raises for damaged files, by what is damaged.
_DAMAGE = (
    OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, AssertionError,
    RuntimeError, MemoryError, EOFError, struct.error,
)  # fmt: skip


def _uproot() -> Any:  # noqa: ANN401 - a module
    try:
        import uproot
    except ImportError as error:
        raise EventFileError("ROOT files need uproot: pip install 'mcsurrogate[root]'") from error
    return uproot


def write_root(path: Path, layout: Layout, head: TableHead, batches: Iterable[ColumnBatch]) -> int:
    """Write batches, a basket of each branch each, to a file that has its name once it is whole.

    Branches of a group are ``GROUP_COLUMN`` with the counter ``nGROUP``; texts are bytes with a
    counter; `weights` is an array in the order of the head's names. The head is the string
    ``mcsurrogate`` beside the tree ``events``.

    Returns
    -------
    int
        Number of events.

    Raises
    ------
    EventFileError
        If uproot is missing or the file cannot be written.
    """
    uproot = _uproot()
    try:
        with (
            atomic_path(path) as part,
            part.open("wb+") as stream,
            uproot.recreate(stream, compression=uproot.ZSTD(_LEVEL)) as file,
        ):
            tree = None
            for batch in batches:
                if tree is None:
                    tree = file.mktree(_TREE, _types(layout, batch.weights.shape[1]))
                tree.extend(_branches(layout, batch))
                head.add(batch)
            if tree is None:
                file.mktree(_TREE, _types(layout, len(head.weight_names)))
            file[KEY] = head.text()
    except OSError as error:
        raise EventFileError(f"cannot write {path}: {error.strerror or error}") from error
    return head.count


def _types(layout: Layout, weights: int) -> dict[str, Any]:
    types: dict[str, Any] = dict(layout.events)
    types["weights"] = np.dtype((np.float64, (weights,)))
    for name, columns in layout.groups.items():
        fields = ", ".join(f"{key}: {np.dtype(kind).name}" for key, kind in columns.items())
        types[name] = ak.types.from_datashape(f"var * {{{fields}}}", highlevel=False)
    for name in layout.texts:
        types[name] = ak.types.from_datashape("var * uint8", highlevel=False)
    return types


def _jagged(offsets: NDArray[np.int64], content: Any) -> ak.Array:  # noqa: ANN401
    return ak.Array(ak.contents.ListOffsetArray(ak.index.Index64(offsets), content))


def _branches(layout: Layout, batch: ColumnBatch) -> dict[str, Any]:
    branches: dict[str, Any] = {name: batch.events[name] for name in layout.events}
    branches["weights"] = batch.weights
    for name, columns in batch.groups.items():
        values = [ak.contents.NumpyArray(np.ascontiguousarray(c)) for c in columns.values()]
        records = ak.contents.RecordArray(values, list(columns))
        branches[name] = _jagged(batch.offsets[name], records)
    for name in layout.texts:
        texts = batch.texts[name]
        ends = np.concatenate(([0], np.cumsum([len(text) for text in texts]))).astype(np.int64)
        characters = np.frombuffer(b"".join(texts), dtype=np.uint8)
        branches[name] = _jagged(ends, ak.contents.NumpyArray(characters))
    return branches


def open_root(path: Path) -> tuple[TableHead, ReadBatch]:
    """Open a file that `write_root` has written: its head, and what reads a batch of it.

    Raises
    ------
    EventFileError
        If uproot or the file is missing, or it is damaged or another program's. Reading raises
        it, too.
    """
    uproot = _uproot()
    with _damage_named(path):
        file = uproot.open(Path(path))
        strange = KEY not in file
        found = "" if strange else str(file[KEY])
    if strange:
        raise EventFileError(
            f"{path}: has no events that `mcsurrogate convert` has written; what else it holds is "
            "unknown"
        )
    head = TableHead.parse(path, found)

    def read(layout: Layout, _index: int, begin: int, end: int) -> ColumnBatch:
        with _damage_named(path):
            return _batch(layout, file[_TREE], begin, end)

    return head, read


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    import cramjam  # unpacks for uproot
    from uproot.deserialization import DeserializationError
    from uproot.interpretation.identify import UnknownInterpretation

    try:
        yield
    except (
        *_DAMAGE, cramjam.DecompressionError, DeserializationError, UnknownInterpretation
    ) as error:  # fmt: skip
        reason = str(error).strip().partition("\n")[0]
        raise EventFileError(f"{path}: cannot be read as a ROOT file: {reason}") from error


def _batch(layout: Layout, tree: Any, begin: int, end: int) -> ColumnBatch:  # noqa: ANN401
    def branch(name: str) -> Any:  # noqa: ANN401
        return tree[name].array(entry_start=begin, entry_stop=end, library="ak")

    def numbers(values: Any) -> NDArray[Any]:  # noqa: ANN401
        array = np.asarray(ak.to_numpy(values))
        return array.astype(array.dtype.newbyteorder("="))

    def flat(name: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
        values = branch(name)
        counts = numbers(ak.num(values, axis=1))
        return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), numbers(
            ak.flatten(values)
        )

    texts, offsets, groups = {}, {}, {}
    for name, columns in layout.groups.items():
        read = {key: flat(f"{name}_{key}") for key in columns}
        groups[name] = {key: values for key, (_, values) in read.items()}
        offsets[name] = next(iter(read.values()))[0]
        if any(not np.array_equal(at, offsets[name]) for at, _ in read.values()):
            raise ValueError(f"the branches of {name} have different lengths")
    for name in layout.texts:
        at, characters = flat(name)
        whole = characters.tobytes()
        texts[name] = tuple(whole[a:b] for a, b in pairwise(at))
    return ColumnBatch(
        events={name: numbers(branch(name)) for name in layout.events},
        weights=numbers(branch("weights")),
        texts=texts,
        offsets=offsets,
        groups=groups,
    )
