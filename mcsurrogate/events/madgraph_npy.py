# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of the events of MadGraph 7 in numpy's format (``output_format = "lhe_npy"``).

A run leaves ``events.npy``, a row an event, and beside it ``header.lhe``, the Les Houches text in
front of the events (MadGraphTeam/MadGraph7, ``madspace/driver/format.hpp`` and
``mg7/npy_to_lhe.py``). A row holds the numbers of the event, weights ``rwgt_ID``, and those of as
many particles as the largest event has; behind the last particle of an event ``pdg_id`` is zero.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hard_events import EventBatch, RunInfo
from mcsurrogate.events.lhe_head import parse_head, weight_name

__all__ = ["HEADER", "NPY_MAGIC", "read_madgraph_npy"]

NPY_MAGIC: Final = b"\x93NUMPY"
HEADER: Final = "header.lhe"
# What Python and numpy raise for text that describes no array.
_NO_HEADER = (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError)
_EVENT: Final = {
    "process_id": "<i4", "weight": "<f8", "scale": "<f8", "alpha_qed": "<f8", "alpha_qcd": "<f8",
}  # fmt: skip
_PARTICLE: Final = {
    "pdg_id": "<i4", "status_code": "<i4", "mother1": "<i4", "mother2": "<i4", "color": "<i4",
    "anti_color": "<i4", "px": "<f8", "py": "<f8", "pz": "<f8", "energy": "<f8", "mass": "<f8",
    "lifetime": "<f8", "spin": "<f8",
}  # fmt: skip
_WEIGHT = re.compile(r"rwgt_(\d+)")
_SLOT = re.compile(r"part(\d+)_(\w+)")


def read_madgraph_npy(
    path: Path, batch_size: int = 10_000, first: int = 0, stop: int | None = None
) -> tuple[RunInfo, Iterator[EventBatch]]:
    """Read ``events.npy`` of MadGraph 7 with the ``header.lhe`` beside it, in batches.

    Parameters
    ----------
    path
        The file with the events.
    batch_size
        Events a batch; memory does not depend on the length of the file.
    first, stop
        The events to read, counted from 0; to the end if ``stop`` is None. No others are read.

    Returns
    -------
    RunInfo, iterator of EventBatch
        Weights have the ids under which the header declares them.

    Raises
    ------
    EventFileError
        If a file is missing, damaged, cut off or of another kind (``compact_npy`` holds momenta
        without identities), or has fewer events than asked for. The iterator raises it, too.

    Warns
    -----
    UserWarning
        For columns that an event has no place for, which are not read.
    """
    path = Path(path)
    run = _run(path)
    layout = _Layout(path)
    last = layout.events if stop is None else stop
    if not 0 <= first <= last <= layout.events:
        msg = f"{path}: events {first}:{last} were asked for, the file holds {layout.events}"
        raise EventFileError(msg)
    if missing := sorted(set(run.weight_names) - set(layout.weights)):
        msg = f"{path}: {path.with_name(HEADER)} names {len(missing)} weights that the events "
        warnings.warn(f"{msg}do not have, '{missing[0]}' first", stacklevel=2)
    if layout.unknown:
        msg = f"{path}: {len(layout.unknown)} columns have no place in an event and are not read: "
        warnings.warn(msg + ", ".join(layout.unknown[:5]), stacklevel=2)
    run = replace(run, weight_names=("nominal", *layout.weights))
    return run, layout.batches(batch_size, first, last)


def _run(path: Path) -> RunInfo:
    beside = path.with_name(HEADER)
    try:
        text = beside.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        raise EventFileError(
            f"{path}: beams and cross sections of these events stand in {beside}, which cannot be "
            f"read ({error.strerror}); put MadGraph's {HEADER} there, or what a Les Houches file "
            "has up to </init>"
        ) from error
    head, end, _ = text.partition("</init>")
    if not end:
        raise EventFileError(f"{beside}: cannot be read as the head of an LHE file: no </init>")
    run = parse_head(beside, head)
    return replace(run, weight_names=tuple(map(weight_name, run.weight_names)))


