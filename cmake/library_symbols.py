# SPDX-License-Identifier: GPL-3.0-or-later
"""Symbols of ELF libraries and static archives, read without binutils."""

import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LibraryError", "string_abi", "symbol_double", "symbol_names"]

_DYNSYM = 11  # section type SHT_DYNSYM
_UNDEFINED = 0  # section index SHN_UNDEF
_NEW_STRING = "NSt7__cxx1112basic_string"
_OLD_STRING = "Ss"


class LibraryError(Exception):
    """A library is not what the build can use; the text says what to do."""


@dataclass(frozen=True)
class _Section:
    kind: int
    address: int
    offset: int
    size: int
    link: int


def _text(data: bytes | mmap.mmap, start: int) -> str:
    return data[start : data.find(b"\0", start)].decode("latin-1")


def _sections(data: bytes | mmap.mmap, path: Path) -> list[_Section]:
    """Section headers of a 64-bit little-endian ELF file (System V ABI, ch. 4)."""
    if data[:6] != b"\x7fELF\x02\x01":
        raise LibraryError(
            f"{path} is no 64-bit little-endian ELF library, the only kind that is supported"
        )
    (offset,) = struct.unpack_from("<Q", data, 0x28)
    size, count = struct.unpack_from("<HH", data, 0x3A)
    sections = []
    for i in range(count):
        _, kind, _, address, start, length, link = struct.unpack_from(
            "<IIQQQQI", data, offset + i * size
        )
        sections.append(_Section(kind, address, start, length, link))
    return sections


def _dynamic_symbols(data: bytes | mmap.mmap, path: Path) -> dict[str, int]:
    """Names and addresses of the symbols that a shared library defines."""
    sections = _sections(data, path)
    symbols: dict[str, int] = {}
    for table in (section for section in sections if section.kind == _DYNSYM):
        names = sections[table.link].offset
        for entry in range(table.offset, table.offset + table.size, 24):
            name, _, _, index, address, _ = struct.unpack_from("<IBBHQQ", data, entry)
            if index != _UNDEFINED:
                symbols[_text(data, names + name)] = address
    return symbols


def _archive_symbols(data: bytes | mmap.mmap) -> list[str]:
    """Names in the index of a System V archive, its first member."""
    header = 8
    size = int(data[header + 48 : header + 58])
    start = header + 60
    (count,) = struct.unpack_from(">I", data, start)
    return data[start + 4 + 4 * count : start + size].decode("latin-1").split("\0")[:count]


def symbol_names(path: Path) -> list[str]:
    """Symbols that a shared library or a static archive defines.

    Raises
    ------
    LibraryError
        If the file is neither.
    """
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as data:
            if data[:8] == b"!<arch>\n":
                return _archive_symbols(data)
            return list(_dynamic_symbols(data, path))
    except (OSError, ValueError, struct.error) as error:
        raise LibraryError(f"{path} cannot be read as a library: {error}") from error


def symbol_double(path: Path, name: str) -> float:
    """Value of a constant double that a shared library exports.

    Raises
    ------
    LibraryError
        If the library has no such symbol.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as data:
        address = _dynamic_symbols(data, path).get(name)
        for section in _sections(data, path):
            if address is not None and 0 <= address - section.address < section.size:
                offset = section.offset + address - section.address
                return float(struct.unpack_from("<d", data, offset)[0])
    raise LibraryError(f"{path} has no symbol {name}; it is no complete Pythia 8 library")


def string_abi(path: Path, prefix: str) -> int:
    """Value of _GLIBCXX_USE_CXX11_ABI that a library was compiled with.

    Parameters
    ----------
    path
        The library.
    prefix
        Mangled name of a function, up to its first argument, which is a ``std::string``.

    Raises
    ------
    LibraryError
        If the library does not define the function.
    """
    for name in symbol_names(path):
        if name.startswith(prefix):
            argument = name[len(prefix) :]
            if argument.startswith(_NEW_STRING):
                return 1
            if argument.startswith(_OLD_STRING):
                return 0
    raise LibraryError(
        f"{path} does not define {prefix}..., which tells its std::string ABI; reinstall it"
    )
