# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine does to a run, before each stage: it resumes to the same results, or says why not.

Alone: ``python -m tests.stages.test_faults`` prints what each command made of each fault.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.stages.test_kills import CARD, MAIN, WELL, results

pytestmark = pytest.mark.slow

# What is done with a run folder, in this order; each goes on where the one before it ended.
COMMANDS = {
    "integrate": ("integrate", "card.toml", "--out", "run", "--resume"),
    "generate": ("generate", "card.toml", "--no-shower", "--out", "run", "--resume"),
    "chains": ("generate", "card.toml", "--out", "run", "--resume"),
    "run": ("run", "card.toml", "--out", "run", "--resume"),
}
# What each finds there.
READ = {
    "generate": "result.json",
    "chains": "events/hard_process.lhe.gz",
    "run": "sampler.safetensors",
}
PAST_AND_FUTURE = (0, 4_000_000_000)
ELSEWHERE = {"HOME": "/proc/nowhere", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}


class Ended(NamedTuple):
    """Exit code and words of a command."""

    code: int
    said: str


def command(folder: Path, words: tuple[str, ...], **environment: str) -> Ended:
    done = subprocess.run(
        [sys.executable, "-P", "-c", MAIN, *words], cwd=folder, capture_output=True, check=False,
        text=True, env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip
    return Ended(done.returncode, " ".join(done.stderr.split()))


@contextmanager
def disk(place: Path, *options: str) -> Iterator[Callable[..., None]]:
    """Give a file system of its own; what it yields changes its options."""
    place.mkdir(exist_ok=True)

    def mount(*words: str) -> None:
        subprocess.run(["mount", *words, str(place)], check=True, capture_output=True)

    try:
        mount("-t", "tmpfs", "-o", ",".join(("size=64m", *options)), "tmpfs")
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted: {error}")
    try:
        yield lambda *more: mount("-o", ",".join(("remount", *more)))
    finally:
        subprocess.run(["umount", str(place)], check=True)


class Stages:
    """A run folder as each command found it, and what the last one left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.expected: dict[str, dict[str, Any]] = {}
        (folder / "card.toml").write_text(CARD)
        for name, words in COMMANDS.items():
            if (folder / "run").exists():
                shutil.copytree(folder / "run", folder / "before" / name)
            else:
                (folder / "before" / name).mkdir(parents=True)
            done = command(folder, words)
            assert done.code in WELL, done.said
            self.expected[name] = results(folder / "run")

    def lay(self, name: str, place: Path) -> Path:
        """Lay a folder where a command is to be called; the run folder is in it."""
        shutil.copy(self.folder / "card.toml", place)
        shutil.copytree(self.folder / "before" / name, place / "run", dirs_exist_ok=True)
        return place

    def check(self, name: str, place: Path) -> None:
        """What a command has left is what it leaves in peace."""
        found, expected = results(place / "run"), self.expected[name]
        assert found.keys() == expected.keys()
        different = [key for key in expected if found[key] != expected[key]]
        assert not different, different

    def finish(self, name: str, place: Path) -> None:
        """Go on with a command."""
        done = command(place, COMMANDS[name])
        assert done.code in WELL, done.said
        self.check(name, place)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return Stages(tmp_path_factory.mktemp("stages"))


def whole_names(run: Path) -> set[str]:
    return {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}


def full_disk(stages: Stages, name: str, place: Path) -> Ended:
    with disk(place) as change:
        stages.lay(name, place)
        used = shutil.disk_usage(place).used
        change(f"size={used + 8192}")
        done = command(place, COMMANDS[name])
        assert done.code == 4, done
        assert "No space left on device" in done.said
        assert f"continue with: mcsurrogate {COMMANDS[name][0]}" in done.said
        change("size=64m")
        stages.finish(name, place)
    return done


def read_only(stages: Stages, name: str, place: Path) -> Ended:
    with disk(place) as change:
        stages.lay(name, place)
        before = whole_names(place)
        change("ro")
        done = command(place, COMMANDS[name])
        assert done.code == 4, done
        assert "Read-only file system" in done.said
        assert whole_names(place) == before
    return done


def torn_file(stages: Stages, name: str, place: Path) -> Ended:
    stages.lay(name, place)
    torn = place / "run" / READ[name]
    content = torn.read_bytes()
    torn.write_bytes(content[: len(content) // 2])
    done = command(place, COMMANDS[name])
    assert done.code == 2, done
    assert torn.name in done.said
    torn.write_bytes(content)
    stages.finish(name, place)
    return done


def two_processes(stages: Stages, name: str, place: Path) -> Ended:
    stages.lay(name, place)
    lock = os.open(place / "run" / ".lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        done = command(place, COMMANDS[name])
    finally:
        os.close(lock)
    assert done.code == 2, done
    assert "another process is working in this run folder" in done.said
    return done


def elsewhere(stages: Stages, name: str, place: Path) -> Ended:
    """Another time zone, files from the past and the future, a home that cannot be written."""
    stages.lay(name, place)
    files = sorted(path for path in (place / "run").rglob("*") if path.is_file())
    for number, path in enumerate(files):
        os.utime(path, (PAST_AND_FUTURE[number % 2],) * 2)
    done = command(place, COMMANDS[name], **ELSEWHERE)
    assert done.code in WELL, done
    stages.check(name, place)
    return done


FAULTS = {
    fault.__name__: fault for fault in (read_only, two_processes, torn_file, full_disk, elsewhere)
}
CASES = [
    (name, fault) for fault in FAULTS for name in COMMANDS if fault != "torn_file" or name in READ
]


@pytest.mark.parametrize(("name", "fault"), CASES)
def test_a_fault_before_a_stage(name: str, fault: str, stages: Stages, tmp_path: Path) -> None:
    FAULTS[fault](stages, name, tmp_path)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as top:
        known = Stages(Path(top))
        for number, (case, kind) in enumerate(CASES):
            laid = Path(top) / f"case{number}"
            laid.mkdir()
            try:
                print(f"{kind:14} {case:10}", FAULTS[kind](known, case, laid), flush=True)
            except AssertionError as problem:
                print(f"{kind:14} {case:10} PROBLEM {problem}", flush=True)
