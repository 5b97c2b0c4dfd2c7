# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks in, results in the same order out, whatever happens to the workers in between."""

import logging
import os
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    wait,
)
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from mcsurrogate.errors import ChunkError
from mcsurrogate.executors.remote import Outcome, RemoteFunction, pickled, unpickled
from mcsurrogate.progress import Progress, silent

__all__ = ["ChunkRecord", "map_chunks", "work_so_far"]

ChunkType = TypeVar("ChunkType")
Result = TypeVar("Result")

_TRIES = 3
_MOST_LOSSES = 20
"""Times that an executor may lose a call through no fault of a worker before that is an error."""

_TOLD: dict[Any, Any] = {}
"""Python's memory of the warnings of workers, as each module has one of its own."""

_log = logging.getLogger(__name__)
_tally = threading.local()


@dataclass(slots=True, kw_only=True)
class ChunkRecord:
    """What happened to the chunks.

    Attributes
    ----------
    chunks
        Chunks whose results were handed on.
    repeated
        Calls that were repeated, because their worker died or their scheduler forgot them.
    set_aside
        Numbers of the chunks that workers died of.
    seconds
        CPU seconds of all calls that ended.
    """

    chunks: int = 0
    repeated: int = 0
    set_aside: list[int] = field(default_factory=list)
    seconds: float = 0.0


def work_so_far() -> ChunkRecord:
    """Return what all calls of :func:`map_chunks` in this thread have counted together."""
    total: ChunkRecord | None = getattr(_tally, "record", None)
    return ChunkRecord() if total is None else replace(total, set_aside=list(total.set_aside))


def _count(**more: float) -> None:
    if not hasattr(_tally, "record"):
        _tally.record = ChunkRecord()
    for name, value in more.items():
        setattr(_tally.record, name, getattr(_tally.record, name) + value)


@dataclass(slots=True)
class _Task(Generic[ChunkType]):
    number: int
    chunk: ChunkType
    deaths: int = 0
    losses: int = 0


def map_chunks(
    executor: Executor | None,
    function: Callable[[ChunkType], Result],
    chunks: Iterable[ChunkType],
    *,
    name: str = "chunk",
    tries: int | None = None,
    window: int | None = None,
    progress: Progress = silent,
    size: Callable[[ChunkType], float] | None = None,
    total: float | None = None,
    record: ChunkRecord | None = None,
) -> Generator[tuple[ChunkType, Result], None, None]:
    """Call a function for every chunk, on an executor; yield chunks and results in their order.

    The results are those of ``map(function, chunks)``, bit for bit, if the function depends on
    nothing but its chunk.  A chunk whose worker died is repeated, by another worker where there is
    one; after so many tries it is set aside, and an error names it when all others are done.

    Parameters
    ----------
    executor
        Where to call; None calls here, one after the other.
    function
        Of one argument; with an executor picklable, as the chunks and results are.  What it holds
        is sent to a worker as it is now.
    chunks
        Read as they are needed: never more than ``window`` are under way or wait for their turn.
    name
        What the chunks are called in errors and in the log.
    tries
        Workers that may die with a chunk before it is set aside; the executor's ``tries`` if None,
        and 3 for one that has none.
    window
        Largest number of chunks that are under way; by default twice the number of workers.
    progress
        Is told how much is done, in units of ``size``, in the order of ending.
    size
        Size of a chunk; 1 if None.
    total
        Sum of all sizes, if known.
    record
        Filled on the way; a new one if None.

    Yields
    ------
    tuple
        Chunk and result.

    Raises
    ------
    ChunkError
        After all other chunks, if workers died of some; at once if the executor gives up.
    Exception
        What the function raised for a chunk, with a note that names the chunk.
    """
    book = ChunkRecord() if record is None else record
    tasks = (_Task(number, chunk) for number, chunk in enumerate(chunks))
    tell = _Teller(progress, size, total, name)
    if executor is None:
        for task in tasks:
            with_note = _noted(name, task.number)
            result = with_note(function, task.chunk)
            tell(task.chunk)
            book.chunks += 1
            yield task.chunk, result
        return
    yield from _Flow(executor, function, tasks, name, tries, window, tell, book)


