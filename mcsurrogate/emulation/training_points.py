# SPDX-License-Identifier: GPL-3.0-or-later
"""Points to train on: from arrays, from Les Houches events, or from an integrator's sampler."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EmulationError
from mcsurrogate.events import EventBatch
from mcsurrogate.executors import map_chunks
from mcsurrogate.matrix_elements import MatrixElement, Process
from mcsurrogate.progress import Progress, silent

__all__ = ["TrainingPoints", "evaluate_points", "legs_from_events", "points_from_draws"]

_BATCH = 16384
_MOST_EMPTY_BATCHES = 1000


@dataclass(frozen=True, slots=True)
class TrainingPoints:
    """Momenta and the exact amplitude there.

    Attributes
    ----------
    momenta
        ``(N, n, 4)`` float64 in GeV, legs in the order of the process.
    me2
        ``(N,)`` float64 |M|^2 in GeV^(8 - 2n).
    alpha_s
        Strong coupling of ``me2``.
    process
        The process in MadGraph's syntax.
    source
        Where the points came from, for the model card.
    seconds
        Processor seconds that points and amplitudes took; 0 where unknown.
    representative
        Number of leading points that are distributed as the points the emulator will see; all
        where None.
    """

    momenta: Tensor
    me2: Tensor
    alpha_s: float
    process: str
    source: str
    seconds: float = 0.0
    representative: int | None = None

    def __len__(self) -> int:
        return len(self.me2)

    def save(self, path: Path) -> None:
        """Write an .npz file, atomically."""
        with atomic_path(path) as part, part.open("wb") as stream:
            np.savez(
                stream,
                momenta=self.momenta.numpy(),
                me2=self.me2.numpy(),
                alpha_s=self.alpha_s,
                process=self.process,
                source=self.source,
                seconds=self.seconds,
                representative=len(self) if self.representative is None else self.representative,
            )

    @classmethod
    def load(cls, path: Path, process: str | None = None) -> Self:
        """Read an .npz file with at least ``momenta``, ``me2``, ``alpha_s`` and ``process``.

        Raises
        ------
        EmulationError
            If the file is damaged, lacks an array or is for another process.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as content:
                arrays = {name: content[name] for name in content.files}
            found = str(arrays["process"])
            size = len(arrays["me2"])
            representative = int(arrays.get("representative", size))
            points = cls(
                torch.from_numpy(np.asarray(arrays["momenta"], dtype=np.float64)),
                torch.from_numpy(np.asarray(arrays["me2"], dtype=np.float64)),
                float(arrays["alpha_s"]),
                found,
                str(arrays.get("source", path.name)),
                float(arrays.get("seconds", 0.0)),
                None if representative == size else representative,
            )
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise EmulationError(
                f"{path}: training points cannot be read ({error}); needed is an .npz file with "
                "momenta (N, n, 4), me2 (N,), alpha_s and process"
            ) from error
        if process is not None and Process.parse(process).pdg_ids != Process.parse(found).pdg_ids:
            raise EmulationError(f"{path} holds points of {found!r}, not of {process!r}")
        return points


def evaluate_points(
    momenta: Tensor,
    amplitude: MatrixElement,
    alpha_s: float,
    source: str,
    progress: Progress = silent,
    executor: Executor | None = None,
) -> TrainingPoints:
    """Evaluate the exact amplitude at momenta ``(N, n, 4)``.

    Points where it is not positive and finite are left out.

    Parameters
    ----------
    momenta
        The points, legs in the order of the process.
    amplitude
        The exact one; with an executor picklable.
    alpha_s
        Strong coupling.
    source
        Where the points came from.
    progress
        Told about the points.
    executor
        Where to evaluate; here if None.  Values do not depend on it.
    """
    blocks = (momenta[i : i + _BATCH].double().clone() for i in range(0, len(momenta), _BATCH))
    values = []
    seconds = 0.0
    for _, (value, spent) in map_chunks(
        executor,
        partial(_exact, amplitude, alpha_s),
        blocks,
        name="batch of exact amplitudes",
        progress=lambda done, total, _: progress(done, total, "exact amplitudes"),
        size=len,
        total=len(momenta),
    ):
        values.append(value)
        seconds += spent
    me2 = torch.cat(values) if values else torch.empty(0, dtype=torch.float64)
    good = torch.isfinite(me2) & (me2 > 0.0)
    return TrainingPoints(
        momenta[good].double(), me2[good], alpha_s, amplitude.process.name, source, seconds
    )


def _exact(amplitude: MatrixElement, alpha_s: float, momenta: Tensor) -> tuple[Tensor, float]:
    begin = time.process_time()
    with torch.no_grad():
        value = amplitude(momenta, alpha_s).double()
    return value, time.process_time() - begin


def legs_from_events(events: EventBatch, process: Process) -> Tensor:
    """Take the momenta of a process from Les Houches events.

    Events of other processes are passed over; legs are brought into the order of the process
    by their PDG ids.

    Returns
    -------
    Tensor
        ``(N, n, 4)`` float64 in GeV.

    Raises
    ------
    EmulationError
        If no event is of this process.
    """
    wanted = np.asarray(process.pdg_ids)
    picked = []
    for start, stop in zip(events.offsets[:-1], events.offsets[1:], strict=True):
        status = events.status[start:stop]
        external = np.flatnonzero(np.abs(status) == 1)
        external = np.concatenate((external[status[external] < 0], external[status[external] > 0]))
        order = _match(events.pdg_id[start:stop][external], wanted)
        if order is not None:
            picked.append(events.momenta[start:stop][external][order])
    if not picked:
        raise EmulationError(f"none of {len(events)} events is of the process {process.name!r}")
    return torch.from_numpy(np.stack(picked))


def _match(found: Sequence[int] | np.ndarray, wanted: np.ndarray) -> list[int] | None:
    """Return the positions that bring ``found`` into the order of ``wanted``.

    Incoming legs must already be in order, or both exchanged: then the event is turned round.
    """
    ids = list(found)
    if len(ids) != len(wanted):
        return None
    if ids[:2] == list(wanted[:2]):
        order = [0, 1]
    elif ids[1::-1] == list(wanted[:2]):
        order = [1, 0]
    else:
        return None
    free = list(range(2, len(ids)))
    for pdg in wanted[2:]:
        for leg in free:
            if ids[leg] == pdg:
                order.append(leg)
                free.remove(leg)
                break
        else:
            return None
    return order


def points_from_draws(
    draw: Callable[[int, torch.Generator], Tensor],
    count: int,
    seed: int,
    progress: Progress = silent,
) -> Tensor:
    """Collect momenta from a sampler until there are enough.

    Parameters
    ----------
    draw
        Takes a number of trials and a generator, returns the momenta ``(M, n, 4)`` of those
        that pass the cuts.
    count
        Number of points wanted.
    seed
        Decides every point.
    progress
        Told about the points.

    Raises
    ------
    EmulationError
        If batch after batch nothing passes.
    """
    generator = torch.Generator().manual_seed(seed)
    blocks: list[Tensor] = []
    have = empty = 0
    while have < count:
        block = draw(_BATCH, generator)
        empty = 0 if len(block) else empty + 1
        if empty > _MOST_EMPTY_BATCHES:
            raise EmulationError(
                f"no point of {empty * _BATCH} passes the cuts: integrate first, or loosen them"
            )
        blocks.append(block)
        have += len(block)
        progress(min(have, count), count, "points")
    return torch.cat(blocks)[:count]
