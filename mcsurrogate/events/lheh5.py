# SPDX-License-Identifier: GPL-3.0-or-later
"""Reader of LHEH5 files (HDF5), versions 2.0 to 2.6, by ranges of events.

The format is that of arXiv:1905.05120 and 2309.13154, as Sherpa, Pepper and pylhe write it.
"""

import json
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hard_events import EventBatch, ProcessInfo, RunInfo
from mcsurrogate.events.hdf5_heaps import check_heaps
from mcsurrogate.events.lhe_head import weight_id
from mcsurrogate.events.lheh5_layout import (
    CHUNK_CACHE,
    EVENT_COLUMNS,
    GENERATOR_COLUMNS,
    INIT_COLUMNS,
    KNOWN_DATASETS,
    NOMINAL,
    PARTICLE_COLUMNS,
    PROCESS_COLUMNS,
    PROCESS_TAGS,
    checksum,
)
from mcsurrogate.events.lheh5_table import Columns, Table, damage_named, text_of

__all__ = ["read_lheh5"]

_MAJOR, _LAST_MINOR = 2, 6
_NEEDED = ("pid", "nparticles", "start", "scale", "aqed", "aqcd")
_LARGEST_EVENT = 10_000
# Particles that belong to no event may lie between those of two events (padding), within reason.
_LARGEST_SPAN = 64
# Unit weights of version 2.0.0 are in 1/GeV^2 (LHEH5v2.h of Pythia 8.317).
_PB_GEV2 = 3.89379656e8


def read_lheh5(
    path: Path, batch_size: int = 10_000, first: int = 0, stop: int | None = None
) -> tuple[RunInfo, Iterator[EventBatch]]:
    """Read an LHEH5 file in a stream of batches.

    Parameters
    ----------
    path
        The file.
    batch_size
        Events a batch; memory does not depend on the length of the file.
    first, stop
        The events to read, counted from 0; to the end if ``stop`` is None. What stands before
        them is not read.

    Returns
    -------
    RunInfo, iterator of EventBatch
        ``trials``, ``npLO`` and ``npNLO`` are attributes of events, ``fscale`` and ``rscale`` the
        ``muf`` and ``mur`` of ``<scales>``, as in LHE.

    Raises
    ------
    EventFileError
        If the file is missing, damaged, of an unknown version, holds what `EventBatch` cannot
        (counterevents), or fewer events than asked for. The iterator raises it, too.

    Warns
    -----
    UserWarning
        For data sets that are not part of the format, and with the number of empty events (of
        weight zero, without particles), which are left out; their trials go to the next event.
    """
    path = Path(path)
    with _opened(path) as file:
        reader = _Reader(path, file)
        run, rows = reader.run, reader.events.rows
        for name in sorted(set(reader.names) - KNOWN_DATASETS):
            warnings.warn(f"{path}: '{name}' is no part of LHEH5 and is not read", stacklevel=2)
    last = rows if stop is None else stop
    if not 0 <= first <= last <= rows:
        raise EventFileError(f"{path}: events {first}:{last} were asked for, the file holds {rows}")
    return run, _batches(path, batch_size, first, last)


def _batches(path: Path, batch_size: int, first: int, stop: int) -> Iterator[EventBatch]:
    with _opened(path) as file:
        reader = _Reader(path, file)
        for begin in range(first, stop, batch_size):
            batch = reader.batch(begin, min(begin + batch_size, stop))
            if len(batch):
                yield batch
        if reader.empty:
            msg = f"{path}: {reader.empty} events of weight zero without particles are left out"
            warnings.warn(msg, stacklevel=2)


@contextmanager
def _opened(path: Path) -> Iterator[h5py.File]:
    with damage_named(path):
        check_heaps(path)
        file = h5py.File(path, "r", **CHUNK_CACHE)
    with file:
        yield file


