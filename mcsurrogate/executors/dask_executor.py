# SPDX-License-Identifier: GPL-3.0-or-later
"""Workers of a Dask cluster: one that runs, one of this machine, or one of batch jobs."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from mcsurrogate.errors import ExecutorError

if TYPE_CHECKING:
    from distributed import Client
    from distributed import Future as DaskFuture

    from mcsurrogate.cards import ClusterSection, ExecutionSection

__all__ = ["dask_executor"]

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_PATIENCE_SECONDS = 300.0
"""How long a scheduler that does not answer is waited for: one that is restarted comes back."""

_WATCH_SECONDS = 0.5
_COLLECTORS = 4
_CONNECT = "10s"
_LEAST_IN_FLIGHT = 64
# One chunk a thread, so that a death is one chunk's; we count them, and the scheduler need not.
_OWN_SCHEDULER = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-saturation": 1.0,
}

_log = logging.getLogger(__name__)


class _WorkerDiedError(BrokenExecutor):
    """A Dask worker died while it worked on a call."""


class DaskExecutor(Executor):
    """Calls on a Dask cluster, whose scheduler may go away and come back.

    A call whose worker died fails with :class:`BrokenExecutor`; calls that a scheduler took with it
    are cancelled, and the next call connects anew.

    Parameters
    ----------
    connect
        Gives a client that is connected; OSError where no scheduler answers.
    tries
        Workers that may die with a chunk before :func:`map_chunks` sets it aside; a scheduler that
        was started elsewhere has tries of its own each time (``allowed-failures``).
    """

    def __init__(self, connect: Callable[[], "Client"], tries: int = 3) -> None:
        self.tries = tries
        self._connect = connect
        self._client = connect()
        self._connection = self._client.scheduler_comm
        self._waiting: set[Future[Any]] = set()
        self._lock = threading.RLock()
        self._left = threading.Event()
        self._collectors = ThreadPoolExecutor(_COLLECTORS, thread_name_prefix="Dask results")
        threading.Thread(target=self._watch, name="Dask scheduler watch", daemon=True).start()

    @property
    def in_flight(self) -> int:
        """Calls that keep all workers of now busy, and those that may still come."""
        threads: dict[str, int] = self._client.nthreads()
        return max(_LEAST_IN_FLIGHT, 2 * sum(threads.values()))

    def submit(
        self,
        fn: Callable[Parameters, Result],
        /,
        *args: Parameters.args,
        **kwargs: Parameters.kwargs,
    ) -> Future[Result]:
        """Have a function called by a worker."""
        found: Future[Result] = Future()
        with self._lock:
            if not self._in_touch:
                self._connect_anew()
            self._waiting.add(found)
            theirs = self._client.submit(fn, *args, pure=False, **kwargs)

        def cancel(ours: "Future[Result]") -> None:
            if ours.cancelled():
                theirs.cancel()

        found.add_done_callback(cancel)
        theirs.add_done_callback(lambda _: self._ended(theirs, found))
        return found

    def _ended(self, theirs: "DaskFuture", found: Future[Any]) -> None:
        with self._lock:
            if not self._left.is_set():
                self._collectors.submit(self._collect, theirs, found)

    def _collect(self, theirs: "DaskFuture", found: Future[Any]) -> None:
        """Hand a result on, or what became of it: a worker may die with one that it has.

        Dask's own ``ClientExecutor`` forgets to answer then.
        """
        outcome: Any = None
        error: Exception | None = None
        while not found.done():
            try:
                outcome = theirs.result(timeout=_WATCH_SECONDS)
            except TimeoutError:  # on its way, or computed again; _watch ends it if it is lost
                continue
            except Exception as failure:
                # a call that did not fail has a result that is lost, however Dask says so
                error = failure if theirs.status == "error" else CancelledError()
            break
        with self._lock:
            self._waiting.discard(found)
            if found.done():
                return
            if isinstance(error, CancelledError):
                _forget(found)
            elif error is not None:
                found.set_exception(_in_our_words(error))
            else:
                found.set_result(outcome)

    @property
    def _in_touch(self) -> bool:
        client = self._client
        return client.status == "running" and client.scheduler_comm is self._connection

    def _watch(self) -> None:
        """Cancel what a scheduler has taken with it: its client may wait for that for ever."""
        while not self._left.wait(_WATCH_SECONDS):
            with self._lock:
                lost = set() if self._in_touch else self._waiting
                self._waiting = self._waiting - lost
                for future in lost:
                    _forget(future)

    def _connect_anew(self) -> None:
        _log.warning("the Dask scheduler went away; connecting anew")
        end = time.monotonic() + _PATIENCE_SECONDS
        self._client.close(timeout=1)
        while True:
            try:
                self._client = self._connect()
            except OSError as error:
                if time.monotonic() > end:
                    raise ExecutorError(
                        f"no Dask scheduler answers for {_PATIENCE_SECONDS:.0f} s: {error}"
                    ) from error
                time.sleep(1.0)
            else:
                self._connection = self._client.scheduler_comm
                return

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002
        """Leave the cluster; what nobody waits for is forgotten there."""
        with self._lock:
            self._left.set()
            for future in list(self._waiting):
                _forget(future)
        self._collectors.shutdown(wait=True, cancel_futures=True)
        self._client.close()


def _forget(future: Future[Any]) -> None:
    if future.cancel():
        future.set_running_or_notify_cancel()


def _in_our_words(error: Exception) -> Exception:
    from distributed.scheduler import KilledWorker

    return _WorkerDiedError(str(error)) if isinstance(error, KilledWorker) else error


@contextmanager
def dask_executor(section: "ExecutionSection") -> Iterator[Executor]:
    """Give an executor of the Dask cluster that a card asks for.

    Raises
    ------
    ExecutorError
        If Dask is not installed, or no scheduler answers.
    """
    try:
        import dask
        from distributed import Client
    except ImportError as error:
        raise ExecutorError(
            "executor 'dask' needs the extra 'dask': pip install 'mcsurrogate[dask]'"
        ) from error
    if section.scheduler is not None:
        with _left_at_the_end(DaskExecutor(_address(section.scheduler), section.tries)) as executor:
            yield executor
        return
    with dask.config.set(_OWN_SCHEDULER), _cluster(section) as cluster:
        _log.info("Dask dashboard: %s", cluster.dashboard_link)
        with _left_at_the_end(DaskExecutor(lambda: Client(cluster), section.tries)) as executor:
            yield executor


@contextmanager
def _left_at_the_end(executor: DaskExecutor) -> Iterator[DaskExecutor]:
    try:
        yield executor
    finally:
        executor.shutdown()


def _address(scheduler: str) -> Callable[[], "Client"]:
    from distributed import Client

    given = {"scheduler_file" if scheduler.endswith(".json") else "address": scheduler}
    first = True

    def connect() -> "Client":
        nonlocal first
        try:
            client = Client(**given, timeout=_CONNECT)
        except OSError as error:
            if not first:
                raise
            raise ExecutorError(
                f"no Dask scheduler answers at {scheduler}: {error}; start one with `dask "
                "scheduler`, and workers with `dask worker ADDRESS --nthreads 1`"
            ) from error
        if first:
            _log.info("Dask dashboard: %s", client.dashboard_link)
        first = False
        return client

    return connect


@contextmanager
def _cluster(section: "ExecutionSection") -> Iterator[Any]:
    """Start a cluster of our own."""
    from distributed import LocalCluster

    if section.cluster is None:
        with LocalCluster(
            n_workers=section.workers, threads_per_worker=1, dashboard_address="127.0.0.1:0"
        ) as cluster:
            yield cluster
        return
    with _batch_cluster(section.cluster) as cluster:
        cluster.scale(jobs=section.cluster.jobs)
        yield cluster


def _batch_cluster(asked: "ClusterSection") -> Any:  # noqa: ANN401 - dask-jobqueue has no types
    """Return a cluster whose workers are jobs of a batch system.

    Raises
    ------
    ExecutorError
        If dask-jobqueue is not installed, or refuses an option.
    """
    try:
        from dask_jobqueue import HTCondorCluster, SLURMCluster
    except ImportError as error:
        raise ExecutorError(
            "[execution.cluster] needs the extra 'dask': pip install 'mcsurrogate[dask]'"
        ) from error
    settings: dict[str, Any] = {
        "cores": asked.cores, "processes": asked.cores, "memory": asked.memory,
        "scheduler_options": {"dashboard_address": ":0"},
    }  # fmt: skip
    if asked.system == "slurm":
        settings |= {"walltime": asked.walltime, "queue": asked.queue, "account": asked.account}
        kind = SLURMCluster
    else:
        settings |= {"disk": asked.disk}
        kind = HTCondorCluster
    try:
        return kind(**{**settings, **asked.options})
    except (TypeError, ValueError) as error:
        raise ExecutorError(f"[execution.cluster]: {error}") from error
