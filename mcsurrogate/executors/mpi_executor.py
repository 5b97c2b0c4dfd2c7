# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranks of an MPI job as workers (mpi4py.futures)."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from mcsurrogate.errors import ExecutorError

__all__ = ["mpi_executor"]

_START = "start with: mpiexec -n N python -m mpi4py.futures $(command -v mcsurrogate) ..."

_log = logging.getLogger(__name__)


@contextmanager
def mpi_executor() -> Iterator[Executor]:
    """Give an executor of all ranks but the first, which runs the command.

    MPI ends the whole job when a rank dies: then the run continues with ``--resume``.

    Raises
    ------
    ExecutorError
        If mpi4py or its MPI library is missing, or this is no MPI job.
    """
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPIPoolExecutor
    except (ImportError, RuntimeError) as error:
        raise ExecutorError(
            f"executor 'mpi' needs the extra 'mpi' and an MPI library ({error}): pip install "
            "'mcsurrogate[mpi]'"
        ) from error
    world = MPI.COMM_WORLD
    if world.Get_size() < 2:
        raise ExecutorError(f"executor 'mpi' needs an MPI job of at least two ranks; {_START}")
    if world.Get_rank() != 0:
        raise ExecutorError(f"rank {world.Get_rank()} would run the command as well; {_START}")
    with MPIPoolExecutor() as executor:
        executor.bootup(wait=True)
        _log.info("%d MPI ranks at work", executor.num_workers)
        yield executor
