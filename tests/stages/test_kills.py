# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill -9 at random times, of the command and of its workers, in every stage; then ``--resume``.

Alone: ``python tests/stages/test_kills.py 100`` kills a hundred times and prints what was hit.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CARD = """seed = 12
[process]
definition = "e+ e- > d d~"
[beams]
particles = ["e+", "e-"]
sqrt_s = "91.2 GeV"
[scales]
alpha_s = 0.118
[integration]
method = "vegas"
precision = 1e-5
max_evaluations = 65536
[generation]
events = 120
[chain]
chunk_events = 20
hepmc = "gz"
[chain.standard]
settings = ["WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 1"]
[validation]
plots = false
preset = "hard_process"
"""
MAIN = "import sys; sys.argv[0] = 'mcsurrogate'; from mcsurrogate.cli import main; main()"
WORDS = ("run", "card.toml", "--workers", "2", "--out", "run")
WELL = (0, 1)  # the verdict on such few events is no matter of this test
# What a clock tells differs from run to run.
CLOCKS = (
    "second", "time", "timing", "rate", "us_per", "created", "path", "versions", "cpu",
    "microsecond", "repeated",
)  # fmt: skip
KILLS_A_RUN = 12
"""Then a run may end: late stages of one that is killed for ever take all kills."""


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-c", MAIN, "--log-level", "info", *words],
            cwd=folder, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def children(process: int) -> list[int]:
    """All processes below one, from /proc."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if words[0] != "Z":
                parents.setdefault(int(words[1]), []).append(int(entry.name))
    found, front = [], [process]
    while front:
        front = [child for parent in front for child in parents.get(parent, ())]
        found += front
    return found


def alive(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def without_clocks(content: Any) -> Any:
    if isinstance(content, dict):
        return {
            key: without_clocks(value)
            for key, value in content.items()
            if not any(word in key.lower() for word in CLOCKS)
        }
    if isinstance(content, list):
        return [without_clocks(value) for value in content]
    return content


def results(run: Path) -> dict[str, Any]:
    """Content of a run that does not depend on the clock."""
    found: dict[str, Any] = {
        str(path.relative_to(run)): path.read_bytes()
        for path in sorted(run.rglob("*"))
        if path.suffix in (".gz", ".zst", ".safetensors") or path.name == "card.toml"
    }
    for name in ("result.json", "report/metrics.json", "run.json"):
        if (run / name).exists():
            found[name] = without_clocks(json.loads((run / name).read_text()))
    found["run.json"].pop("files")
    left = [str(path) for path in run.rglob("*.part")]
    assert not left, left
    return found


def stage_of(run: Path) -> str:
    try:
        stages = json.loads((run / "run.json").read_text())["stages"]
    except (OSError, ValueError):
        return "start"
    begun = [name for name, stage in stages.items() if not stage["finished"]]
    return "+".join(begun) or (f"after {list(stages)[-1]}" if stages else "start")


def disturb(
    process: subprocess.Popen[bytes],
    run: Path,
    rng: np.random.Generator,
    kills: int,
    longest: float,
) -> tuple[list[str], set[int]]:
    """Kill workers of a command, or itself, at random times until it ends; tell what was hit.

    At most so many kills; also returns all processes that were seen below it.
    """
    hits: list[str] = []
    seen: set[int] = set()
    while len(hits) < kills:
        try:
            process.wait(float(rng.uniform(0.1, longest)))
        except subprocess.TimeoutExpired:
            below = children(process.pid)
            seen.update(below)
            # the parent as often as all its workers together
            itself = not below or rng.random() < 0.5
            where, victim = stage_of(run), process.pid if itself else int(rng.choice(below))
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue
            hits.append(f"{where}:{'parent' if itself else 'worker'}")
            if itself:
                break
        else:
            break
    process.wait()
    return hits, seen


def killed_runs(folder: Path, kills: int, seed: int, duration: float) -> Iterator[tuple[Path, str]]:
    """Run again and again, killing at random times; yield every finished run with its history."""
    rng = np.random.default_rng(seed)
    done = number = 0
    while done < kills:
        number += 1
        place, history, code, here = laid(folder / str(number)), list[str](), -1, 0
        while code not in WELL:
            process = start(place, *WORDS, "--resume")
            left = min(KILLS_A_RUN - here, kills - done)
            hits, workers = disturb(process, place / "run", rng, left, duration / 4)
            done, here = done + len(hits), here + len(hits)
            code = process.returncode
            history += [*hits, *([f"exit:{code}"] if code > 0 else [])]
            assert code in (*WELL, -signal.SIGKILL, 4), (place / "log").read_text()[-3000:]
            end = time.monotonic() + 60
            while any(map(alive, workers)):
                assert time.monotonic() < end, "workers outlive their parent"
                time.sleep(0.1)
        yield place / "run", " ".join(history)


def laid(folder: Path) -> Path:
    folder.mkdir()
    (folder / "card.toml").write_text(CARD)
    return folder


def undisturbed(folder: Path) -> tuple[dict[str, Any], float]:
    begin = time.monotonic()
    assert start(folder, *WORDS).wait() in WELL, (folder / "log").read_text()[-3000:]
    return results(folder / "run"), time.monotonic() - begin


def check(folder: Path, kills: int, seed: int) -> Counter[str]:
    expected, duration = undisturbed(laid(folder / "whole"))
    met: Counter[str] = Counter()
    for run, history in killed_runs(folder, kills, seed, duration):
        found = results(run)
        assert found.keys() == expected.keys()
        different = [name for name in expected if found[name] != expected[name]]
        assert not different, (different, history)
        met.update(history.split())
        print(run.parent.name, history, flush=True)
    return met


@pytest.mark.slow
def test_killed_runs_end_as_if_nothing_had_happened(tmp_path: Path) -> None:
    met = check(tmp_path, kills=12, seed=20261130)
    assert sum(n for name, n in met.items() if "exit" not in name) == 12


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        hits = check(Path(place), int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
        total = sum(n for name, n in hits.items() if "exit" not in name)
        print(f"{total} of {total} kills survived with equal results")
        for name, number in sorted(hits.items()):
            print(f"  {name}: {number}")
