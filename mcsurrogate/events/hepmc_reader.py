"""Reading HepMC3 and HepMC2 files in a stream.

pyhepmc parses the text; the events leave it as structured arrays through ``GenEventData``
(one copy, no Python object a particle), which costs less than iterating over a pyhepmc file.
Memory does not grow with the number of events: one chunk is alive at a time.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyhepmc
from numpy.typing import NDArray
from pyhepmc.io import ReaderAscii, ReaderAsciiHepMC2, pyiostream

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.compression import DECOMPRESSION_ERRORS, decompressed
from mcsurrogate.events.hepmc_stream import BUFFER, BadLineError, EventText

__all__ = ["EventFile", "FileSummary"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_CHUNK_PARTICLES = 250_000
_LONGEST_CHAIN = 1 << 20
"""Vertices without a position behind one another that are followed; a record is no circle."""
_FORMATS = {
    b"HepMC::Asciiv3-START_EVENT_LISTING": ("HepMC3", b"HepMC::Asciiv3-END_EVENT_LISTING"),
    b"HepMC::IO_GenEvent-START_EVENT_LISTING": (
        "HepMC2",
        b"HepMC::IO_GenEvent-END_EVENT_LISTING",
    ),
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
    cross_section_pb, cross_section_error_pb
        The last event's estimate, None where the file has none.
    complete
        Whether the file was read to its end marker.
    """

    path: Path
    format: str = ""
    events: int = 0
    weight_names: tuple[str, ...] = ()
    tools: tuple[tuple[str, str, str], ...] = ()
    cross_section_pb: float | None = None
    cross_section_error_pb: float | None = None
    complete: bool = False


@contextmanager
def _quiet_hepmc() -> Iterator[None]:
    """Keep HepMC3 from printing: what it complains about comes back as a named error."""
    setup = pyhepmc.Setup
    before = setup.print_errors, setup.print_warnings, setup.debug_level
    setup.print_errors = setup.print_warnings = False
    setup.debug_level = 0
    try:
        yield
    finally:
        setup.print_errors, setup.print_warnings, setup.debug_level = before


@dataclass
class _Pending:
    """Events that wait to become a chunk, as HepMC3's own plain structures."""

    data: list[Any] = field(default_factory=list)
    n_particles: int = 0

    def add(self, data: Any) -> None:  # noqa: ANN401 - pyhepmc is untyped
        self.data.append(data)
        self.n_particles += len(data.particles)

    def particles(self) -> NDArray[np.void]:
        """All particles in GeV."""
        joined = np.concatenate([d.particles for d in self.data])
        if any(d.momentum_unit == pyhepmc.Units.MEV for d in self.data):
            mev = [d.momentum_unit == pyhepmc.Units.MEV for d in self.data]
            rows = np.repeat(mev, [len(d.particles) for d in self.data])
            for name in ("mass", "px", "py", "pz", "e"):
                joined[name][rows] *= 1e-3
        return joined

    def positions(self) -> FloatArray:
        """``(V, 4)`` positions and times of all vertices in mm."""
        vertices = np.concatenate([d.vertices for d in self.data])
        joined = np.stack([vertices[name] for name in ("x", "y", "z", "t")], axis=1)
        centimetres = [d.length_unit == pyhepmc.Units.CM for d in self.data]
        if any(centimetres):
            joined[np.repeat(centimetres, [len(d.vertices) for d in self.data])] *= 10.0
        return joined

    def graph(self, offsets: IntArray) -> tuple[IntArray, IntArray, int, IntArray]:
        """Production and end vertex of each particle, number of vertices, events gone wrong."""
        first = np.concatenate([d.links1 for d in self.data]).astype(np.int64)
        second = np.concatenate([d.links2 for d in self.data]).astype(np.int64)
        vertices = np.array([len(d.vertices) for d in self.data])
        event = np.repeat(np.arange(len(self.data)), [len(d.links1) for d in self.data])
        # HepMC numbers: particles 1, 2, ...; vertices are negative
        outgoing = first < 0
        particle = np.where(outgoing, second, first) - 1
        # the links of a vertex follow one another, vertex after vertex as they are stored, which
        # need not be the order of their numbers
        number = np.where(outgoing, first, second)
        begins = np.ones(len(number), dtype=bool)
        begins[1:] = (np.diff(number) != 0) | (np.diff(event) != 0)
        vertex = np.cumsum(begins) - 1
        sound = (particle >= 0) & (particle < np.diff(offsets)[event]) & (number < 0)
        linked = np.bincount(event[begins], minlength=len(self.data))
        bad = np.union1d(event[~sound], np.flatnonzero(linked != vertices))
        particle += offsets[event]
        production, end = np.full((2, self.n_particles), -1, dtype=np.int64)
        out, into = sound & outgoing, sound & ~outgoing
        production[particle[out]] = vertex[out]
        end[particle[into]] = vertex[into]
        return production, end, int(vertices.sum()), bad


