# SPDX-License-Identifier: GPL-3.0-or-later
"""A check of HDF5's heaps of strings, in which a damaged length is an endless loop for HDF5."""

import mmap
from collections.abc import Iterator
from pathlib import Path

from mcsurrogate.errors import EventFileError

__all__ = ["check_heaps"]

# Format specification of HDF5, version 3.0, section III.E: signature, version 1, three zeros.
_COLLECTION = b"GCOL\x01\0\0\0"
_HEADER, _ALIGNED = 16, 8


def check_heaps(path: Path) -> None:
    """Refuse a file in which the objects of a heap do not fill it one behind another.

    Raises
    ------
    EventFileError
        If there is one.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        for at in _collections(data):
            if not _is_filled(data, at):
                raise EventFileError(
                    f"{path}: cannot be read as an LHEH5 file: the heap of strings at byte {at} is "
                    "damaged"
                )


def _collections(data: mmap.mmap) -> Iterator[int]:
    at = data.find(_COLLECTION)
    while at >= 0:
        if at % _ALIGNED == 0:
            yield at
        at = data.find(_COLLECTION, at + 1)


def _is_filled(data: mmap.mmap, at: int) -> bool:
    def number(place: int) -> int:
        return int.from_bytes(data[place : place + 8], "little")

    end = at + number(at + 8)
    if end > len(data):
        return False
    place = at + _HEADER
    while end - place >= _HEADER:
        index, size = int.from_bytes(data[place : place + 2], "little"), number(place + 8)
        # free space counts its header, an object does not and is padded
        taken = size if index == 0 else _HEADER + -(-size // _ALIGNED) * _ALIGNED
        if taken < _HEADER or place + taken > end:
            return False
        place += taken
    return True
