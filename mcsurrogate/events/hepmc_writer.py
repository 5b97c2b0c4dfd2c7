# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing columns of HepMC events as text of version 3 (Asciiv3, arXiv:1912.08005)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.chunk import EventChunk
from mcsurrogate.events.compression import new_text_file
from mcsurrogate.events.hepmc_details import HepmcRun
from mcsurrogate.native import native_module

__all__ = ["PARTICLE", "write_hepmc"]

PARTICLE = np.dtype(
    [("pid", "i4"), ("status", "i4"), *((name, "f8") for name in ("mass", "px", "py", "pz", "e"))]
)
"""A row of `EventChunk.particles`."""


def write_hepmc(path: Path, run: HepmcRun, chunks: Iterable[EventChunk]) -> int:
    """Write events to a HepMC3 file that appears under its name only when it is whole.

    Read back they are the same, bit for bit.

    Parameters
    ----------
    path
        Name of the file; the endings ``.gz``, ``.zst`` and ``.xz`` compress it.
    run
        Names of the weights, programs and attributes.
    chunks
        The events, with details, consumed in a stream.

    Returns
    -------
    int
        Number of events written.

    Raises
    ------
    EventFileError
        If a chunk has no details, or the file cannot be written.
    """
    native = native_module()
    count = 0
    attributes = [(_encoded(name), _encoded(value)) for name, value in run.attributes]
    tools = [[_encoded(word) for word in tool] for tool in run.tools]
    with new_text_file(Path(path)) as stream:
        stream.write(native.hepmc_head(list(map(_encoded, run.weight_names)), tools, attributes))
        for chunk in chunks:
            stream.write(native.hepmc_text(_columns(Path(path), chunk)))
            count += len(chunk)
        stream.write(native.hepmc_foot())
    return count


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _columns(path: Path, chunk: EventChunk) -> dict[str, Any]:
    """Columns of a chunk for the compiled module; nothing is copied that has the right type."""
    details = chunk.details
    if details is None:
        raise EventFileError(
            f"{path}: events are written with their details: EventFile(..., details=True)"
        )
    kinds: dict[str, type] = {
        "offsets": np.int64,
        "production_vertex": np.int64,
        "end_vertex": np.int64,
        "event_numbers": np.int64,
        "vertex_positions": np.float64,
        "weights": np.float64,
    }
    own: dict[str, type] = {
        "vertex_offsets": np.int64,
        "vertex_id": np.int32,
        "vertex_status": np.int32,
        "placed": np.uint8,
        "listed": np.uint8,
        "event_position": np.float64,
    }
    columns: dict[str, Any] = {
        name: np.ascontiguousarray(getattr(place, name), dtype=kind)
        for place, names in ((chunk, kinds), (details, own))
        for name, kind in names.items()
    }
    particles = np.ascontiguousarray(chunk.particles, dtype=PARTICLE)
    return columns | {"particles": particles, "attributes": details.attributes}
