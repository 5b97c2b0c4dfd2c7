"""A check of Les Houches event files before Pythia reads them."""

import gzip
import zlib
from pathlib import Path

from mcsurrogate.errors import EventFileError

__all__ = ["check_lhe_file"]

_CLOSING_TAG = b"</LesHouchesEvents>"
_BLOCK = 1 << 20


def check_lhe_file(path: str | Path) -> Path:
    """Make sure that a plain or gzip LHE file is there and whole, because Pythia does not.

    Pythia takes a file that was cut off for one that ends there.

    Raises
    ------
    EventFileError
        If the file is missing, compressed otherwise, damaged or without its closing tag.
    """
    path = Path(path)
    if path.suffix in {".zst", ".xz", ".bz2"}:
        msg = f"{path}: Pythia reads plain and .gz LHE files; decompress it first"
        raise EventFileError(msg)
    tail = b""
    try:
        with path.open("rb") as stream:
            compressed = stream.read(2) == b"\x1f\x8b"
        if compressed:
            with gzip.open(path, "rb") as text:
                while block := text.read(_BLOCK):
                    tail = (tail + block)[-_BLOCK:]
        else:
            with path.open("rb") as stream:
                stream.seek(max(0, path.stat().st_size - _BLOCK))
                tail = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        msg = f"{path} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise EventFileError(msg) from error
    if _CLOSING_TAG not in tail:
        msg = f"{path} does not end with {_CLOSING_TAG.decode()}: it was cut off or is no LHE file"
        raise EventFileError(msg)
    return path
