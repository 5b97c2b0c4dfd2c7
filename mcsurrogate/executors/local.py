# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes of this machine, each replaced when it dies, all ended with their parent."""

import gc
import logging
import multiprocessing
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager, nullcontext
from multiprocessing.connection import Connection, wait
from typing import Any, ParamSpec, TypeVar

__all__ = ["LocalProcesses", "collect_rarely", "end_with_parent", "without_main"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)
_hiding = threading.Lock()


class LocalProcesses(Executor):
    """So many processes of one thread each.

    The standard library's pool gives up when one of its processes dies, and does not tell which
    call was its last.  Here each process is a pool of its own: the call that it died in fails with
    :class:`BrokenExecutor`, no other one does, and a new process takes its place.

    Parameters
    ----------
    workers
        Number of processes, at least 1; each is started with its first call.
    tries
        Workers that may die with a chunk before :func:`map_chunks` sets it aside.
    bare
        The processes know nothing of the caller's script, which then needs no
        ``if __name__ == "__main__":`` and can call no function that it defines itself.
    """

    def __init__(self, workers: int, tries: int = 3, *, bare: bool = False) -> None:
        self.tries = tries
        self.in_flight = 2 * workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._processes: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        self._all = [_Process(bare=bare) for _ in range(workers)]
        for process in self._all:
            self._processes.put(process)

    def submit(
        self,
        fn: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Have a function called by the next free process."""
        return self._threads.submit(self._run, fn, args, kwargs)

    def _run(self, fn: Callable[..., Result], args: Any, kwargs: Any) -> Result:  # noqa: ANN401
        process = self._processes.get()  # first in, first out: a repeated call goes elsewhere
        try:
            return process.call(fn, args, kwargs)
        finally:
            self._processes.put(process)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes: at once those that still work on what nobody waits for."""
        if cancel_futures:
            for process in self._all:
                process.kill()
        self._threads.shutdown(wait, cancel_futures=cancel_futures)
        for process in self._all:
            process.end()


class _Process:
    """One process, and the one after it."""

    def __init__(self, *, bare: bool) -> None:
        self._bare = bare
        self._pool: ProcessPoolExecutor | None = None
        self._alive: Connection | None = None
        self._ended = False

    def call(self, fn: Callable[..., Result], args: Any, kwargs: Any) -> Result:  # noqa: ANN401
        if self._ended:
            raise BrokenExecutor("the worker processes have been ended")
        hide = self._pool is None and self._bare
        if self._pool is None:
            context = multiprocessing.get_context("spawn")
            theirs, self._alive = context.Pipe(duplex=False)
            self._pool = ProcessPoolExecutor(
                1, mp_context=context, initializer=_start, initargs=(theirs,)
            )
        try:
            with without_main() if hide else nullcontext():
                future = self._pool.submit(fn, *args, **kwargs)  # the first starts the process
            return future.result()
        except BrokenExecutor:
            self._pool.shutdown(wait=False)
            self._pool = None
            raise

    def kill(self) -> None:
        self._ended = True
        if self._alive is not None:
            self._alive.close()

    def end(self) -> None:
        self._ended = True
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None


def end_with_parent(alive: Connection | None = None) -> None:
    """End this worker as soon as the process that started it has ended, however it ended.

    A pool tells its workers to stop; a parent that was killed cannot, and its workers would wait
    for work for ever.

    Parameters
    ----------
    alive
        A pipe whose other end the parent holds: the worker also ends when that is closed.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    ends: list[Any] = [parent.sentinel, *([alive] if alive is not None else [])]

    def watch() -> None:
        wait(ends)
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


@contextmanager
def without_main() -> Iterator[None]:
    """Keep processes that are started meanwhile from running the caller's script once more.

    They need nothing of it, and neither a console script nor a user's script need have
    ``if __name__ == "__main__":``.
    """
    main = sys.modules["__main__"]
    with _hiding:
        hidden = {name: getattr(main, name, None) for name in ("__spec__", "__file__")}
        for name in hidden:
            setattr(main, name, None)
        try:
            yield
        finally:
            for name, value in hidden.items():
                setattr(main, name, value)


def collect_rarely() -> None:
    """Let this process look for cycles of dead objects after many allocations only.

    Imports and figures make hundreds of thousands of small objects that stay or go together; to
    look through them after every 700 took a sixth of their time.
    """
    gc.set_threshold(100_000, 20, 50)


def _start(alive: Connection) -> None:
    collect_rarely()
    # Ctrl-C reaches all processes of a terminal; the parent says when to stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    end_with_parent(alive)
