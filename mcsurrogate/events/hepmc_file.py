# SPDX-License-Identifier: GPL-3.0-or-later
"""HepMC3 files that carry their name only once they are whole."""

import os
from pathlib import Path

from mcsurrogate import __version__
from mcsurrogate.errors import EventFileError
from mcsurrogate.events.compression import zstd_compressor
from mcsurrogate.native import native_module

__all__ = ["GZIP_LEVEL", "HepmcFile", "hepmc_tools"]

# Level 1 writes twice as fast as zlib's default 6 and makes files some 10% larger.
GZIP_LEVEL = 1


def hepmc_tools(provenance: str) -> list[list[str]]:
    """Name, version and description of the programs that make a file."""
    version = f"{native_module().PYTHIA_VERSION_INTEGER / 1000:.3f}"
    return [["Pythia8", version, provenance], ["mcsurrogate", __version__, ""]]


class HepmcFile:
    """A HepMC3 ASCII file being written, with the compression that its name asks for.

    A thread beside Pythia's makes the text, compresses and writes it.

    Events go to ``NAME.part``. `finish` writes the footer, brings everything to disk and gives the
    file its name; `interrupt` does the same but calls it ``STEM.interrupted.hepmc...``, so a run
    that was stopped leaves a valid file with the events made so far that nobody can take for the
    full sample. A run that was killed leaves ``NAME.part`` without footer.

    Parameters
    ----------
    path
        Name of the finished file: ``.gz`` is compressed natively, ``.zst`` through Python's zstd
        module (four times as fast at the same size), any other name is plain text. An existing
        file is replaced when the new one is whole, not before.
    provenance
        Seed and settings, kept in the run information of the file.
    piece
        The file is a piece of a longer one: without head and foot, and without its last event,
        which `held` gives.

    Raises
    ------
    EventFileError
        If the name asks for another compression or the file cannot be written.
    """

    def __init__(self, path: str | Path, provenance: str = "", *, piece: bool = False) -> None:
        self.path = Path(path)
        self.part = self.path.with_name(self.path.name + ".part")
        native = native_module()
        tools, name = hepmc_tools(provenance), str(self.part)
        match self.path.suffix:
            case ".gz":
                self.output = native.HepmcOutput.to_gzip(name, GZIP_LEVEL, tools, piece)
            case ".zst":
                compressor = zstd_compressor()
                self.output = native.HepmcOutput.to_compressor(name, compressor, tools, piece)
            case ".bz2" | ".xz" | ".lz4":
                raise EventFileError(
                    f"{path}: HepMC3 files are written plain, as .gz or .zst; change the suffix"
                )
            case _:
                self.output = native.HepmcOutput.to_file(name, tools, piece)

    @property
    def interrupted_path(self) -> Path:
        """Name of a file that was stopped: ``a.hepmc.gz`` becomes ``a.interrupted.hepmc.gz``."""
        stem, dot, suffix = self.path.name.partition(".hepmc")
        if not dot:
            stem, dot, suffix = self.path.name.partition(".")
        return self.path.with_name(f"{stem}.interrupted{dot}{suffix}")

    @property
    def seconds(self) -> tuple[float, float]:
        """Seconds spent so far on copying events, and by the thread that writes them."""
        return self.output.conversion_seconds, self.output.writing_seconds

    @property
    def held(self) -> bytes:
        """Text of the last event of a piece that is finished."""
        held: bytes = self.output.held
        return held

    @property
    def weight_sums(self) -> list[float]:
        """Sum of each weight over the events."""
        sums: list[float] = self.output.weight_sums
        return sums

    def finish(self) -> None:
        """Close the file and give it its name.

        Raises
        ------
        EventFileError
            If the last bytes cannot be written; then ``NAME.part`` stays.
        """
        self._close(self.path)

    def interrupt(self) -> None:
        """Close the file as the valid, incomplete `interrupted_path`.

        Raises
        ------
        EventFileError
            If the last bytes cannot be written; then ``NAME.part`` stays.
        """
        self._close(self.interrupted_path)

    def _close(self, name: Path) -> None:
        self.output.close()
        try:
            self.part.replace(name)
            _synchronise_folder(name.parent)
        except OSError as error:
            raise EventFileError(f"cannot write {name}: {error.strerror}") from error


def _synchronise_folder(folder: Path) -> None:
    """Bring the new name to disk; the file itself is there already."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
