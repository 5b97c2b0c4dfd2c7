# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard events as columns that files of columns hold."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from mcsurrogate.events.column_batch import ColumnBatch, Layout, TableHead
from mcsurrogate.events.hard_events import EventBatch, ProcessInfo, RunInfo
from mcsurrogate.events.lhe_head import header_text, init_text

__all__ = [
    "HARD_EVENTS",
    "hard_batches",
    "hard_columns",
    "hard_head",
    "run_of_values",
    "run_values",
]

_MOMENTUM = ("energy", "px", "py", "pz")
HARD_EVENTS: Final = Layout(
    kind="hard events",
    events={"process_id": "i4", "scale": "f8", "alpha_s": "f8", "alpha_qed": "f8"},
    texts=("attributes", "annotations"),
    groups={
        "particles": {
            **dict.fromkeys(("pdg_id", "status", "mother1", "mother2", "colour1", "colour2"), "i4"),
            **dict.fromkeys((*_MOMENTUM, "mass", "lifetime", "helicity"), "f8"),
        }
    },
)
_UNKNOWN_HELICITY = 9.0


def run_values(run: RunInfo) -> dict[str, Any]:
    """Values of a run for JSON, with the text of header and init as an LHE file has it."""
    return asdict(run) | {"header": header_text(run, {}), "init_text": init_text(run)}


def run_of_values(values: dict[str, Any]) -> RunInfo:
    """Run of what `run_values` gave."""
    lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    processes = tuple(ProcessInfo(**process) for process in values["processes"])
    return RunInfo(**(values | lists | {"processes": processes}))


def hard_head(run: RunInfo) -> TableHead:
    """Head of a file of columns with events of a run."""
    return TableHead(HARD_EVENTS.kind, list(run.weight_names), run_values(run))


def hard_columns(batches: Iterable[EventBatch]) -> Iterator[ColumnBatch]:
    """Columns of batches."""
    for batch in batches:
        count = len(batch.pdg_id)
        lifetime = np.zeros(count) if batch.lifetime is None else batch.lifetime
        unknown = np.full(count, _UNKNOWN_HELICITY)
        columns = [batch.pdg_id, batch.status, *batch.parents.T, *batch.colour.T]
        columns += [*batch.momenta.T, batch.mass, lifetime]
        columns.append(unknown if batch.helicity is None else batch.helicity)
        kinds = HARD_EVENTS.groups["particles"]
        yield ColumnBatch(
            events={
                name: np.ascontiguousarray(getattr(batch, name), dtype=kind)
                for name, kind in HARD_EVENTS.events.items()
            },
            weights=np.ascontiguousarray(batch.weights, dtype=np.float64),
            texts={
                name: tuple(
                    text.encode("utf-8", "surrogateescape")
                    for text in getattr(batch, name) or ("",) * len(batch)
                )
                for name in HARD_EVENTS.texts
            },
            offsets={"particles": batch.offsets},
            groups={
                "particles": {
                    name: np.ascontiguousarray(column, dtype=kind)
                    for (name, kind), column in zip(kinds.items(), columns, strict=True)
                }
            },
        )


def hard_batches(batches: Iterable[ColumnBatch], run: RunInfo) -> Iterator[EventBatch]:
    """Batches of columns."""
    for batch in batches:
        p = batch.groups["particles"]
        columns: dict[str, Any] = dict(batch.events)
        if any(any(column) for column in batch.texts.values()):
            for name, column in batch.texts.items():
                columns[name] = tuple(t.decode("utf-8", "surrogateescape") for t in column)
        yield EventBatch(
            offsets=batch.offsets["particles"],
            pdg_id=p["pdg_id"],
            status=p["status"],
            parents=np.stack((p["mother1"], p["mother2"]), axis=1),
            colour=np.stack((p["colour1"], p["colour2"]), axis=1),
            momenta=np.stack([p[name] for name in _MOMENTUM], axis=1),
            mass=p["mass"],
            lifetime=p["lifetime"],
            helicity=p["helicity"],
            weights=batch.weights,
            weight_names=run.weight_names,
            **columns,
        )
