# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading HepMC3 and HepMC2 files in a stream.

The text is parsed by compiled code straight into columns, without an object for a particle, and
decompressed by a thread of its own. Memory does not grow with the number of events: one chunk is
alive at a time.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.compression import DECOMPRESSION_ERRORS, decompressed
from mcsurrogate.events.hepmc_details import HepmcDetails, HepmcRun
from mcsurrogate.events.read_ahead import blocks_ahead
from mcsurrogate.native import native_module

__all__ = ["CHUNK_PARTICLES", "EventFile", "FileSummary"]

CHUNK_PARTICLES = 250_000
_LONGEST_LINE = 1 << 26
_UNLIMITED = 1 << 62
_FORMATS = {
    b"HepMC::Asciiv3-START_EVENT_LISTING": ("HepMC3", 3),
    b"HepMC::IO_GenEvent-START_EVENT_LISTING": ("HepMC2", 2),
}
# Charged pion: its generated mass tells GeV from MeV whatever the file claims.
_PION_MASS = 0.13957
_WRONG_UNIT = 30.0
"""Ratio of masses that no other particle's momentum explains, but a unit that is 1000 times off."""


@dataclass
class FileSummary:
    """What a file says about itself and what was read of it.

    Attributes
    ----------
    path, format
        The file and ``HepMC3`` or ``HepMC2``.
    events
        Events read so far.
    weight_names
        Names of the weights, empty where the file does not name them.
    tools
        ``(name, version, description)`` of the programs that made the file.
    run_attributes
        Names and values of attributes of the run, as they are written.
    cross_section_pb, cross_section_error_pb
        The last event's estimate, None where the file has none.
    tried
        Events that were tried for it, 0 where the file does not tell.
    complete
        Whether the file was read to its end marker.
    """

    path: Path
    format: str = ""
    events: int = 0
    weight_names: tuple[str, ...] = ()
    tools: tuple[tuple[str, str, str], ...] = ()
    run_attributes: tuple[tuple[str, str], ...] = ()
    cross_section_pb: float | None = None
    cross_section_error_pb: float | None = None
    tried: int = 0
    complete: bool = False

    @property
    def run(self) -> HepmcRun:
        """What stands in front of the events that were read."""
        return HepmcRun(self.weight_names, self.tools, self.run_attributes)


