# SPDX-License-Identifier: GPL-3.0-or-later
"""Final-state particles of generated events as flat arrays."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events.records import EventRecords

__all__ = ["ParticleBatch"]


@dataclass(frozen=True, slots=True)
class ParticleBatch:
    """N generated events with M final-state particles in all.

    Attributes
    ----------
    offsets
        ``(N + 1,)`` int64: particles of event i are ``offsets[i]:offsets[i + 1]``.
    pdg_id
        ``(M,)`` int32.
    momenta
        ``(M, 4)`` float64 [E, px, py, pz] in GeV; each column is contiguous.
    vertices
        ``(M, 4)`` float64 production vertex [x, y, z, t] in mm (t in mm/c).
    weights
        ``(N, W)`` float64; column 0 is the nominal weight, in pb for hard events of strategy 4
        and -4, else a pure number.
    weight_names
        Names of the W weight columns.
    scale
        ``(N,)`` float64 scale of the hard process in GeV.
    process_code
        ``(N,)`` int32, Pythia's code of the process; for hard events from outside their own
        process id.
    hard_process
        The records of the hard processes, if they were asked for.
    parton_level
        The records just before hadronization, if they were asked for.
    record
        The whole event records, decayed hadrons included, if they were asked for.
    source_event
        ``(N,)`` int64: number of the parton-level event that each event was hadronized from;
        None for events that were generated as a whole.
    """

    offsets: NDArray[np.int64]
    pdg_id: NDArray[np.int32]
    momenta: NDArray[np.float64]
    vertices: NDArray[np.float64]
    weights: NDArray[np.float64]
    weight_names: tuple[str, ...]
    scale: NDArray[np.float64]
    process_code: NDArray[np.int32]
    hard_process: EventRecords | None = None
    parton_level: EventRecords | None = None
    record: EventRecords | None = None
    source_event: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def from_native(cls, columns: dict[str, Any], weight_names: tuple[str, ...]) -> Self:
        """Wrap the columns that the compiled module returns, without copying."""
        event = (columns["weights"], weight_names, columns["scale"], columns["process_code"])

        def records(name: str) -> EventRecords | None:
            return EventRecords.from_native(columns[name], *event) if name in columns else None

        return cls(
            offsets=columns["offsets"],
            pdg_id=columns["pdg_id"],
            momenta=columns["momenta"].T,
            vertices=columns["vertices"].T,
            weights=columns["weights"],
            weight_names=weight_names,
            scale=columns["scale"],
            process_code=columns["process_code"],
            hard_process=records("hard_process"),
            parton_level=records("parton_level"),
            record=records("record"),
            source_event=columns["source_event"] if len(columns["source_event"]) else None,
        )
