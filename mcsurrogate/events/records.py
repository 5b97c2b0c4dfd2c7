# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole Pythia event records as flat arrays: hard processes and parton levels."""

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EventFileError

__all__ = ["EventRecords"]

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class EventRecords:
    """N event records of Pythia with R rows in all.

    Rows are numbered within each event as Pythia numbers them: row 0 is the system as a whole,
    rows 1 and 2 are the beams. `mothers` and `daughters` refer to these numbers; what they and
    the status codes mean is told in Pythia's manual, "Particle Properties".

    Attributes
    ----------
    offsets
        ``(N + 1,)`` int64: rows of event i are ``offsets[i]:offsets[i + 1]``.
    pdg_id, status
        ``(R,)`` int32. Status of the hard process: 21 incoming, 22 intermediate, 23 outgoing.
    mothers, daughters
        ``(R, 2)`` int32.
    colour
        ``(R, 2)`` int32 colour and anticolour tag.
    momenta
        ``(R, 4)`` float64 [E, px, py, pz] in GeV; each column is contiguous.
    vertices
        ``(R, 4)`` float64 production vertex [x, y, z, t] in mm (t in mm/c).
    mass, scale
        ``(R,)`` float64 in GeV.
    polarization
        ``(R,)`` float64: helicity, 9 where unknown.
    lifetime
        ``(R,)`` float64 proper lifetime in mm/c.
    junction_offsets
        ``(N + 1,)`` int64: colour junctions of event i.
    junctions
        ``(J, 11)`` int32: kind, whether it remains, and colour, end colour and status of its legs.
    weights
        ``(N, W)`` float64.
    weight_names
        Names of the W weight columns.
    event_scale
        ``(N,)`` float64 in GeV, scale of the hard process.
    process_code
        ``(N,)`` int32, code of the process.
    """

    offsets: NDArray[np.int64]
    pdg_id: NDArray[np.int32]
    status: NDArray[np.int32]
    mothers: NDArray[np.int32]
    daughters: NDArray[np.int32]
    colour: NDArray[np.int32]
    momenta: NDArray[np.float64]
    vertices: NDArray[np.float64]
    mass: NDArray[np.float64]
    scale: NDArray[np.float64]
    polarization: NDArray[np.float64]
    lifetime: NDArray[np.float64]
    junction_offsets: NDArray[np.int64]
    junctions: NDArray[np.int32]
    weights: NDArray[np.float64]
    weight_names: tuple[str, ...]
    event_scale: NDArray[np.float64]
    process_code: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def without_history(
        cls,
        offsets: NDArray[np.int64],
        pdg_id: NDArray[np.int32],
        status: NDArray[np.int32],
        momenta: NDArray[np.float64],
        mass: NDArray[np.float64],
        colour: NDArray[np.int32] | None = None,
    ) -> Self:
        """Make records of particles by hand: at the origin, without mothers, of unit weight.

        Parameters
        ----------
        offsets, pdg_id, status, momenta, mass, colour
            As the attributes; no colour where it is not given.
        """
        rows, events = len(pdg_id), len(offsets) - 1
        nothing = np.zeros((rows, 2), dtype=np.int32)
        return cls(
            offsets=offsets,
            pdg_id=pdg_id,
            status=status,
            mothers=nothing,
            daughters=nothing.copy(),
            colour=nothing.copy() if colour is None else colour,
            momenta=momenta,
            vertices=np.zeros((rows, 4)),
            mass=mass,
            scale=np.zeros(rows),
            polarization=np.full(rows, 9.0),
            lifetime=np.zeros(rows),
            junction_offsets=np.zeros(events + 1, dtype=np.int64),
            junctions=np.zeros((0, 11), dtype=np.int32),
            weights=np.ones((events, 1)),
            weight_names=("weight",),
            event_scale=np.zeros(events),
            process_code=np.zeros(events, dtype=np.int32),
        )

    @classmethod
    def from_native(
        cls,
        columns: dict[str, Any],
        weights: NDArray[np.float64],
        weight_names: tuple[str, ...],
        event_scale: NDArray[np.float64],
        process_code: NDArray[np.int32],
    ) -> Self:
        """Wrap the columns that the compiled module returns, without copying."""
        columns = columns | {
            "momenta": columns["momenta"].T,
            "vertices": columns["vertices"].T,
            "weights": weights,
            "weight_names": weight_names,
            "event_scale": event_scale,
            "process_code": process_code,
        }
        return cls(**columns)

    def native(self) -> dict[str, Any]:
        """Columns for the compiled module."""
        kinds = {"f": np.float64, "i": np.int32}
        columns: dict[str, Any] = {"weight_names": list(self.weight_names)}
        for name in (column.name for column in fields(self) if column.name != "weight_names"):
            values = getattr(self, name)
            if name in {"momenta", "vertices"}:
                values = values.T
            wanted = np.int64 if name.endswith("offsets") else kinds[values.dtype.kind]
            columns[name] = np.ascontiguousarray(values, dtype=wanted)
        return columns

    def save(self, path: str | Path) -> None:
        """Write a compressed ``.npz`` file, under its name only once it is whole.

        Raises
        ------
        EventFileError
            If the file cannot be written.
        """
        path = Path(path)
        columns = {column.name: np.asarray(getattr(self, column.name)) for column in fields(self)}
        try:
            with atomic_path(path) as part, part.open("wb") as stream:
                np.savez_compressed(stream, allow_pickle=False, format=np.array(_FORMAT), **columns)
        except OSError as error:
            raise EventFileError(f"cannot write {path}: {error.strerror}") from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` has written.

        Raises
        ------
        EventFileError
            If the file cannot be read, is damaged or holds something else.
        """
        wanted = [column.name for column in fields(cls)]
        try:
            with Path(path).open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                columns: dict[str, Any] = {name: stored[name] for name in stored.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise EventFileError(
                f"{path} cannot be read as saved event records: {error}"
            ) from error
        if columns.pop("format", None) != _FORMAT or sorted(columns) != sorted(wanted):
            raise EventFileError(
                f"{path} does not hold event records of format {_FORMAT}; save them anew"
            )
        columns["weight_names"] = tuple(str(name) for name in columns["weight_names"])
        return cls(**columns)