class _Layout:
    """Where the numbers stand in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as stream:
                kind, self.events, self._start = self._header(stream)
                stream.seek(0, 2)
                size = stream.tell() - self._start
        except OSError as error:
            raise EventFileError(f"{path}: cannot be read: {error.strerror}") from error
        self._kind = kind
        names = kind.names or ()
        if "diagram_index" in names:
            raise EventFileError(
                f"{path}: is MadGraph's compact_npy, momenta without identities, which only "
                "MadGraph can complete: make LHE of it with its bin/npy_to_lhe, or set "
                "output_format to lhe or lhe_npy in its run card"
            )
        slots = [found for name in names if (found := _SLOT.fullmatch(name))]
        self._particles = max((int(slot[1]) for slot in slots), default=0)
        numbers = range(1, self._particles + 1)
        wanted = _EVENT | {f"part{i}_{k}": t for i in numbers for k, t in _PARTICLE.items()}
        columns = [name for name in names if _WEIGHT.fullmatch(name)]
        wanted |= dict.fromkeys(columns, "<f8")
        wrong = [name for name, t in wanted.items() if name not in names or kind[name].str != t]
        if wrong or not self._particles:
            msg = f"{path}: is no lhe_npy file of MadGraph: {wrong[0] if wrong else 'part1_pdg_id'}"
            raise EventFileError(f"{msg} is missing or of another type")
        self.weights = tuple(name.removeprefix("rwgt_") for name in columns)
        self._weight_columns = ["weight", *columns]
        self.unknown = [name for name in names if name not in wanted]
        if size != self.events * kind.itemsize:
            raise EventFileError(
                f"{path}: announces {self.events} events of {kind.itemsize} bytes and has {size} "
                f"bytes of events, {size // kind.itemsize} whole ones: it was cut off or damaged"
            )

    def _header(self, stream: IO[bytes]) -> tuple[np.dtype[Any], int, int]:
        preamble = stream.read(10)
        if preamble[:8] != NPY_MAGIC + b"\x01\x00":
            raise EventFileError(
                f"{self._path}: cannot be read as an lhe_npy file: not version 1.0"
            )
        text = stream.read(int.from_bytes(preamble[8:], "little"))
        try:
            header = ast.literal_eval(text.decode("ascii"))
            kind, shape = np.dtype(header["descr"]), header["shape"]
            plain = header["fortran_order"] is False and kind.names and not kind.hasobject
            (events,) = shape
        except _NO_HEADER as error:
            raise EventFileError(
                f"{self._path}: cannot be read as an lhe_npy file: {error} (MadGraph completes the "
                "header last: a run that was stopped leaves none)"
            ) from error
        if not plain or not isinstance(events, int) or events < 0:
            raise EventFileError(f"{self._path}: holds an array of shape {shape}, not events")
        return kind, events, stream.tell()

    def batches(self, size: int, first: int, stop: int) -> Iterator[EventBatch]:
        """Yield the events of a range."""
        with self._path.open("rb") as stream:
            stream.seek(self._start + first * self._kind.itemsize)
            for begin in range(first, stop, size):
                count = min(size, stop - begin)
                rows = np.fromfile(stream, dtype=self._kind, count=count)
                if len(rows) < count:
                    raise EventFileError(f"{self._path}: was cut off while it was read")
                yield self._batch(rows, begin)

    def _batch(self, rows: NDArray[np.void], begin: int) -> EventBatch:
        slots = {
            name: np.stack([rows[f"part{i + 1}_{name}"] for i in range(self._particles)], axis=1)
            for name in _PARTICLE
        }
        there = slots["pdg_id"] != 0
        counts = there.sum(axis=1)
        # one behind another, and at least one
        holes = (there != (np.arange(self._particles) < counts[:, None])).any(axis=1)
        self._refuse(holes | (counts == 0), begin, "has a particle without a PDG number")
        p = {name: slot[there] for name, slot in slots.items()}
        weights = np.stack([rows[name] for name in self._weight_columns], axis=1)
        real = {name: rows[name] for name in ("scale", "alpha_qed", "alpha_qcd")}
        finite = np.isfinite(weights).all(axis=1)
        for values in real.values():
            finite &= np.isfinite(values)
        for name in (name for name, kind in _PARTICLE.items() if kind == "<f8"):
            finite &= (np.isfinite(slots[name]) | ~there).all(axis=1)
        self._refuse(~finite, begin, "has a number that is not finite")
        return EventBatch(
            offsets=np.concatenate(([0], np.cumsum(counts))),
            pdg_id=p["pdg_id"],
            status=p["status_code"],
            parents=np.stack((p["mother1"], p["mother2"]), axis=1),
            colour=np.stack((p["color"], p["anti_color"]), axis=1),
            momenta=np.stack([p[name] for name in ("energy", "px", "py", "pz")], axis=1),
            mass=p["mass"],
            lifetime=p["lifetime"],
            helicity=p["spin"],
            weights=weights,
            scale=real["scale"],
            alpha_s=real["alpha_qcd"],
            alpha_qed=real["alpha_qed"],
            process_id=rows["process_id"].copy(),
            weight_names=("nominal", *self.weights),
        )

    def _refuse(self, wrong: NDArray[np.bool_], begin: int, what: str) -> None:
        if np.any(wrong):
            event = begin + int(np.argmax(wrong)) + 1
            raise EventFileError(f"{self._path}: event {event} {what}")
