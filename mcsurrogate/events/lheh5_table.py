# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of HDF5 with named columns, and what a damaged file raises, by a name."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import EventFileError

__all__ = ["Columns", "Table", "damage_named", "text_of"]

# What h5py raises for a file that is damaged, by what is damaged.
_DAMAGE = (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError, MemoryError)

Columns = dict[str, NDArray[np.float64]]


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Turn what a damaged file raises into a named error."""
    try:
        yield
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or error.args[-1] if error.args else error
        raise EventFileError(f"{path}: cannot be read as an LHEH5 file: {reason}") from error


def text_of(value: object) -> str:
    """Give a string of HDF5, of whatever kind, as text."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _shares(size: int, of_chunk: int) -> int:
    return -(-size // of_chunk)


class Table:
    """A data set of rows with named columns."""

    def __init__(self, path: Path, file: h5py.File, name: str, default: Sequence[str]) -> None:
        self._path, self._name = path, name
        with damage_named(path):
            self._data = file[name]
            shape, kind = self._data.shape, self._data.dtype.kind
            named = [key for key in ("properties", name) if key in self._data.attrs]
            names = self._data.attrs[named[0]] if named else list(default)[: shape[-1]]
            self.names = [text_of(word) for word in names]
            chunks = self._data.chunks
            there = None if chunks is None else self._data.id.get_num_chunks()
        # HDF5 gives zeros in place of a chunk that is lost, or of rows that were never written
        if chunks is not None and there != math.prod(map(_shares, shape, chunks)):
            raise EventFileError(f"{path}: '{name}' lacks some of its rows: damaged or cut off")
        self.by_column = chunks is not None and chunks[-1] == 1
        self.rows = int(shape[0]) if len(shape) == 2 else 1
        fits = len(shape) in {1, 2} and shape[-1] == len(self.names) and kind in "iuf"
        if not fits or len(set(self.names)) < len(self.names):
            raise EventFileError(f"{path}: '{name}' has shape {shape} and the columns {self.names}")

    def read(self, names: Sequence[str], first: int, stop: int) -> Columns:
        """Columns of some rows, as float64."""
        if missing := [name for name in names if name not in self.names]:
            raise EventFileError(f"{self._path}: '{self._name}' lacks the column '{missing[0]}'")
        at = [self.names.index(name) for name in names]
        with damage_named(self._path):
            if self.by_column and self._data.ndim == 2:
                columns = [self._data[first:stop, j] for j in at]
            else:
                block = np.atleast_2d(self._data[()] if self.rows == 1 else self._data[first:stop])
                columns = [block[:, j] for j in at]
        return {
            name: np.asarray(column, dtype=np.float64)
            for name, column in zip(names, columns, strict=True)
        }
