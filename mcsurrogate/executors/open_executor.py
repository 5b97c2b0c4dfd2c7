# SPDX-License-Identifier: GPL-3.0-or-later
"""From the section of a card to an executor."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mcsurrogate.executors.dask_executor import dask_executor
from mcsurrogate.executors.local import LocalProcesses
from mcsurrogate.executors.mpi_executor import mpi_executor

if TYPE_CHECKING:
    from mcsurrogate.cards import ExecutionSection

__all__ = ["open_executor"]

_log = logging.getLogger(__name__)


@contextmanager
def open_executor(section: "ExecutionSection") -> Iterator[Executor | None]:
    """Give the executor that a card asks for; None for a single process, which is this one.

    Parameters
    ----------
    section
        ``[execution]`` of a card.

    Raises
    ------
    ExecutorError
        If an extra is missing, or no scheduler answers.
    """
    if section.executor == "dask":
        with dask_executor(section) as executor:
            yield executor
    elif section.executor == "mpi":
        with mpi_executor() as executor:
            yield executor
    elif section.workers == 1:
        yield None
    else:
        _log.info("%d worker processes", section.workers)
        processes = LocalProcesses(section.workers, section.tries)
        try:
            yield processes
        except BaseException:
            processes.shutdown(cancel_futures=True)
            raise
        processes.shutdown()
