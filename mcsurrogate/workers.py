"""Worker processes: a pool that evaluates integrands, and workers that end with their parent."""

import logging
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

__all__ = ["end_with_parent", "worker_pool"]

_log = logging.getLogger(__name__)


@contextmanager
def worker_pool(workers: int) -> Iterator[Executor | None]:
    """Give an executor of so many processes, one thread each; None for a single one.

    Results do not depend on the number: the same chunks of points are evaluated, wherever.

    Parameters
    ----------
    workers
        Number of processes, at least 1.
    """
    if workers == 1:
        yield None
        return
    _log.info("%d worker processes", workers)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start) as pool:
        yield pool


def end_with_parent() -> None:
    """End this worker as soon as the process that started it has ended, however it ended.

    A pool tells its workers to stop; a parent that was killed cannot, and its workers would wait
    for work for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def _start() -> None:
    import torch

    end_with_parent()
    torch.set_num_threads(1)
