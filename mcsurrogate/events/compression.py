# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed text: recognised by its first bytes when read, named by suffix when written."""

import gzip
import io
import lzma
import sys
import zlib
from bz2 import BZ2Decompressor
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from isal import igzip, igzip_lib

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EventFileError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = [
    "DECOMPRESSION_ERRORS",
    "compressed_text",
    "decompressed",
    "new_file",
    "new_text_file",
    "zstd_compressor",
]

DECOMPRESSION_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    lzma.LZMAError,
    zlib.error,
    cast("type[Exception]", igzip_lib.IsalError),
    zstd.ZstdError,
)
"""What a damaged compressed file, or one that cannot be read, raises."""

_BUFFER = 1 << 20
_GZIP_FILE: Any = igzip.IGzipFile  # has no types; less than half of zlib's time
_ZSTD_LEVEL = 1
"""Of HepMC3 text: a quarter of the time of level 3, and files that are 7% smaller."""


def decompressed(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """Stream of the text of a file: plain, gzip, zstd, bzip2 or xz, by its first bytes.

    Raises
    ------
    EventFileError
        If the file is empty.
    """
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return io.BufferedReader(_GZIP_FILE(fileobj=raw, mode="rb"), _BUFFER)
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return cast("IO[bytes]", zstd.open(raw, "rb"))
    if magic.startswith(b"BZh"):
        return _joined(raw, BZ2Decompressor)
    if magic.startswith(b"\xfd7zXZ\x00"):
        return _joined(raw, lzma.LZMADecompressor)
    if not magic:
        raise EventFileError(f"{path}: the file is empty")
    return raw


class _Streams(io.RawIOBase):
    """Text of bzip2 or xz streams one behind the other, with zeros between and behind them alone.

    Those of the standard library end where no stream follows, whatever does: a damaged beginning
    of a stream would lose all that is in it.
    """

    def __init__(
        self, raw: IO[bytes], make: Callable[[], BZ2Decompressor | lzma.LZMADecompressor]
    ) -> None:
        self._raw = raw
        self._make = make
        self._stream = make()
        self._packed = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any, /) -> int:  # noqa: ANN401 - a buffer
        text = b""
        while not text:
            if self._stream.eof and not self._begin():
                return 0
            if self._stream.needs_input and not self._packed:
                self._packed = self._raw.read(_BUFFER)
                if not self._packed:
                    raise EOFError("the compressed file was cut off")
            text = self._stream.decompress(self._packed, len(target))
            self._packed = b""
        target[: len(text)] = text
        return len(text)

    def _begin(self) -> bool:
        """Go to the next stream; False if there is none."""
        packed = self._stream.unused_data.lstrip(b"\0")
        while not packed:
            if not (block := self._raw.read(_BUFFER)):
                return False
            packed = block.lstrip(b"\0")
        self._stream, self._packed = self._make(), packed
        return True


def _joined(
    raw: IO[bytes], make: Callable[[], BZ2Decompressor | lzma.LZMADecompressor]
) -> IO[bytes]:
    return io.BufferedReader(_Streams(raw, make), _BUFFER)


def zstd_compressor() -> zstd.ZstdCompressor:
    """Compressor of HepMC3 text."""
    return zstd.ZstdCompressor(level=_ZSTD_LEVEL)


def _compressed(path: Path, raw: IO[bytes]) -> IO[bytes]:
    """Stream that compresses into ``raw`` as the suffix of ``path`` says: gz, zst, xz or plain."""
    match path.suffix:
        case ".gz":
            # No name and no time in the gzip header: equal events make equal files.
            packed = gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=raw, mtime=0)
            return cast("IO[bytes]", packed)
        case ".zst":
            return cast("IO[bytes]", zstd.open(raw, "wb"))
        case ".xz":
            return lzma.LZMAFile(raw, "wb", preset=1)
        case _:
            return raw


def compressed_text(path: Path, text: bytes) -> bytes:
    """Return text as a file of this name holds it: complete in itself, and what may follow it."""
    packed = io.BytesIO()
    stream = _compressed(path, packed)
    stream.write(text)
    if stream is not packed:
        stream.close()
    return packed.getvalue()


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """File that has its name only once it is whole.

    Raises
    ------
    EventFileError
        If it cannot be written.
    """
    try:
        with atomic_path(path) as part, part.open("wb") as raw:
            yield raw
    except OSError as error:
        raise EventFileError(f"cannot write {path}: {error.strerror}") from error


@contextmanager
def new_text_file(path: Path) -> Iterator[IO[bytes]]:
    """File that is compressed as its name says; see :func:`new_file`."""
    with new_file(path) as raw, _compressed(path, raw) as stream:
        yield stream
