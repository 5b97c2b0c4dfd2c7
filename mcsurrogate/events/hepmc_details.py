# SPDX-License-Identifier: GPL-3.0-or-later
"""What a HepMC file holds beside the columns that analyses look at, for writing it again."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HepmcDetails", "HepmcRun"]


@dataclass(frozen=True, slots=True)
class HepmcRun:
    """What stands in front of the events.

    Attributes
    ----------
    weight_names
        Names of the weights; empty where the file does not name them.
    tools
        ``(name, version, description)`` of the programs that made the events.
    attributes
        Names and values of the run's attributes, as they are written.
    """

    weight_names: tuple[str, ...] = ()
    tools: tuple[tuple[str, str, str], ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HepmcDetails:
    """Of a chunk with N events and V vertices.

    Attributes
    ----------
    vertex_offsets
        ``(N + 1,)`` int64: vertices of event i are ``vertex_offsets[i]:vertex_offsets[i + 1]``.
    vertex_id, vertex_status
        ``(V,)`` int32; ids are negative, within the event.
    placed, listed
        ``(V,)`` uint8: whether a vertex has a position of its own, and a line in the file.
    event_position
        ``(N, 4)`` x, y, z and time in mm, of the event as a whole.
    attributes
        Of each event the lines ``OWNER NAME VALUE`` of its attributes as version 3 writes them; an
        owner is a particle (from 1), a vertex (from -1 downwards) or 0, the event.
    """

    vertex_offsets: NDArray[np.int64]
    vertex_id: NDArray[np.int32]
    vertex_status: NDArray[np.int32]
    placed: NDArray[np.uint8]
    listed: NDArray[np.uint8]
    event_position: NDArray[np.float64]
    attributes: tuple[bytes, ...]
