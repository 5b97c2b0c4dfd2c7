# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard events as HepMC events, and back: nothing is lost on the way.

The two beams of the run and what comes in make one vertex each; every set of mothers is a vertex.
Lines of colour are ``flow1`` and ``flow2`` as Pythia writes them, SCALUP, couplings and IDPRUP the
attributes that HepMC3 has for them (arXiv:1912.08005); helicities and lifetimes are ``spin`` and
``lifetime``. What HepMC has no place for (the init block, headers, tags of events) stands in
attributes that begin with ``lhe_``.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.hard_event_table import run_of_values, run_values
from mcsurrogate.events.hard_events import EventBatch, RunInfo
from mcsurrogate.events.hepmc_details import HepmcDetails, HepmcRun
from mcsurrogate.events.hepmc_writer import PARTICLE

__all__ = ["graphs_of_hard_events", "hard_events_of_graphs", "hard_run"]

_RUN = "lhe_run"
_BEAM = 4
_STATUS: Final = {-1: 21, 1: 1, 2: 2, -2: 22, 3: 23, -9: 24}
_UNKNOWN_HELICITY = 9.0


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\|")


def _unescaped(text: str) -> str:
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\|", "\n") for part in parts)


def _hepmc_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of weights as HepMC3 can read them back."""
    return ("Weight", *("".join("_" if c in " \t\n\r\\|" else c for c in n) for n in names))


def graphs_of_hard_events(
    path: Path, run: RunInfo, batches: Iterable[EventBatch]
) -> tuple[HepmcRun, Iterator[EventChunk]]:
    """HepMC events of hard events.

    Parameters
    ----------
    path
        The file that they are written to, for errors.

    Raises
    ------
    EventFileError
        If names of weights are the same in HepMC. The iterator: for events whose mothers make no
        graph or that have a status of no Les Houches standard.
    """
    names = _hepmc_names(run.weight_names[1:])
    if twice := [name for name in names if names.count(name) > 1]:
        raise EventFileError(
            f"{path}: HepMC needs different names of weights, '{twice[0]}' is twice"
        )
    value = _escaped(json.dumps(run_values(run)))
    tools = (("mcsurrogate", "", "hard events as HepMC"),)
    return HepmcRun(names, tools, ((_RUN, value),)), _graphs(path, run, batches)


def _graphs(path: Path, run: RunInfo, batches: Iterable[EventBatch]) -> Iterator[EventChunk]:
    first = 0
    for batch in batches:
        yield _Graphs(path, run, batch, first).chunk()
        first += len(batch)


class _Graphs:
    """Particles, vertices and attributes of a batch."""

    def __init__(self, path: Path, run: RunInfo, batch: EventBatch, first: int) -> None:
        self._path, self._run, self._batch, self._first = path, run, batch, first
        self._counts = np.diff(batch.offsets)
        self._event = np.repeat(np.arange(len(batch)), self._counts)
        self._place = np.arange(len(self._event)) - batch.offsets[self._event] + 1
        mothers = batch.parents.astype(np.int64)
        single = np.where(mothers[:, 0] > 0, mothers[:, 0], mothers[:, 1])
        both = (mothers > 0).all(axis=1)
        self._low = np.where(both, mothers.min(axis=1), single)
        self._high = np.where(both, mothers.max(axis=1), single)
        self._incoming = batch.status == -1

    def _refuse(self, wrong: Any, what: str) -> None:  # noqa: ANN401 - a mask
        if np.any(wrong):
            event = self._first + int(self._event[int(np.argmax(wrong))]) + 1
            raise EventFileError(f"{self._path}: event {event}: {what}; HepMC cannot hold it")

    def _check(self) -> None:
        self._refuse(self._high >= self._place, "a particle comes before its mother")
        self._refuse(np.any(self._batch.parents < 0, axis=1), "a mother has a negative number")
        incoming = np.bincount(self._event[self._incoming], minlength=len(self._batch))
        self._refuse((incoming != 2)[self._event], "other than two particles come in")
        self._refuse(self._incoming & (self._high > 0), "a particle that comes in has a mother")
        known = np.isin(self._batch.status, list(_STATUS))
        self._refuse(~known, "a status that is none of " + ", ".join(map(str, _STATUS)))

    def chunk(self) -> EventChunk:
        """HepMC's graph of every event: two beams, then the particles in their order."""
        self._check()
        batch, events = self._batch, len(self._batch)
        offsets = batch.offsets + 2 * np.arange(events + 1)
        own = np.arange(len(self._event)) + 2 * (self._event + 1)  # where each particle stands
        # a vertex for each of the beams, and for each set of mothers
        born = self._low > 0
        sets = np.stack((self._event, self._low, self._high), axis=1)[born]
        vertices, which = np.unique(sets, axis=0, return_inverse=True)
        which = which.reshape(-1)
        counts = 2 + np.bincount(vertices[:, 0], minlength=events)
        vertex_offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        rank = np.arange(len(vertices)) + 2 * (vertices[:, 0] + 1)
        production = np.full(offsets[-1], -1, dtype=np.int64)
        end = np.full(offsets[-1], -1, dtype=np.int64)
        production[own[born]] = rank[which]
        beams = offsets[:-1, None] + np.arange(2)
        end[beams] = vertex_offsets[:-1, None] + np.arange(2)
        production[own[self._incoming]] = end[beams].reshape(-1)
        sizes = vertices[:, 2] - vertices[:, 1] + 1
        into = np.repeat(np.arange(len(vertices)), sizes)
        place = np.arange(len(into)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        mother = batch.offsets[vertices[into, 0]] + vertices[into, 1] + place - 1
        often = np.bincount(mother, minlength=len(self._event)) > 1
        self._refuse(often, "a particle has daughters with different sets of mothers")
        end[own[mother]] = rank[into]
        particles = np.zeros(offsets[-1], dtype=PARTICLE)
        self._fill(particles, own, beams)
        identity = -(np.arange(vertex_offsets[-1]) - np.repeat(vertex_offsets[:-1], counts)) - 1
        return EventChunk(
            offsets=offsets,
            particles=particles,
            production_vertex=production,
            end_vertex=end,
            vertex_positions=np.zeros((int(vertex_offsets[-1]), 4)),
            weights=batch.weights,
            event_numbers=self._first + np.arange(events),
            cross_section=np.full((events, 4), np.nan),
            pdf_info=np.full((events, 9), np.nan),
            first_event=self._first,
            details=HepmcDetails(
                vertex_offsets=vertex_offsets,
                vertex_id=identity.astype(np.int32),
                vertex_status=np.zeros(len(identity), dtype=np.int32),
                placed=np.zeros(len(identity), dtype=np.uint8),
                listed=np.ones(len(identity), dtype=np.uint8),
                event_position=np.zeros((events, 4)),
                attributes=self._attributes(),
            ),
        )

    def _fill(self, particles: NDArray[np.void], own: Any, beams: Any) -> None:  # noqa: ANN401
        batch = self._batch
        table = np.zeros(32, dtype=np.int32)
        for status, code in _STATUS.items():
            table[status] = code
        particles["pid"][own], particles["status"][own] = batch.pdg_id, table[batch.status]
        for name, column in zip(("e", "px", "py", "pz"), batch.momenta.T, strict=True):
            particles[name][own] = column
        particles["mass"][own] = batch.mass
        for side, (pdg, energy) in enumerate(
            zip(self._run.beams, self._run.energies_gev, strict=True)
        ):
            beam = beams[:, side]
            particles["pid"][beam], particles["status"][beam] = pdg, _BEAM
            particles["e"][beam], particles["pz"][beam] = energy, (energy, -energy)[side]

    def _attributes(self) -> tuple[bytes, ...]:
        batch = self._batch
        total = sum(process.cross_section_pb for process in self._run.processes)
        error = float(np.hypot.reduce([process.error_pb for process in self._run.processes]))
        lines: list[list[str]] = []
        texts = (batch.attributes, batch.annotations)
        rows = zip(
            *(batch.alpha_s.tolist(), batch.alpha_qed.tolist(), batch.scale.tolist()),
            batch.process_id.tolist(),
            strict=True,
        )
        for event, (alpha_s, alpha_qed, scale, process) in enumerate(rows):
            lines.append(
                [
                    f"0 GenCrossSection {total!r} {error!r} -1 -1",
                    f"0 alphaQCD {alpha_s!r}",
                    f"0 alphaQED {alpha_qed!r}",
                    f"0 event_scale {scale!r}",
                ]
            )
            for name, column in zip(("lhe_attributes", "lhe_annotations"), texts, strict=True):
                if column is not None and column[event]:
                    lines[event].append(f"0 {name} {_escaped(column[event])}")
            lines[event].append(f"0 signal_process_id {process}")
        for name, values, plain in self._of_particles():
            for i in np.flatnonzero(~plain):
                lines[self._event[i]].append(f"{self._place[i] + 2} {name} {values[i]}")
        return tuple(
            "".join(line + "\n" for line in own).encode("utf-8", "surrogateescape") for own in lines
        )

    def _of_particles(self) -> Iterator[tuple[str, list[Any], NDArray[np.bool_]]]:
        """Attributes of particles, and where they are what stands for nothing."""
        batch = self._batch
        for side, name in enumerate(("flow1", "flow2")):
            yield name, batch.colour[:, side].tolist(), (batch.colour == 0).all(axis=1)
        usual = np.stack((self._low, self._high), axis=1)
        mothers = [f"{a} {b}" for a, b in batch.parents.tolist()]
        yield "lhe_mothers", mothers, (batch.parents == usual).all(axis=1)
        if batch.lifetime is not None:
            # a zero may have a sign
            plain = (batch.lifetime == 0.0) & ~np.signbit(batch.lifetime)
            yield "lifetime", batch.lifetime.tolist(), plain
        if batch.helicity is not None:
            yield "spin", batch.helicity.tolist(), batch.helicity == _UNKNOWN_HELICITY


def hard_run(path: Path, run: HepmcRun) -> RunInfo:
    """Run of hard events that were written as HepMC.

    Raises
    ------
    EventFileError
        If the file holds other events.
    """
    values = dict(run.attributes).get(_RUN)
    if values is None:
        raise EventFileError(
            f"{path}: holds generated events, of which a file of hard events would lose showers, "
            "hadrons, decays and vertices; convert them to HepMC3 (.hepmc), .parquet or .root"
        )
    try:
        return run_of_values(json.loads(_unescaped(values)))
    except (ValueError, TypeError, KeyError) as error:
        raise EventFileError(f"{path}: the attribute {_RUN} is damaged: {error}") from error


def hard_events_of_graphs(
    path: Path, run: RunInfo, chunks: Iterable[EventChunk]
) -> Iterator[EventBatch]:
    """Hard events that `graphs_of_hard_events` made these of.

    Raises
    ------
    EventFileError
        If an event is none of them.
    """
    for chunk in chunks:
        try:
            yield _hard_events(run, chunk)
        except (ValueError, LookupError) as error:
            first, last = chunk.first_event + 1, chunk.first_event + len(chunk)
            raise EventFileError(
                f"{path}: among events {first} to {last} is one that is no hard event: {error}"
            ) from error


def _hard_events(run: RunInfo, chunk: EventChunk) -> EventBatch:
    own = np.flatnonzero(chunk.status != _BEAM)
    offsets = chunk.offsets - 2 * np.arange(len(chunk) + 1)
    if len(own) != offsets[-1] or len(run.weight_names) != chunk.weights.shape[1]:
        raise ValueError("other beams or weights than the run has")
    place = np.full(len(chunk.particles), 0)
    place[own] = np.arange(len(own)) - np.repeat(offsets[:-1], np.diff(offsets)) + 1
    low, high = _mothers(chunk, place)
    codes = {code: status for status, code in _STATUS.items()}
    taken = chunk.particles[own]
    columns = _Attributes(chunk, offsets)
    parents = np.stack((low, high), axis=1)[own].astype(np.int32)
    for i, text in columns.of_particles.get("lhe_mothers", {}).items():
        parents[i] = [int(word) for word in text.split()]
    return EventBatch(
        offsets=offsets,
        pdg_id=np.ascontiguousarray(taken["pid"]),
        status=np.array([codes[code] for code in taken["status"].tolist()], dtype=np.int32),
        parents=parents,
        colour=np.stack(
            [columns.numbers(name, 0, len(own)) for name in ("flow1", "flow2")], axis=1
        ).astype(np.int32),
        momenta=np.stack([taken[name] for name in ("e", "px", "py", "pz")], axis=1),
        mass=np.ascontiguousarray(taken["mass"]),
        lifetime=columns.numbers("lifetime", 0.0, len(own)),
        helicity=columns.numbers("spin", _UNKNOWN_HELICITY, len(own)),
        weights=chunk.weights,
        scale=columns.of_events("event_scale"),
        alpha_s=columns.of_events("alphaQCD"),
        alpha_qed=columns.of_events("alphaQED"),
        process_id=columns.of_events("signal_process_id").astype(np.int32),
        weight_names=run.weight_names,
        **columns.texts(),
    )


def _mothers(
    chunk: EventChunk, place: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last mother of every particle, 0 where it has none but beams."""
    low = np.full(chunk.n_vertices + 1, len(place), dtype=np.int64)
    high = np.zeros(chunk.n_vertices + 1, dtype=np.int64)
    ends = chunk.end_vertex >= 0
    np.minimum.at(low, chunk.end_vertex[ends], place[ends])
    np.maximum.at(high, chunk.end_vertex[ends], place[ends])
    low[high == 0] = 0
    return low[chunk.production_vertex], high[chunk.production_vertex]


class _Attributes:
    """Attributes of the events of a chunk by name."""

    def __init__(self, chunk: EventChunk, offsets: NDArray[np.int64]) -> None:
        self._events: list[dict[str, str]] = []
        self.of_particles: dict[str, dict[int, str]] = {}
        details = chunk.details
        for event, lines in enumerate(() if details is None else details.attributes):
            self._events.append({})
            for line in lines.decode("utf-8", "surrogateescape").split("\n")[:-1]:
                owner, name, text = line.split(" ", 2)
                if owner == "0":
                    self._events[event][name] = text
                else:
                    row = int(offsets[event]) + int(owner) - 3
                    self.of_particles.setdefault(name, {})[row] = text

    def of_events(self, name: str) -> NDArray[np.float64]:
        """Numbers of an attribute that every event has."""
        return np.array([float(own[name]) for own in self._events])

    def numbers(self, name: str, absent: float, count: int) -> NDArray[np.float64]:
        """Numbers of an attribute of particles."""
        column = np.full(count, absent, dtype=np.float64)
        for row, text in self.of_particles.get(name, {}).items():
            column[row] = float(text)
        return column

    def texts(self) -> dict[str, tuple[str, ...]]:
        """Attributes and annotations, if any event has some."""
        names = ("attributes", "annotations")
        found = {
            name: tuple(_unescaped(own.get(f"lhe_{name}", "")) for own in self._events)
            for name in names
        }
        return found if any(any(column) for column in found.values()) else {}
