# SPDX-License-Identifier: GPL-3.0-or-later
"""Read both samples at once, each in a process of its own, or wherever an executor has workers.

A sample is always filled by one process in the order of its file, so that results do not depend
on the number of processes.
"""

import multiprocessing
import os
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcsurrogate.executors import end_with_parent, map_chunks, without_main
from mcsurrogate.validation.filling import Filling
from mcsurrogate.validation.observables.registry import Observable, is_own
from mcsurrogate.validation.plan import Plan, Planner
from mcsurrogate.validation.sample import Progress, Reading, Sample, fill_sample, first_events

__all__ = ["can_divide", "fill_both", "fill_on"]

_POLL_SECONDS = 0.2
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


_progress: Any = None
_stop: Any = None


class _StoppedError(RuntimeError):
    """The other sample could not be read."""


def _start(steps: Any, stop: Any) -> None:  # noqa: ANN401 - such a queue has no public type
    global _progress, _stop
    end_with_parent()
    _progress, _stop = steps, stop


def _read(reading: Reading, filling: Filling, options: dict[str, Any]) -> Sample:
    """Fill a sample in a worker."""
    return fill_sample(reading, lambda _: filling.plan, progress=_tell, **options)


def _tell(label: str, events: int, fraction: float) -> None:
    if _stop.is_set():
        raise _StoppedError
    _progress.put((label, events, fraction))


@contextmanager
def _single_threaded() -> Iterator[None]:
    """Let processes that are started meanwhile use one thread each: two share the cores."""
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def can_divide(planner: Planner, observables_file: Path | None) -> bool:
    """Whether workers can find all observables again: not those given as objects."""
    given = [o for o in planner.observables or () if isinstance(o, Observable)]
    return all(is_own(o) for o in given) and (observables_file is not None or not planner.extra)


def fill_both(
    readings: tuple[Reading, Reading],
    planner: Planner,
    observables_file: Path | None,
    options: dict[str, Any],
    progress: Progress | None = None,
) -> tuple[Sample, Sample]:
    """Fill candidate and reference in two processes.

    Parameters
    ----------
    readings
        Candidate and reference.
    planner
        Decides on the first events of the reference.
    observables_file
        File of a user's observables, if any.
    options
        Of `fill_sample`, progress excepted.
    progress
        Called for both files in turn.

    Raises
    ------
    EventFileError, ValidationError
        As `fill_sample`.
    """
    plan = planner(first_events(readings[1], **options))
    filling = Filling.of(plan, observables_file)
    # a fresh interpreter: forking a process that has threads is not safe
    context = multiprocessing.get_context("spawn")
    steps, stop = context.Queue(), context.Event()
    with ProcessPoolExecutor(2, context, _start, (steps, stop)) as pool:
        with _single_threaded(), without_main():
            futures = [pool.submit(_read, one, filling, options) for one in readings]
        try:
            _wait(futures, steps, progress)
        finally:
            stop.set()
        samples = [future.result() for future in _failed_first(futures)]
    return _with_plan(samples, plan)


@dataclass(frozen=True)
class _Reader:
    """Fills a sample in a worker that cannot tell how far it is."""

    filling: Filling
    options: dict[str, Any]

    def __call__(self, reading: Reading) -> Sample:
        return fill_sample(reading, lambda _: self.filling.plan, **self.options)


def fill_on(
    executor: Executor,
    readings: tuple[Reading, Reading],
    planner: Planner,
    observables_file: Path | None,
    options: dict[str, Any],
    progress: Progress | None = None,
) -> tuple[Sample, Sample]:
    """Fill candidate and reference on two workers of an executor, which see both files.

    Parameters
    ----------
    executor
        Where the files are read.
    readings, planner, observables_file, options
        As of `fill_both`.
    progress
        Called once for each file, at its end.

    Raises
    ------
    ChunkError
        If workers die again and again.
    EventFileError, ValidationError
        As `fill_sample`.
    """
    plan = planner(first_events(readings[1], **options))
    reader = _Reader(Filling.of(plan, observables_file), options)
    samples = []
    for reading, sample in map_chunks(executor, reader, readings, name="sample"):
        samples.append(sample)
        if progress is not None:
            progress(reading.label, sample.file.events, 1.0)
    return _with_plan(samples, plan)


def _with_plan(samples: Sequence[Sample], plan: Plan) -> tuple[Sample, Sample]:
    """Both samples, with the one plan of this process in the place of their own copies."""
    for sample in samples:
        sample.plan = plan
        sample.measured.measurements = plan.measurements
    return samples[0], samples[1]


def _failed_first(futures: list["Future[Sample]"]) -> list["Future[Sample]"]:
    """Return the futures, the one that stopped the others alone if one failed."""
    wait(futures)
    failed = [f for f in futures if f.exception() is not None]
    causes = [f for f in failed if not isinstance(f.exception(), _StoppedError)]
    return (causes or failed)[:1] or futures


def _wait(futures: list["Future[Sample]"], steps: Any, progress: Progress | None) -> None:  # noqa: ANN401
    """Pass progress on until all are done or one has failed."""
    while True:
        running = not all(f.done() for f in futures)
        if any(f.done() and f.exception() is not None for f in futures):
            return
        try:
            step = steps.get(timeout=_POLL_SECONDS if running else 0.0)
        except queue.Empty:
            if not running:
                return
            continue
        if progress is not None:
            progress(*step)
