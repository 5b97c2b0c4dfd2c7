# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of a file in blocks, decompressed beside those that use it."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import IO

__all__ = ["BLOCK", "blocks_ahead"]

BLOCK = 1 << 20
"""Bytes of text at a time."""


def blocks_ahead(stream: IO[bytes]) -> Generator[bytes, None, None]:
    """Blocks of a stream, each read by a thread while the one before it is used.

    Parameters
    ----------
    stream
        Read by nobody else; an error in it is raised here.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="decompression") as thread:
        ahead = thread.submit(stream.read, BLOCK)
        while block := ahead.result():
            ahead = thread.submit(stream.read, BLOCK)
            yield block
