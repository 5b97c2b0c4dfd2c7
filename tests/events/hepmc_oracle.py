# SPDX-License-Identifier: GPL-3.0-or-later
"""What pyhepmc reads in a HepMC file, and what `EventFile` does, in the same shape."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyhepmc
from pyhepmc.io import ReaderAscii, ReaderAsciiHepMC2, pyiostream

from mcsurrogate.events import EventFile

FIELDS = ("pid", "status", "mass", "px", "py", "pz", "e")


@dataclass
class Event:
    """An event: particles in their order, and for each what it comes from and where."""

    number: int
    particles: list[tuple]
    parents: list[list[int]]
    places: list[tuple[float, ...]]
    ended: list[bool]
    weights: tuple[float, ...]
    cross_section: tuple[float, ...]
    pdf_info: tuple[float, ...]

    def difference(self, other: "Event") -> str | None:
        """Name the first thing in which two events differ; NaN is equal to itself."""
        if self == other:
            return None
        for name in self.__dataclass_fields__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if repr(mine) != repr(theirs):
                return f"{name}: {mine} and {theirs}"
        return None


def ours(path: Path, chunk_particles: int = 300) -> list[Event]:
    """Events that `EventFile` reads."""
    events = []
    for chunk in EventFile(path).chunks(chunk_particles):
        for k in range(len(chunk)):
            own = slice(chunk.offsets[k], chunk.offsets[k + 1])
            production = chunk.production_vertex[own].tolist()
            end = chunk.end_vertex[own].tolist()
            into: dict[int, list[int]] = {}
            for i, vertex in enumerate(end):
                into.setdefault(vertex, []).append(i)
            into[-1] = []
            section, pdf = chunk.cross_section[k], chunk.pdf_info[k]
            events.append(
                Event(
                    number=int(chunk.event_numbers[k]),
                    particles=chunk.particles[own].tolist(),
                    parents=[into.get(vertex, []) for vertex in production],
                    places=[
                        tuple(chunk.vertex_positions[v].tolist()) if v >= 0 else ()
                        for v in production
                    ],
                    ended=[vertex >= 0 for vertex in end],
                    weights=tuple(chunk.weights[k].tolist()),
                    cross_section=() if np.isnan(section[3]) else tuple(section[:2].tolist()),
                    pdf_info=() if np.isnan(pdf[0]) else tuple(pdf.tolist()),
                )
            )
    return events


def theirs(path: Path) -> list[Event] | None:
    """Events that pyhepmc reads; None where it refuses the file."""
    text = path.read_bytes()
    reader_class = ReaderAscii if b"Asciiv3-START" in text[:4096] else ReaderAsciiHepMC2
    setup = pyhepmc.Setup
    before = setup.print_errors, setup.print_warnings
    setup.print_errors = setup.print_warnings = False
    try:
        return _read(reader_class(pyiostream(io.BytesIO(text), 1 << 18)))
    finally:
        setup.print_errors, setup.print_warnings = before


def _read(reader) -> list[Event] | None:
    events = []
    while not reader.failed():
        event = pyhepmc.GenEvent()
        try:
            if not reader.read_event(event):
                return None
        except (RuntimeError, ValueError, IndexError):
            return None
        if reader.failed() and not event.particles:
            break
        events.append(_event(event))
    return events


def _event(event: pyhepmc.GenEvent) -> Event:
    data = pyhepmc.GenEventData()
    event.write_data(data)
    momentum = 1e-3 if data.momentum_unit == pyhepmc.Units.MEV else 1.0
    length = 10.0 if data.length_unit == pyhepmc.Units.CM else 1.0
    factors = [1, 1, *(momentum for _ in FIELDS[2:])]
    columns = [
        (data.particles[name] * factor).tolist()
        for name, factor in zip(FIELDS, factors, strict=True)
    ]
    places = {
        vertex.id: tuple(float(raw[axis]) * length for axis in "xyzt")
        for vertex, raw in zip(event.vertices, data.vertices, strict=True)
    }
    start = tuple(getattr(data.event_pos, axis) * length for axis in "xyzt")
    section, pdf = event.cross_section, event.pdf_info
    return Event(
        number=data.event_number,
        particles=list(zip(*columns, strict=True)),
        parents=[sorted(p.id - 1 for p in particle.parents) for particle in event.particles],
        places=[_place(particle.production_vertex, places, start) for particle in event.particles],
        ended=[particle.end_vertex is not None for particle in event.particles],
        weights=tuple(event.weights) or (1.0,),
        cross_section=() if section is None else (section.xsec(), section.xsec_err()),
        pdf_info=()
        if pdf is None
        else tuple(
            float(value)
            for value in (
                *(pdf.parton_id1, pdf.parton_id2, pdf.x1, pdf.x2, pdf.scale),
                *(pdf.xf1, pdf.xf2, pdf.pdf_id1, pdf.pdf_id2),
            )
        ),
    )


def _place(vertex, places, start) -> tuple[float, ...]:
    """Where a vertex is: HepMC3's own answer gives up in events that it takes for circular."""
    if vertex is None or vertex.id == 0:
        return ()
    while not any(places[vertex.id]):
        before = vertex.particles_in[0].production_vertex if vertex.particles_in else None
        if before is None or before.id == 0:
            return start
        vertex = before
    return places[vertex.id]