class EventFile:
    """A HepMC file to read once, from its beginning to its end.

    Parameters
    ----------
    path
        HepMC3 or HepMC2 text, plain or compressed (gzip, zstd, bzip2, xz; recognised by
        content).
    max_events
        Stop after this many events.
    details
        Whether chunks have their `details`.

    Raises
    ------
    EventFileError
        The file is missing, empty, of another format, truncated or damaged.  The message
        gives line and event and how many events were read before it; `summary` keeps them.
    """

    def __init__(self, path: Path, *, max_events: int | None = None, details: bool = False) -> None:
        self.path = Path(path)
        self._details = details
        self.summary = FileSummary(self.path)
        self._limit = _UNLIMITED if max_events is None else max_events
        self._raw: IO[bytes] | None = None
        try:
            self.size = self.path.stat().st_size
        except OSError as error:
            raise EventFileError(f"{self.path}: cannot be read ({error.strerror})") from error

    @property
    def fraction_read(self) -> float:
        """Share of the file's bytes that has been consumed, for progress bars."""
        if self._raw is None or self._raw.closed:
            return 1.0 if self.summary.events else 0.0
        return min(1.0, self._raw.tell() / max(self.size, 1))

    def chunks(self, chunk_particles: int = CHUNK_PARTICLES) -> Iterator[EventChunk]:
        """Chunks of events, each of about `chunk_particles` particles.

        Warns
        -----
        UserWarning
            If the file has lines of unknown kind between its events.
        """
        try:
            raw = self.path.open("rb")
        except OSError as error:
            raise EventFileError(f"{self.path}: cannot be read ({error.strerror})") from error
        with raw:
            self._raw = raw
            with closing(blocks_ahead(decompressed(self.path, raw))) as blocks:
                yield from self._parse(blocks, chunk_particles)

    def _parse(self, blocks: Iterator[bytes], chunk_particles: int) -> Iterator[EventChunk]:
        text = self._next(blocks, events=0)
        self.summary.format, version = self._detect(text)
        parser = native_module().HepmcParser(str(self.path), version, self._details)
        start, last = 0, False
        while self._limit > 0:
            try:
                wanted = self._limit - (parser.events - parser.held)
                start += parser.parse(memoryview(text)[start:], chunk_particles, wanted, last)
            finally:
                self._note(parser)
            if parser.full or (last and parser.held):
                yield self._chunk(parser)
            if parser.events >= self._limit or (last and start == len(text)):
                break
            if not parser.full:
                more = self._next(blocks, parser.events)
                text, start, last = text[start:] + more, 0, not more
                if len(text) > _LONGEST_LINE:
                    raise EventFileError(f"{self.path}: {_LONGEST_LINE >> 20} MiB without a line")
        self.summary.complete = last and start == len(text)
        self._tell_unknown(parser)

    def _next(self, blocks: Iterator[bytes], events: int) -> bytes:
        try:
            return next(blocks, b"")
        except DECOMPRESSION_ERRORS as error:
            raise EventFileError(
                f"{self.path}: damaged or truncated compression after event number {events} "
                f"({error}); {events} complete events were read before it"
            ) from error

    def _detect(self, head: bytes) -> tuple[str, int]:
        for marker, found in _FORMATS.items():
            if marker in head[:4096]:
                return found
        raise EventFileError(
            f"{self.path}: neither a HepMC3 nor a HepMC2 text file "
            "(no START_EVENT_LISTING line in its first 4096 bytes)"
        )

    def _note(self, parser: Any) -> None:  # noqa: ANN401 - of the compiled module
        """Keep what the file says of itself up to here."""
        self.summary.events = parser.events
        self.summary.weight_names = tuple(parser.weight_names)
        self.summary.tools = tuple(parser.tools)
        self.summary.run_attributes = tuple(parser.run_attributes)
        if (section := parser.cross_section) is not None:
            self.summary.cross_section_pb, self.summary.cross_section_error_pb = section[:2]
            self.summary.tried = max(int(section[3]), 0)

    def _tell_unknown(self, parser: Any) -> None:  # noqa: ANN401 - of the compiled module
        if parser.unknown_lines:
            warnings.warn(
                f"{self.path}: {parser.unknown_lines} lines between the events are of unknown kind "
                f"and were skipped; the first is {parser.unknown_line}",
                stacklevel=2,
            )

    def _chunk(self, parser: Any) -> EventChunk:  # noqa: ANN401 - of the compiled module
        first = parser.events - parser.held
        columns = parser.take()
        if "details" in columns:
            columns["details"] = HepmcDetails(**columns["details"])
        if columns["weights"].shape[1] == 0:
            columns["weights"] = np.ones((len(columns["event_numbers"]), 1))
        chunk = EventChunk(**columns, first_event=first)
        self._check_units(chunk)
        return chunk

    def _check_units(self, chunk: EventChunk) -> None:
        """Refuse events whose charged pions have another mass than nature's."""
        pions = np.flatnonzero((np.abs(chunk.pid) == 211) & (chunk.status == 1))
        # the generated mass has no rounding of energies; files may leave it out
        mass = np.ascontiguousarray(chunk.particles["mass"])[pions]
        if chunk.first_event == 0 and len(pions) and not mass.any():
            mass = np.full(len(pions), np.median(chunk.select(pions).mass))
        apart = np.abs(np.log(np.maximum(mass, 1e-12) / _PION_MASS))
        wrong = (apart > math.log(_WRONG_UNIT)) & (mass > 0.0)
        event = chunk.event[pions]
        share = np.bincount(event[wrong], minlength=len(chunk)) > 0.5 * np.bincount(
            event, minlength=len(chunk)
        )
        if share.any():
            i = int(share.argmax())
            typical = float(np.median(mass[event == i]))
            raise EventFileError(
                f"{self.path}: event {chunk.event_numbers[i]} (number {chunk.first_event + i + 1} "
                f"in the file): its charged pions have a mass of {typical:.4g} GeV instead of "
                f"{_PION_MASS}; the U line of the event names the wrong momentum unit"
            )
