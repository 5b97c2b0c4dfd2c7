# SPDX-License-Identifier: GPL-3.0-or-later
"""A Dask cluster as executor: workers that die, a scheduler that goes away and comes back."""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcsurrogate.cards import ClusterSection, ExecutionSection
from mcsurrogate.errors import ExecutorError
from mcsurrogate.executors import ChunkRecord, map_chunks, open_executor
from mcsurrogate.executors.dask_executor import _batch_cluster


class Slow:
    def __call__(self, chunk: int) -> float:
        time.sleep(0.05)
        return math.sin(chunk)


class Dask:
    """A scheduler on a port, and workers, as processes."""

    def __init__(self, folder: Path, port: int, workers: int) -> None:
        self.folder, self.port = folder, port
        self.scheduler = self.start_scheduler()
        self.workers = [self.start_worker() for _ in range(workers)]

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "distributed.cli." + words[0], *words[1:]]
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--no-dashboard"]
        return self.start("dask_scheduler", *place)

    def start_worker(self) -> subprocess.Popen[bytes]:
        options = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "120"]
        return self.start("dask_worker", self.address, *options)

    def stop(self) -> None:
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path, unused_port: int) -> Iterator[Dask]:
    dask = Dask(tmp_path, unused_port, workers=2)
    yield dask
    dask.stop()


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return place.getsockname()[1]


def test_no_scheduler_is_said_at_once(unused_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcsurrogate.executors.dask_executor._CONNECT", "0.2s")
    address = f"tcp://127.0.0.1:{unused_port}"
    section = ExecutionSection(executor="dask", scheduler=address)
    with pytest.raises(ExecutorError, match="no Dask scheduler answers at tcp"):
        with open_executor(section):
            pass


@pytest.mark.slow
def test_workers_die_and_the_scheduler_is_started_anew(cluster: Dask) -> None:
    section = ExecutionSection(executor="dask", scheduler=cluster.address)
    record = ChunkRecord()
    with open_executor(section) as executor:
        found = []
        for chunk, result in map_chunks(executor, Slow(), range(400), record=record, window=40):
            found.append(result)
            if chunk == 50:
                os.kill(cluster.workers[0].pid, signal.SIGKILL)
                cluster.workers.append(cluster.start_worker())
            if chunk == 150:
                cluster.scheduler.kill()
                cluster.scheduler.wait()
                cluster.scheduler = cluster.start_scheduler()
                cluster.workers += [cluster.start_worker(), cluster.start_worker()]
    assert found == [math.sin(chunk) for chunk in range(400)]
    assert record.repeated >= 10
    assert record.set_aside == []


@pytest.mark.slow
# dask-jobqueue leaves a half-made cluster behind where it refuses an option
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_batch_system_gets_jobs_as_the_card_says() -> None:
    pytest.importorskip("dask_jobqueue")
    slurm = ClusterSection(system="slurm", cores=8, memory="16 GB", walltime="02:00:00")
    with _batch_cluster(slurm) as cluster:
        script = cluster.job_script()
    assert "#SBATCH --cpus-per-task=8\n#SBATCH --mem=15G\n#SBATCH -t 02:00:00\n" in script
    assert "--nthreads 1" in script
    assert "--nworkers 8" in script
    with _batch_cluster(ClusterSection(system="htcondor", cores=4)) as cluster:
        script = cluster.job_script()
    assert "MY.DaskWorkerCores = 4\n" in script
    with pytest.raises(ExecutorError, match="nonsense"):
        _batch_cluster(ClusterSection(system="slurm", options={"nonsense": 1}))