class _Reader:
    """An open file: its run, and any range of its events."""

    def __init__(self, path: Path, file: h5py.File) -> None:
        self._path, self._file = path, file
        with damage_named(path):
            self.names = list(file)
        self._check_version()
        self.events = Table(path, file, "events", (*EVENT_COLUMNS, NOMINAL[0]))
        self._particles = Table(path, file, "particles", PARTICLE_COLUMNS)
        if unknown := set(self._particles.names) - set(PARTICLE_COLUMNS):
            raise EventFileError(
                f"{path}: particles have columns that cannot be kept: {sorted(unknown)}"
            )
        if missing := [name for name in _NEEDED if name not in self.events.names]:
            raise EventFileError(f"{path}: 'events' lacks the column '{missing[0]}'")
        self._weights = [name for name in self.events.names if name not in EVENT_COLUMNS]
        if not self._weights:
            raise EventFileError(f"{path}: 'events' has no column of weights")
        nominal = [name for name in self._weights if name.casefold() in {"nominal", "weight"}]
        self._nominal = nominal[0] if nominal else self._weights[0]
        if nominal:
            self._weights.remove(self._nominal)
        # With this text the file says all that LHE can; otherwise the tables say what they hold.
        self._own = self._bytes("init", None) is not None
        self._tags: dict[int, str] = {}
        self.run = self._run()
        self._known = np.array([process.process_id for process in self.run.processes])
        self.empty = 0
        self._trials = 0.0

    def _check_version(self) -> None:
        if "event" in self.names and "events" not in self.names:
            raise EventFileError(f"{self._path}: version 1 of LHEH5 (groups) cannot be read, 2 can")
        with damage_named(self._path):
            version = tuple(int(number) for number in np.ravel(self._file["version"][()]))
        if len(version) != 3 or version[0] != _MAJOR or not 0 <= version[1] <= _LAST_MINOR:
            words = ".".join(map(str, version))
            msg = f"{self._path}: version {words} of LHEH5 is unknown; {_MAJOR}.0 to "
            raise EventFileError(f"{msg}{_MAJOR}.{_LAST_MINOR} can be read")
        self._version = version
        if "ctevents" in self.names or "ctparticles" in self.names:
            raise EventFileError(
                f"{self._path}: counterevents (ctevents, ctparticles) cannot be kept"
            )

    def _run(self) -> RunInfo:
        path = self._path
        init = Table(path, self._file, "init", INIT_COLUMNS).read(INIT_COLUMNS, 0, 1)
        energies = (float(init["energyA"][0]), float(init["energyB"][0]))
        whole = {
            name: int(self._whole(init[name], name, 0)[0])
            for name in INIT_COLUMNS
            if not name.startswith("energy")
        }
        table = Table(path, self._file, "procInfo", PROCESS_COLUMNS)
        tags = [tag for tag in PROCESS_TAGS if tag in table.names]
        needed = [name for name in PROCESS_COLUMNS if name not in PROCESS_TAGS]
        info = table.read([*needed, *tags], 0, table.rows)
        if whole["numProcesses"] != table.rows:
            msg = f"{path}: init announces {whole['numProcesses']} processes, there are "
            raise EventFileError(f"{msg}{table.rows}")
        unit = _PB_GEV2 if self._version == (2, 0, 0) else 1.0
        processes = []
        for i, process in enumerate(self._whole(info["procId"], "procId", 0).tolist()):
            values = [float(info[name][i]) for name in ("xSection", "error", "unitWeight")]
            if not np.all(np.isfinite([*values, *energies])):
                raise EventFileError(f"{path}: process {process} or a beam energy is not finite")
            processes.append(ProcessInfo(process, values[0], values[1], values[2] * unit))
            self._tags[process] = " ".join(
                f'{tag}="{info[tag][i]:g}"' for tag in tags if np.isfinite(info[tag][i])
            )
        run = RunInfo(
            beams=(whole["beamA"], whole["beamB"]),
            energies_gev=energies,
            processes=tuple(processes),
            weighting_strategy=whole["weightingStrategy"],
            pdf_ids=(whole["PDFsetA"], whole["PDFsetB"]),
            pdf_groups=(whole["PDFgroupA"], whole["PDFgroupB"]),
            weight_names=("XWGTUP" if "nominal" in self._weights else "nominal", *self._weights),
        )
        return replace(run, **self._texts_of_run())

    def _texts_of_run(self) -> dict[str, Any]:
        """Header, text of init and version: as they stood in LHE, or made from what there is."""
        with damage_named(self._path):
            header = text_of(self._file["xml/header"][()]) if "xml/header" in self._file else ""
            if self._own:
                version = text_of(self._file["xml"].attrs["version"])
                own = self._bytes("text", None)
                header = header if own is None else own.decode("utf-8", "surrogateescape")
                init = (self._bytes("init", None) or b"").decode("utf-8", "surrogateescape")
                stated = self._file["xml"].attrs.get("checksum")
                if stated is not None and int(stated) != checksum(header, init):
                    raise EventFileError(f"{self._path}: the text of header and <init> is damaged")
                return {"header": header, "init_text": init, "version": version}
            attributes = self._file["init"].attrs
            if "description" in attributes:
                comment = text_of(attributes["description"]).replace("--", "- -")
                header = f"<!-- {comment} -->\n{header}"
            if "generators" in self._file:
                rows = [[text_of(word) for word in row] for row in self._file["generators"][()]]
            elif "generatorName" in attributes:
                keys = ["generator" + name[0].upper() + name[1:] for name in GENERATOR_COLUMNS]
                rows = [[text_of(attributes.get(key, "")) for key in keys]]
            else:
                rows = []
            return {"header": header, "init_text": "\n".join(map(_generator, rows))}

    def _bytes(self, name: str, part: slice | None) -> bytes | None:
        with damage_named(self._path):
            if f"xml/{name}" not in self._file:
                return None
            data = self._file[f"xml/{name}"]
            return bytes(np.asarray(data[()] if part is None else data[part], dtype=np.uint8))

    def _texts(self, name: str, first: int, stop: int) -> tuple[str, ...] | None:
        """Texts of events: one after another, and where each ends."""
        with damage_named(self._path):
            if f"xml/{name}" not in self._file:
                return None
            ends = self._file[f"xml/{name}_end"][max(first - 1, 0) : stop].astype(np.int64)
            size = len(self._file[f"xml/{name}"])
        bounds = np.concatenate(([0], ends)) if first == 0 else ends
        rising = np.all(bounds[:-1] <= bounds[1:]) and np.all((bounds >= 0) & (bounds <= size))
        if len(bounds) != stop - first + 1 or not rising:
            raise EventFileError(f"{self._path}: xml/{name}_end does not fit the events")
        text = self._bytes(name, slice(int(bounds[0]), int(bounds[-1]))) or b""
        at = pairwise((bounds - bounds[0]).tolist())
        if text.isascii():
            whole = text.decode("ascii")
            texts = tuple(whole[a:b] for a, b in at)
        else:
            texts = tuple(text[a:b].decode("utf-8", "surrogateescape") for a, b in at)
        return texts if text else None

    def _whole(
        self, values: NDArray[np.float64], name: str, first: int, bits: int = 31
    ) -> NDArray[np.int64]:
        wrong = ~(np.abs(values) < float(1 << bits)) | (values != np.rint(values))
        if np.any(wrong):
            row = int(np.argmax(wrong))
            msg = f"{self._path}: row {first + row + 1} of '{name}' is {values[row]}, no whole "
            raise EventFileError(f"{msg}number of {bits} bits")
        return values.astype(np.int64)

    def _finite(self, values: NDArray[np.float64], name: str, first: int) -> NDArray[np.float64]:
        if not np.all(np.isfinite(values)):
            row = first + int(np.argmin(np.isfinite(values))) + 1
            raise EventFileError(f"{self._path}: row {row} of '{name}' is not finite")
        return values

    def batch(self, first: int, stop: int) -> EventBatch:
        """Read the events of a range."""
        events = self.events.read(self.events.names, first, stop)
        count = self._whole(events["nparticles"], "nparticles", first)
        start = self._whole(events["start"], "start", first, bits=52)
        columns = {name: self._finite(events[name], name, first) for name in self._needed()}
        weights = np.stack([columns[name] for name in (self._nominal, *self._weights)], axis=1)
        texts = self._event_texts(events, first, stop)
        pid = self._processes(self._whole(events["pid"], "pid", first))
        kept = count != 0
        if not np.all(kept):
            if np.any(weights[~kept]):
                row = first + int(np.argmax(~kept & np.any(weights != 0, axis=1))) + 1
                raise EventFileError(f"{self._path}: event {row} has a weight and no particles")
            self.empty += int(np.sum(~kept))
            texts = {key: _selected(value, kept) for key, value in texts.items()}
        low, particles = self._particle_rows(start[kept], count[kept], first + np.flatnonzero(kept))
        whole = {
            name: self._whole(particles[name], name, low).astype(np.int32)
            for name in PARTICLE_COLUMNS[:6]
        }
        real = {name: self._finite(particles[name], name, low) for name in PARTICLE_COLUMNS[6:]}
        return EventBatch(
            offsets=np.concatenate([[0], np.cumsum(count[kept])]),
            pdg_id=whole["id"],
            status=whole["status"],
            parents=np.stack([whole["mother1"], whole["mother2"]], axis=1),
            colour=np.stack([whole["color1"], whole["color2"]], axis=1),
            momenta=np.stack([real[name] for name in ("e", "px", "py", "pz")], axis=1),
            mass=real["m"],
            lifetime=real["lifetime"],
            helicity=real["spin"],
            weights=weights[kept],
            scale=columns["scale"][kept],
            alpha_s=columns["aqcd"][kept],
            alpha_qed=columns["aqed"][kept],
            process_id=pid[kept].astype(np.int32),
            weight_names=self.run.weight_names,
            attributes=texts["attributes"],
            annotations=texts["annotations"],
        )

    def _needed(self) -> list[str]:
        return ["scale", "aqed", "aqcd", *dict.fromkeys([self._nominal, *self._weights])]

    def _processes(self, pid: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give LPRUP of each event; some generators write the position in procInfo instead."""
        if self._own or np.all(np.isin(pid, self._known)):
            return pid
        place = np.maximum(pid, 1) - 1
        if np.any(pid < 0) or np.any(place >= len(self._known)):
            wrong = int(pid[np.argmax(~np.isin(pid, self._known))])
            raise EventFileError(f"{self._path}: process {wrong} of an event is not in procInfo")
        given: NDArray[np.int64] = self._known[place]
        return given

    def _particle_rows(
        self, start: NDArray[np.int64], count: NDArray[np.int64], numbers: NDArray[np.int64]
    ) -> tuple[int, Columns]:
        if len(start) == 0:
            return 0, {name: np.empty(0) for name in PARTICLE_COLUMNS}
        end, total = start + count, int(count.sum())
        low, high = int(start[0]), int(end.max())
        wrong = (count < 0) | (count > _LARGEST_EVENT) | (start < 0) | (end > self._particles.rows)
        wrong[1:] |= start[1:] < end[:-1]
        if np.any(wrong) or high - low > _LARGEST_SPAN * total:
            i = int(np.argmax(wrong))
            msg = f"{self._path}: event {numbers[i] + 1}: particles {start[i]}:{end[i]} of "
            raise EventFileError(f"{msg}{self._particles.rows} overlap, lie outside or far apart")
        columns = self._particles.read(PARTICLE_COLUMNS, low, high)
        if high - low == total:
            return low, columns
        taken = np.repeat(start - low - np.cumsum(count) + count, count) + np.arange(total)
        unused = np.ones(high - low, dtype=bool)
        unused[taken] = False
        if lost := int(np.count_nonzero(columns["id"][unused])):
            raise EventFileError(f"{self._path}: {lost} particles belong to no event")
        return low, {name: column[taken] for name, column in columns.items()}

    def _event_texts(
        self, events: Columns, first: int, stop: int
    ) -> dict[str, tuple[str, ...] | None]:
        if self._own:
            return {name: self._texts(name, first, stop) for name in ("attributes", "annotations")}
        trials = self._with_trials_of_empty(events)
        tags = [self._tags[pid] for pid in self._processes(events["pid"].astype(np.int64)).tolist()]
        attributes = tuple(
            tag if math.isnan(number) else f'{tag} trials="{number:.17g}"'.strip()
            for tag, number in zip(tags, trials.tolist(), strict=True)
        )
        absent = np.full(stop - first, np.nan)
        scales = [events.get(name, absent).tolist() for name in ("fscale", "rscale")]
        annotations = tuple(_scales(muf, mur) for muf, mur in zip(*scales, strict=True))
        return {
            "attributes": attributes if any(attributes) else None,
            "annotations": annotations if any(annotations) else None,
        }

    def _with_trials_of_empty(self, events: Columns) -> NDArray[np.float64]:
        """Trials of events; those of empty ones go to the next that is not."""
        trials = events.get("trials", np.full(len(events["pid"]), np.nan)).copy()
        kept = np.flatnonzero(events["nparticles"])
        if np.all(np.isnan(trials)) or (len(kept) == len(trials) and not self._trials):
            return trials
        sums = self._trials + np.cumsum(np.nan_to_num(trials))
        trials[kept] = np.diff(sums[kept], prepend=0.0)
        self._trials = float(sums[-1] - (sums[kept[-1]] if len(kept) else 0.0))
        return trials


def _selected(texts: tuple[str, ...] | None, kept: NDArray[np.bool_]) -> tuple[str, ...] | None:
    return None if texts is None else tuple(t for t, k in zip(texts, kept, strict=True) if k)


def _scales(muf: float, mur: float) -> str:
    named = {"muf": muf, "mur": mur}
    words = [f"{name}='{value!r}'" for name, value in named.items() if not math.isnan(value)]
    return f"<scales {' '.join(words)}></scales>\n" if words else ""


def _generator(row: Sequence[str]) -> str:
    """Element of the LHE standard for a row of ``generators``."""
    name, version, description, more = row
    attributes = {"name": name, "version": version} | (json.loads(more) if more else {})
    words = " ".join(f'{key}="{weight_id(str(value))}"' for key, value in attributes.items())
    return f"<generator {words}>{description}</generator>"
