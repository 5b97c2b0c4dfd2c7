# SPDX-License-Identifier: GPL-3.0-or-later
"""Chunks on an executor: in order, repeated where a worker died, poison by name."""

import math
import os
import signal
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import NamedTuple

import pytest

from mcsurrogate.cards import ExecutionSection
from mcsurrogate.errors import ChunkError, MCSurrogateError
from mcsurrogate.executors import Chunk, ChunkRecord, cut_chunks, map_chunks, open_executor


class Deadly(NamedTuple):
    """Kills its worker at some chunks, the first so many times that it sees them."""

    folder: Path
    chunks: tuple[int, ...]
    times: int

    def __call__(self, chunk: int) -> float:
        if chunk in self.chunks:
            for number in range(self.times):
                mark = self.folder / f"{chunk}.{number}"
                if not mark.exists():
                    mark.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
        return math.sin(chunk)


def late_first(chunk: int) -> tuple[int, int]:
    time.sleep(0.2 if chunk == 0 else 0.0)
    return chunk, os.getpid()


def failing(chunk: int) -> int:
    if chunk == 3:
        raise MCSurrogateError("the third is bad")
    return chunk


@pytest.fixture(scope="module")
def two() -> Iterator[Executor | None]:
    with open_executor(ExecutionSection(workers=2)) as executor:
        yield executor


def test_results_come_in_order_and_from_all_processes(two: Executor) -> None:
    found = list(map_chunks(two, late_first, range(20)))
    assert [chunk for chunk, _ in found] == list(range(20))
    assert [result[0] for _, result in found] == list(range(20))
    assert len({result[1] for _, result in found}) == 2


def test_a_chunk_whose_worker_died_is_repeated_and_no_other(two: Executor, tmp_path: Path) -> None:
    record = ChunkRecord()
    deadly = Deadly(tmp_path, (1,), times=2)
    found = [result for _, result in map_chunks(two, deadly, range(12), record=record)]
    assert found == [math.sin(chunk) for chunk in range(12)]
    assert record.repeated == 2
    assert record.chunks == 12
    assert record.set_aside == []


def test_poison_is_set_aside_by_name_and_all_others_are_done(two: Executor, tmp_path: Path) -> None:
    found = []
    with pytest.raises(ChunkError, match="shower chunk 2: 2 workers died of each") as caught:
        for chunk, _ in map_chunks(
            two, Deadly(tmp_path, (2,), times=2), range(9), name="shower chunk", tries=2
        ):
            found.append(chunk)
    assert found == [0, 1, 3, 4, 5, 6, 7, 8]
    assert isinstance(caught.value.__cause__, BrokenExecutor)


@pytest.mark.parametrize("here", [True, False])
def test_an_error_says_which_chunk(two: Executor, here: bool) -> None:
    with pytest.raises(MCSurrogateError, match="the third is bad") as caught:
        list(map_chunks(None if here else two, failing, range(9), name="part"))
    assert caught.value.__notes__ == ["in part 3"]


def doubtful(chunk: int) -> int:
    warnings.warn("this may be wrong", stacklevel=1)
    return chunk


def test_a_warning_of_a_worker_is_one_of_the_parent_and_told_once(two: Executor) -> None:
    with pytest.warns(UserWarning, match="this may be wrong") as told:
        assert [result for _, result in map_chunks(two, doubtful, range(9))] == list(range(9))
    assert len(told) == 1


class Lazy(Executor):
    """Computes a call when its result is asked for, and counts what is under way."""

    def __init__(self) -> None:
        self.calls = self.most = self.running = 0

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        future = Future()
        if self.calls % 5 == 0:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_chunks_are_read_as_they_are_needed_and_lost_ones_submitted_again() -> None:
    read = []

    def chunks() -> Iterator[int]:
        for number in range(40):
            read.append(number)
            yield number

    told = []
    results = map_chunks(
        Lazy(), math.sqrt, chunks(), window=4,
        progress=lambda done, total, text: told.append((done, total, text)),
        size=lambda _: 10.0, total=400.0,
    )  # fmt: skip
    for chunk, result in results:
        assert len(read) <= chunk + 4
        assert result == math.sqrt(chunk)
    assert len(read) == 40
    assert told[-1] == (400.0, 400.0, "40 chunks")


def test_an_executor_that_loses_everything_is_given_up() -> None:
    class Forgetful(Lazy):
        def submit(self, fn, /, *args, **kwargs):
            self.calls = 4
            return super().submit(fn, *args, **kwargs)

    with pytest.raises(ChunkError, match=r"chunk \d: the executor lost it"):
        list(map_chunks(Forgetful(), math.sqrt, range(3)))


def test_chunks_are_those_of_the_sequence_wherever_a_part_begins() -> None:
    whole = list(cut_chunks(1050, 100, seed=899_999_998))
    assert [chunk.events for chunk in whole] == [100] * 10 + [50]
    assert [chunk.seed for chunk in whole[:4]] == [899_999_998, 899_999_999, 900_000_000, 1]
    parts = [*cut_chunks(300, 100, 899_999_998), *cut_chunks(750, 100, 899_999_998, first=300)]
    assert parts == whole
    assert list(cut_chunks(70, 100, 5, first=250)) == [Chunk(2, 250, 50, 7), Chunk(3, 300, 20, 8)]
