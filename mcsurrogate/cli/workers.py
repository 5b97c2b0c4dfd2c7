"""A pool of processes that evaluate integrands."""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

import torch

__all__ = ["worker_pool"]


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
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=torch.set_num_threads, initargs=(1,)
    ) as pool:
        yield pool
