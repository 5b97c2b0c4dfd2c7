# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks of a long benchmark, each in a file of its own, shared by processes that run at once."""

import fcntl
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from mcsurrogate.atomic import atomic_path

__all__ = ["make_chunks"]


def make_chunks(paths: Sequence[Path], write: Callable[[int, Path], None]) -> None:
    """Make the files that are missing.

    Processes that are given the same paths share the work: each takes a chunk that no other is
    making, and returns when all are there. A process that dies gives up its chunk.

    Parameters
    ----------
    paths
        One file a chunk.
    write
        Computes a chunk: its index and the path to write to.
    """
    for wait in (False, True):
        for index, path in enumerate(paths):
            if not path.exists():
                _make(index, path, write, wait=wait)


def _make(index: int, path: Path, write: Callable[[int, Path], None], *, wait: bool) -> None:
    lock = path.with_name(f"{path.name}.lock")
    with lock.open("w") as claim:
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return
        if not path.exists():
            start = time.process_time()
            with atomic_path(path) as part:
                write(index, part)
            print(f"  {path.stem}: {time.process_time() - start:.0f} s", flush=True)
        lock.unlink(missing_ok=True)
