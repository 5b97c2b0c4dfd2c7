# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in chunks, on the processes of one machine or of many.

Everything heavy is cut into chunks with seeds of their own and handed to a
:class:`concurrent.futures.Executor`.  No result depends on which one that is, on the number of
its workers, or on the order in which they end.
"""

from mcsurrogate.executors.chunk_flow import ChunkRecord, map_chunks, work_so_far
from mcsurrogate.executors.chunks import Chunk, cut_chunks
from mcsurrogate.executors.local import (
    LocalProcesses,
    collect_rarely,
    end_with_parent,
    without_main,
)
from mcsurrogate.executors.open_executor import open_executor

__all__ = [
    "Chunk",
    "ChunkRecord",
    "LocalProcesses",
    "collect_rarely",
    "cut_chunks",
    "end_with_parent",
    "map_chunks",
    "open_executor",
    "without_main",
    "work_so_far",
]