def _inherited(positions: FloatArray, production: IntArray, end: IntArray) -> FloatArray:
    """Positions in which a vertex without one has that of its first incoming particle's vertex.

    As `GenVertex::position` of HepMC3 does: a shower's vertices are where the collision was.

    Parameters
    ----------
    positions
        ``(V, 4)``, zero for none.
    production, end
        ``(M,)`` vertices of the particles.
    """
    source = np.arange(len(positions))
    known = np.flatnonzero((production >= 0) & (end >= 0))[::-1]
    before = source.copy()
    before[end[known]] = production[known]
    unset = ~positions.any(axis=1)
    source[unset] = before[unset]
    for _ in range(_LONGEST_CHAIN.bit_length()):
        further = source[source]
        if (further == source).all():
            break
        source = further
    return positions[source]


class EventFile:
    """A HepMC file to read once, from its beginning to its end.

    Parameters
    ----------
    path
        HepMC3 or HepMC2 text, plain or compressed (gzip, zstd, bzip2, xz; recognised by
        content).
    max_events
        Stop after this many events.

    Raises
    ------
    EventFileError
        The file is missing, empty, of another format, truncated or damaged.  The message
        gives the event and how many events were read before it; `summary` keeps them.
    """

    def __init__(self, path: Path, *, max_events: int | None = None) -> None:
        self.path = Path(path)
        self.summary = FileSummary(self.path)
        self._max_events = max_events
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

    def chunks(self, chunk_particles: int = _CHUNK_PARTICLES) -> Iterator[EventChunk]:
        """Chunks of events, each of about `chunk_particles` particles."""
        try:
            raw = self.path.open("rb")
        except OSError as error:
            raise EventFileError(f"{self.path}: cannot be read ({error.strerror})") from error
        with raw, _quiet_hepmc():
            self._raw = raw
            yield from self._parse(decompressed(self.path, raw), chunk_particles)

    def _detect(self, stream: IO[bytes]) -> tuple[Any, bytes, bytes]:
        """Reader class, end marker and the bytes consumed to find them."""
        try:
            head = stream.read(4096)
        except DECOMPRESSION_ERRORS as error:
            raise EventFileError(f"{self.path}: cannot be decompressed ({error})") from error
        for marker, (name, end) in _FORMATS.items():
            if marker in head:
                self.summary.format = name
                return (ReaderAscii if name == "HepMC3" else ReaderAsciiHepMC2), end, head
        raise EventFileError(
            f"{self.path}: neither a HepMC3 nor a HepMC2 text file "
            "(no START_EVENT_LISTING line in its first 4096 bytes)"
        )

    def _parse(self, text: IO[bytes], chunk_particles: int) -> Iterator[EventChunk]:
        reader_class, end_marker, head = self._detect(text)
        stream = EventText(head, text, self.summary.format)
        reader = reader_class(pyiostream(stream, BUFFER))
        # two events in turn: at the end of the file the last one is still there
        event, last = pyhepmc.GenEvent(), pyhepmc.GenEvent()
        pending = _Pending()
        summary = self.summary
        limit = self._max_events
        while limit is None or summary.events < limit:
            ok = self._read_event(reader, event, stream)
            # a fresh one each time: HepMC3 appends to what is there
            data = pyhepmc.GenEventData()
            event.write_data(data)
            if not ok or len(data.particles) == 0:
                # HepMC3 also reports success for what follows the last event
                self._check_end(stream, end_marker, ok, reader.failed())
                summary.complete = True
                break
            pending.add(data)
            if summary.events == 0:
                self._note_run(event)
            summary.events += 1
            event, last = last, event
            if pending.n_particles >= chunk_particles:
                self._note_cross_section(last)
                yield self._chunk(pending)
                pending = _Pending()
        if pending.data:
            self._note_cross_section(last)
            yield self._chunk(pending)

    def _read_event(self, reader: Any, event: Any, stream: EventText) -> bool:  # noqa: ANN401 - pyhepmc is untyped
        """Read the next event; False at the end of the file, regular or not."""
        if reader.failed():
            event.clear()
            return False
        try:
            return bool(reader.read_event(event))
        except (RuntimeError, ValueError, IndexError) as error:
            n = self.summary.events
            if isinstance(stream.error, BadLineError):
                raise self._bad_line(stream.error) from error
            raise EventFileError(
                f"{self.path}: event number {n + 1} of the file cannot be parsed ({error}); "
                f"{n} complete events were read before it"
            ) from error

    def _note_run(self, event: Any) -> None:  # noqa: ANN401 - pyhepmc is untyped
        """Keep what the first event says about the run."""
        if event.run_info is not None:
            self.summary.weight_names = tuple(event.run_info.weight_names)
            tools = [(t.name, t.version, t.description) for t in event.run_info.tools]
            self.summary.tools = tuple(tools)

    def _note_cross_section(self, event: Any) -> None:  # noqa: ANN401 - pyhepmc is untyped
        section = event.cross_section
        if section is not None:
            self.summary.cross_section_pb = float(section.xsec())
            self.summary.cross_section_error_pb = float(section.xsec_err())

    def _check_end(self, stream: EventText, end_marker: bytes, ok: bool, exhausted: bool) -> None:
        """Tell the regular end of a file from damage."""
        n = self.summary.events
        if exhausted and not stream.error and stream.tail.rstrip().endswith(end_marker) and ok:
            return
        so_far = f"{n} complete events were read before it"
        stream.drain()
        if isinstance(stream.error, BadLineError):
            raise self._bad_line(stream.error)
        if stream.error is not None:
            raise EventFileError(
                f"{self.path}: damaged or truncated compression after event number {n} "
                f"({stream.error}); {so_far}"
            ) from stream.error
        if stream.tail.rstrip().endswith(end_marker):
            raise EventFileError(
                f"{self.path}: event number {n + 1} of the file cannot be parsed; {so_far}"
            )
        raise EventFileError(
            f"{self.path}: truncated or damaged at event number {n + 1} of the file (no "
            f"{end_marker.decode()} line at its end); {so_far}"
        )

    def _bad_line(self, error: BadLineError) -> EventFileError:
        """Error of a line that the parser did not see."""
        n = self.summary.events
        return EventFileError(
            f"{self.path}: {error} (event number {n + 1} of the file); {n} complete events were "
            "read before it"
        )

    def _chunk(self, pending: _Pending) -> EventChunk:
        first = self.summary.events - len(pending.data)
        numbers = np.array([d.event_number for d in pending.data], dtype=np.int64)
        lengths = np.array([len(d.weights) for d in pending.data])
        if (lengths != lengths[0]).any():
            odd = int(np.flatnonzero(lengths != lengths[0])[0])
            raise EventFileError(
                f"{self._place(numbers, first, odd)} has {lengths[odd]} weights, the events "
                f"before it {lengths[0]}"
            )
        weights = np.array([d.weights for d in pending.data], dtype=np.float64)
        if weights.shape[1] == 0:
            weights = np.ones((len(numbers), 1))
        offsets = np.concatenate(([0], np.cumsum([len(d.particles) for d in pending.data])))
        production, end, n_vertices, bad = pending.graph(offsets)
        if len(bad):
            raise EventFileError(
                f"{self._place(numbers, first, int(bad[0]))}: its graph names a particle or "
                "vertex that does not exist"
            )
        chunk = EventChunk(
            offsets=offsets,
            particles=pending.particles(),
            production_vertex=production,
            end_vertex=end,
            n_vertices=n_vertices,
            vertex_positions=_inherited(pending.positions(), production, end),
            weights=weights,
            event_numbers=numbers,
            first_event=first,
        )
        self._check_numbers(chunk)
        return chunk

    def _place(self, numbers: IntArray, first: int, event: int) -> str:
        return f"{self.path}: event {numbers[event]} (number {first + event + 1} in the file)"

    def _check_numbers(self, chunk: EventChunk) -> None:
        """Refuse momenta and weights that are not numbers, and wrong units."""
        finite = np.ones(len(chunk.particles), dtype=bool)
        for name in ("px", "py", "pz", "e"):
            finite &= np.isfinite(chunk.particles[name])
        bad = np.flatnonzero(~finite)
        if len(bad):
            i = int(chunk.event[bad[0]])
            raise EventFileError(
                f"{self._place(chunk.event_numbers, chunk.first_event, i)}, particle "
                f"{bad[0] - chunk.offsets[i] + 1}: a momentum is not finite"
            )
        bad = np.flatnonzero(~np.isfinite(chunk.weights).all(axis=1))
        if len(bad):
            place = self._place(chunk.event_numbers, chunk.first_event, int(bad[0]))
            raise EventFileError(f"{place}: a weight is not finite")
        self._check_units(chunk)

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
                f"{self._place(chunk.event_numbers, chunk.first_event, i)}: its charged pions "
                f"have a mass of {typical:.4g} GeV instead of {_PION_MASS}; the U line of the "
                "event names the wrong momentum unit"
            )