class _Flow(Generic[ChunkType, Result]):
    """The chunks that are under way."""

    def __init__(
        self,
        executor: Executor,
        function: Callable[[ChunkType], Result],
        tasks: Iterator[_Task[ChunkType]],
        name: str,
        tries: int | None,
        window: int | None,
        tell: "_Teller[ChunkType]",
        book: ChunkRecord,
    ) -> None:
        self._executor, self._tasks, self._name = executor, tasks, name
        self._tries = getattr(executor, "tries", _TRIES) if tries is None else tries
        self._function = RemoteFunction(pickled(function))
        default = getattr(executor, "in_flight", 2 * (os.cpu_count() or 1))
        self._window = default if window is None else window
        self._tell, self._book = tell, book
        self._running: dict[Future[Outcome], _Task[ChunkType]] = {}
        self._waiting: dict[int, tuple[ChunkType, bytes] | None] = {}
        self._set_aside: list[int] = []
        self._told: set[tuple[str, type[Warning], str, int]] = set()
        self._cause: BaseException | None = None

    def __iter__(self) -> Iterator[tuple[ChunkType, Result]]:
        following, exhausted = 0, False
        try:
            while True:
                while not exhausted and len(self._running) + len(self._waiting) < self._window:
                    task = next(self._tasks, None)
                    if task is None:
                        exhausted = True
                    else:
                        self._submit(task)
                if following in self._waiting:
                    found = self._waiting.pop(following)
                    following += 1
                    if found is not None:
                        self._book.chunks += 1
                        yield found[0], unpickled(found[1])
                elif self._running:
                    for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                        self._take(future)
                else:
                    break
        finally:
            for future in self._running:
                future.cancel()
        if self._set_aside:
            raise ChunkError(self._poisoned()) from self._cause

    def _submit(self, task: _Task[ChunkType]) -> None:
        self._running[self._executor.submit(self._function, pickled(task.chunk))] = task

    def _take(self, future: Future[Outcome]) -> None:
        """Keep a result, or see what became of its chunk."""
        task = self._running.pop(future)
        try:
            outcome = future.result()
        except BrokenExecutor as death:
            self._cause = death
            task.deaths += 1
            _log.warning(
                "%s %d: its worker died (%s), time %d of %d",
                self._name, task.number, death, task.deaths, self._tries,
            )  # fmt: skip
            if task.deaths < self._tries:
                self._repeat(task)
            else:
                self._set_aside.append(task.number)
                self._book.set_aside.append(task.number)
                self._waiting[task.number] = None
        except CancelledError as loss:
            task.losses += 1
            if task.losses > _MOST_LOSSES:
                raise ChunkError(
                    f"{self._name} {task.number}: the executor lost it {task.losses} times; see "
                    "the log of its scheduler"
                ) from loss
            self._repeat(task)
        except Exception as error:
            error.add_note(f"in {self._name} {task.number}")
            raise
        else:
            self._book.seconds += outcome.seconds
            _count(chunks=1, seconds=outcome.seconds)
            self._waiting[task.number] = (task.chunk, outcome.content)
            for told in set(outcome.warnings) - self._told:  # once, of however many chunks
                warnings.warn_explicit(*told, registry=_TOLD)
            self._told.update(outcome.warnings)
            self._tell(task.chunk)

    def _repeat(self, task: _Task[ChunkType]) -> None:
        self._book.repeated += 1
        _count(repeated=1)
        try:
            self._submit(task)
        except BrokenExecutor as error:
            raise ChunkError(
                f"{self._name} {task.number}: its worker died, and the executor takes no more "
                "work; one of `open_executor` replaces its workers"
            ) from error

    def _poisoned(self) -> str:
        numbers = ", ".join(str(number) for number in sorted(self._set_aside))
        return (
            f"{self._name} {numbers}: {self._tries} workers died of each, all others are "
            "done; less memory is needed with fewer workers on a machine, and the log "
            "of the workers or of the system may tell why they died"
        )


class _Teller(Generic[ChunkType]):
    """Tells what is done."""

    def __init__(
        self,
        progress: Progress,
        size: Callable[[ChunkType], float] | None,
        total: float | None,
        name: str,
    ) -> None:
        self._progress, self._size, self._total, self._name = progress, size, total, name
        self._done, self._chunks = 0.0, 0

    def __call__(self, chunk: ChunkType) -> None:
        self._done += 1.0 if self._size is None else self._size(chunk)
        self._chunks += 1
        self._progress(self._done, self._total, f"{self._chunks} {self._name}s")


def _noted(name: str, number: int) -> Callable[[Callable[[ChunkType], Result], ChunkType], Result]:
    def call(function: Callable[[ChunkType], Result], chunk: ChunkType) -> Result:
        try:
            return function(chunk)
        except Exception as error:
            error.add_note(f"in {name} {number}")
            raise

    return call
