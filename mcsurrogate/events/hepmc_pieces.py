# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of a HepMC3 file put together, each compressed where it was made."""

import gzip
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EventFileError
from mcsurrogate.events.compression import zstd_compressor
from mcsurrogate.events.hepmc_file import GZIP_LEVEL, hepmc_tools
from mcsurrogate.native import native_module

__all__ = ["CrossSectionSoFar", "HepmcPiece", "join_hepmc", "last_event_file"]

_LINE = re.compile(rb"^A 0 GenCrossSection .*$", re.MULTILINE)
_BLOCK = 1 << 20


class CrossSectionSoFar(NamedTuple):
    """What `GenCrossSection` says.

    Attributes
    ----------
    value_pb, error_pb
        The estimate.
    accepted, attempted
        Events so far.
    shares
        Cross section under each weight, in units of the first.
    """

    value_pb: float
    error_pb: float
    accepted: int
    attempted: int
    shares: Sequence[float]

    def line(self) -> bytes:
        """Line of HepMC3's text, with its digits."""
        text = "A 0 GenCrossSection"
        for i, share in enumerate(self.shares):
            text += f" {share * self.value_pb:.8e} {abs(share) * self.error_pb:.8e}"
            text += f" {self.accepted} {self.attempted}" if i == 0 else ""
        return text.encode()


def last_event_file(path: Path) -> Path:
    """Where the last event of a piece lies."""
    return path.with_name(path.name + ".last")


class HepmcPiece(NamedTuple):
    """A piece that is finished.

    Attributes
    ----------
    path
        File of all its events but the last, compressed as the whole will be.
    cross_section
        Of all events up to its last one, which tells it; other events tell what their own piece
        knew.
    """

    path: Path
    cross_section: CrossSectionSoFar

    @property
    def last(self) -> Path:
        """File with the text of the last event, empty where there is no event at all."""
        return last_event_file(self.path)


def join_hepmc(
    path: Path, pieces: Iterable[HepmcPiece], weight_names: Sequence[str], provenance: str
) -> None:
    """Write the file that pieces make; each is removed when the file has it.

    Members of a compressed file follow one another, as the formats allow.

    Parameters
    ----------
    path
        The file: plain, ``.gz`` or ``.zst``, as the pieces are.
    pieces
        In the order of their events.
    weight_names
        As the head of the file tells them.
    provenance
        Seeds and settings, for the head.

    Raises
    ------
    EventFileError
        If it cannot be written.
    """
    native = native_module()
    try:
        with atomic_path(path) as part, part.open("wb") as stream:
            stream.write(_packed(path, native.hepmc_head(weight_names, hepmc_tools(provenance))))
            for piece in pieces:
                with piece.path.open("rb") as source:
                    shutil.copyfileobj(source, stream, _BLOCK)
                if last := piece.last.read_bytes():
                    stream.write(_packed(path, _LINE.sub(piece.cross_section.line(), last, 1)))
                piece.path.unlink()
                piece.last.unlink()
            stream.write(_packed(path, native.hepmc_foot()))
    except OSError as error:
        raise EventFileError(f"cannot write {path}: {error.strerror}") from error


def _packed(path: Path, text: bytes) -> bytes:
    match path.suffix:
        case ".gz":
            return gzip.compress(text, GZIP_LEVEL, mtime=0)
        case ".zst":
            compressor = zstd_compressor()
            return compressor.compress(text) + compressor.flush()
        case _:
            return text
