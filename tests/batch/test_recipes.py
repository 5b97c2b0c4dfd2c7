# SPDX-License-Identifier: GPL-3.0-or-later
"""Recipes of batch/ with a stand-in of the scheduler, that reads submit files and runs jobs."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mcsurrogate.events import read_les_houches

BATCH = Path(__file__).parents[2] / "batch"
MAIN = "import sys; sys.argv[0] = 'mcsurrogate'; from mcsurrogate.cli import main; main()"
JOBS = 3


def slurm_jobs(text: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    """What sbatch does with an array: the script, once an index, which its environment tells."""
    options = dict(re.findall(r"^#SBATCH --([\w-]+)=?(.*)$", text, re.MULTILINE))
    first, last = options["array"].split("-")
    for index in range(int(first), int(last) + 1):
        yield ["sh", "slurm.sh"], {"SLURM_ARRAY_TASK_ID": str(index)}


def condor_jobs(text: str) -> Iterator[tuple[list[str], dict[str, str]]]:
    """What condor_submit does: the executable, so often as is queued, with $(Process) put in."""
    keys = dict(re.findall(r"^(\w+)\s*=\s*(.*)$", text, re.MULTILINE))
    count = int(re.findall(r"^queue (\d+)$", text, re.MULTILINE)[0])
    for index in range(count):
        words = keys["arguments"].replace("$(Process)", str(index)).split()
        yield ["sh", keys["executable"], *words], {}


SYSTEMS = {"slurm.sh": slurm_jobs, "htcondor.sub": condor_jobs}


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_job_makes_a_part_of_its_own(name: str, tmp_path: Path) -> None:
    # a stand-in of mcsurrogate, too: it tells what it was asked for
    (tmp_path / "mcsurrogate").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "mcsurrogate").chmod(0o755)
    told = []
    for words, environment in SYSTEMS[name]((BATCH / name).read_text()):
        path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        done = subprocess.run(
            words, cwd=BATCH, env={**path, **environment}, capture_output=True, check=True
        )
        told.append(done.stdout.decode())
    assert len(told) == 10
    firsts = [int(re.findall(r"--first-event (\d+)", line)[0]) for line in told]
    assert firsts == [100_000 * index for index in range(10)]
    assert all("--seed 7 " in line and "--events 100000" in line for line in told)
    assert len({re.findall(r"--out (\S+)", line)[0] for line in told}) == 10


def shell(folder: Path, *words: str) -> None:
    path = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    done = subprocess.run(words, cwd=folder, env=path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_the_parts_of_an_array_are_the_sample(
    name: str, gluons_to_tops: Callable[..., str], tmp_path: Path
) -> None:
    own = tmp_path / "mcsurrogate"
    own.write_text(f'#!/bin/sh\nexec {sys.executable} -P -c "{MAIN}" "$@"\n')
    own.chmod(0o755)
    (tmp_path / "card.toml").write_text(gluons_to_tops(max_evaluations=20_000))
    shell(tmp_path, "mcsurrogate", "integrate", "card.toml", "--out", "run")
    shell(tmp_path, "mcsurrogate", "pack", "run", "--out", "run.pack")
    (tmp_path / "job.sh").write_text((BATCH / "job.sh").read_text())
    text = (BATCH / name).read_text().replace("100000 7", "40 7")
    text = text.replace("array=0-9", f"array=0-{JOBS - 1}").replace("queue 10", f"queue {JOBS}")
    # only hard events: showers are those of a chain, tested elsewhere
    text = text.replace('TASK_ID"', 'TASK_ID" --no-shower')
    text = text.replace("$(Process)\nlog", "$(Process) --no-shower\nlog")
    (tmp_path / name).write_text(text)
    for words, environment in SYSTEMS[name](text):
        path = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", **environment}
        subprocess.run(words, cwd=tmp_path, env=path, check=True)
    parts = [f"parts/{index}/events/hard_process.lhe.gz" for index in range(JOBS)]
    shell(tmp_path, "mcsurrogate", "merge", "sample.lhe.gz", *parts)
    whole = ("--events", str(40 * JOBS), "--seed", "7", "--no-shower", "--out", "whole")
    shell(tmp_path, "mcsurrogate", "generate", "run.pack", *whole)
    merged, expected = (
        next(iter(read_les_houches(tmp_path / place)[1]))
        for place in ("sample.lhe.gz", "whole/events/hard_process.lhe.gz")
    )
    assert len(merged) == 40 * JOBS
    assert (merged.momenta == expected.momenta).all()
    assert (merged.weights == expected.weights).all()
