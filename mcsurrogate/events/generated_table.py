# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated events, with their graphs, as columns that files of columns hold."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.column_batch import ColumnBatch, Layout, TableHead
from mcsurrogate.events.hepmc_details import HepmcDetails, HepmcRun
from mcsurrogate.events.hepmc_writer import PARTICLE

__all__ = [
    "GENERATED_EVENTS",
    "generated_chunks",
    "generated_columns",
    "generated_head",
    "hepmc_run",
]

_AXES = ("x", "y", "z", "t")
_SECTION = ("cross_section_pb", "cross_section_error_pb", "accepted_events", "attempted_events")
_PDF = ("id1", "id2", "x1", "x2", "scale", "xf1", "xf2", "set1", "set2")
GENERATED_EVENTS: Final = Layout(
    kind="generated events",
    events={
        "event_number": "i8",
        **dict.fromkeys(_AXES, "f8"),
        **dict.fromkeys(_SECTION, "f8"),
        **{f"pdf_{name}": "f8" for name in _PDF},
    },
    texts=("attributes",),
    groups={
        "particles": {
            **dict.fromkeys(("pid", "status"), "i4"),
            **dict.fromkeys(("mass", "px", "py", "pz", "e"), "f8"),
            **dict.fromkeys(("production_vertex", "end_vertex"), "i4"),
        },
        "vertices": {
            **dict.fromkeys(("id", "status"), "i4"),
            **dict.fromkeys(_AXES, "f8"),
            **dict.fromkeys(("placed", "listed"), "u1"),
        },
    },
)


def generated_head(run: HepmcRun) -> TableHead:
    """Head of a file of columns with events of a run."""
    return TableHead(GENERATED_EVENTS.kind, list(run.weight_names), asdict(run))


def hepmc_run(head: TableHead) -> HepmcRun:
    """Run of such a file."""
    tools = tuple(tuple(tool) for tool in head.run["tools"])
    attributes = tuple(tuple(pair) for pair in head.run["attributes"])
    return HepmcRun(tuple(head.weight_names), tools, attributes)


def generated_columns(chunks: Iterable[EventChunk]) -> Iterator[ColumnBatch]:
    """Columns of chunks with details; vertices are numbered from 0 within each event."""
    for chunk in chunks:
        details = chunk.details
        if details is None:
            raise ValueError("events become columns with their details only")
        first = np.repeat(details.vertex_offsets[:-1], np.diff(chunk.offsets))

        def within(
            column: NDArray[np.int64], first: NDArray[np.int64] = first
        ) -> NDArray[np.int32]:
            return np.where(column < 0, -1, column - first).astype(np.int32)

        places = dict(zip(_AXES, chunk.vertex_positions.T, strict=True))
        values = [chunk.event_numbers, *details.event_position.T]
        values += [*chunk.cross_section.T, *chunk.pdf_info.T]
        yield ColumnBatch(
            events=_typed(GENERATED_EVENTS.events, values),
            weights=np.ascontiguousarray(chunk.weights, dtype=np.float64),
            texts={"attributes": details.attributes},
            offsets={"particles": chunk.offsets, "vertices": details.vertex_offsets},
            groups={
                "particles": {
                    name: np.ascontiguousarray(chunk.particles[name])
                    for name in PARTICLE.names or ()
                }
                | {
                    "production_vertex": within(chunk.production_vertex),
                    "end_vertex": within(chunk.end_vertex),
                },
                "vertices": _typed(
                    GENERATED_EVENTS.groups["vertices"],
                    [
                        details.vertex_id,
                        details.vertex_status,
                        *places.values(),
                        details.placed,
                        details.listed,
                    ],
                ),
            },
        )


def _typed(kinds: Any, values: list[NDArray[Any]]) -> dict[str, NDArray[Any]]:  # noqa: ANN401
    return {
        name: np.ascontiguousarray(column, dtype=kind)
        for (name, kind), column in zip(kinds.items(), values, strict=True)
    }


def generated_chunks(batches: Iterable[ColumnBatch]) -> Iterator[EventChunk]:
    """Chunks with details of columns."""
    first_event = 0
    for batch in batches:
        offsets, vertex_offsets = batch.offsets["particles"], batch.offsets["vertices"]
        p, v = batch.groups["particles"], batch.groups["vertices"]
        particles = np.empty(len(p["pid"]), dtype=PARTICLE)
        for name in PARTICLE.names or ():
            particles[name] = p[name]
        first = np.repeat(vertex_offsets[:-1], np.diff(offsets))

        def through(
            column: NDArray[np.int32], first: NDArray[np.int64] = first
        ) -> NDArray[np.int64]:
            return np.where(column < 0, -1, column + first)

        def rows(columns: Any, names: Iterable[str]) -> NDArray[np.float64]:  # noqa: ANN401
            return np.stack([columns[name] for name in names], axis=1)

        yield EventChunk(
            offsets=offsets,
            particles=particles,
            production_vertex=through(p["production_vertex"]),
            end_vertex=through(p["end_vertex"]),
            vertex_positions=rows(v, _AXES),
            weights=batch.weights,
            event_numbers=batch.events["event_number"],
            cross_section=rows(batch.events, _SECTION),
            pdf_info=rows(batch.events, [f"pdf_{name}" for name in _PDF]),
            first_event=first_event,
            details=HepmcDetails(
                vertex_offsets=vertex_offsets,
                vertex_id=v["id"],
                vertex_status=v["status"],
                placed=v["placed"],
                listed=v["listed"],
                event_position=rows(batch.events, _AXES),
                attributes=batch.texts["attributes"],
            ),
        )
        first_event += len(batch)
