# SPDX-License-Identifier: GPL-3.0-or-later
"""Integration and events on every executor, by the command line: the same bytes from all."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

MAIN = "import sys; sys.argv[0] = 'mcsurrogate'; from mcsurrogate.cli import main; main()\n"
MADE = ("sampler.safetensors", "events/hard_process.lhe.gz")
# Open MPI's own checks: more ranks than cores, and root in a container, are what a test has
OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}
SECONDS = 500
"""Six times the CPU time of the slowest one: it ends, however busy the machine is."""


DEADLY = """
import os, random, signal, time
from mcsurrogate.executors.remote import RemoteFunction



def slow_and_deadly(self, chunk, call=RemoteFunction.__call__):
    chance = random.SystemRandom()
    time.sleep(chance.uniform(0.0, 0.5))
    if chance.random() < 0.3:
        with open("deaths", "a") as book:
            book.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return call(self, chunk)


if RemoteFunction.__call__.__name__ != "slow_and_deadly":  # Dask loads it twice
    RemoteFunction.__call__ = slow_and_deadly
"""


def mpiexec() -> str:
    """Of the system, or of a wheel beside mpi4py."""
    found = find_spec("mpi4py")
    if found is None or found.origin is None:
        pytest.skip("mpi4py is not installed")
    beside = Path(found.origin).parents[4] / "bin"
    command = shutil.which("mpiexec", path=f"{os.environ['PATH']}{os.pathsep}{beside}")
    if command is None:
        pytest.skip("no mpiexec")
    return command


def local(script: Path) -> list[str]:
    return [sys.executable, "-P", str(script)]


def mpi(script: Path) -> list[str]:
    return [mpiexec(), "-n", "3", sys.executable, "-P", "-m", "mpi4py.futures", str(script)]


EXECUTORS = {
    "local": (local, ("--workers", "3")),
    "dask": (local, ("--executor", "dask", "--workers", "2")),
    "mpi": (mpi, ("--executor", "mpi")),
}


def made(folder: Path, command: list[str], options: tuple[str, ...]) -> dict[str, str]:
    """Digests of what a run leaves."""
    words = [*command, "generate", "card.toml", "--events", "600", "--no-shower", "--out", "run"]
    done = subprocess.run(
        [*words, *options], cwd=folder, env=os.environ | OPEN_MPI, capture_output=True,
        check=False, timeout=SECONDS, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "chunks" in done.stdout or options == ()
    return {name: hashlib.sha256((folder / "run" / name).read_bytes()).hexdigest() for name in MADE}


def laid(folder: Path, card: str) -> Path:
    folder.mkdir()
    (folder / "card.toml").write_text(card)
    script = folder / "mcsurrogate.script"
    script.write_text("if __name__ == '__main__':\n    " + MAIN)
    return script


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, gluons_to_tops) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("here") / "one"
    return made(folder, local(laid(folder, gluons_to_tops())), ())


@pytest.mark.parametrize("name", EXECUTORS)
def test_bytes_are_those_of_one_process(
    name: str, expected: dict[str, str], tmp_path: Path, gluons_to_tops
) -> None:
    start, options = EXECUTORS[name]
    folder = tmp_path / name
    assert made(folder, start(laid(folder, gluons_to_tops())), options) == expected


@pytest.fixture
def deadly_cluster(tmp_path: Path) -> Iterator[str]:
    """16 workers that wait up to half a second before a call, and die of 30% of them."""
    (tmp_path / "deadly.py").write_text(DEADLY)
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        port = str(place.getsockname()[1])
    address = f"tcp://127.0.0.1:{port}"
    commands = (
        ("scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"),
        ("worker", address, "--nworkers", "16", "--nthreads", "1", "--no-dashboard",
         "--preload", "deadly.py"),
    )  # fmt: skip
    with (tmp_path / "log").open("wb") as log:
        running = [
            subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words],
                cwd=tmp_path, stdout=log, stderr=log, start_new_session=True,
            )
            for kind, *words in commands
        ]  # fmt: skip
    yield address
    for process in reversed(running):
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_bytes_are_the_same_when_a_third_of_the_calls_kill_their_workers(
    deadly_cluster: str, expected: dict[str, str], tmp_path: Path, gluons_to_tops
) -> None:
    folder = tmp_path / "run"
    command = local(laid(folder, gluons_to_tops()))
    options = ("--executor", "dask", "--scheduler", deadly_cluster)
    assert made(folder, command, options) == expected
    assert len((tmp_path / "deaths").read_text()) >= 5
