# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and drawing in two processes give what one gives."""

import json
import os
import pickle
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.validation import validate

SCRIPT = """
import sys
from pathlib import Path
from mcsurrogate.validation import validate

a, b, out = map(Path, sys.argv[1:])
found = validate(a, b, out, preset="ee_z", reservoir=0, workers=2)
print(found.verdict.value)
"""

# Says which its workers are once they have work.
WATCHED = """
import multiprocessing
from mcsurrogate.validation import parallel
wait = parallel._wait
def _wait(*arguments):
    print(*(worker.pid for worker in multiprocessing.active_children()), flush=True)
    wait(*arguments)
parallel._wait = _wait
"""

OWN = '''
from mcsurrogate.validation import linear, observable

@observable(edges=linear(0, 60, 30))
def photon_energy(events):
    """Energy in photons"""
    photons = events.final.where(events.final.pid == 22)
    return photons.sum_over(photons.energy)
'''


class Copying(ThreadPoolExecutor):
    """Hands calls and results on as a worker elsewhere gets them: as copies."""

    def __init__(self):
        super().__init__(1)

    def submit(self, fn, *arguments):
        call = pickle.dumps((fn, arguments))

        def work():
            own, its = pickle.loads(call)
            return pickle.loads(pickle.dumps(own(*its)))

        return super().submit(work)


def test_two_workers_give_the_same(z_files, tmp_path):
    own = tmp_path / "own.py"
    own.write_text(OWN)
    seen = []
    found = []
    for workers, executor in ((1, None), (2, None), (1, Copying())):
        result = validate(
            *z_files,
            tmp_path / f"{workers}{executor is None}",
            executor=executor,
            observables=["thrust", "charged_xi", "final_species"],
            observables_file=own,
            reservoir=0,
            plots=True,
            workers=workers,
            progress=(lambda *step: seen.append(step)) if workers == 2 else None,
        )
        metrics = json.loads(result.metrics_file.read_text())
        page = result.report.read_text().replace(metrics.pop("created"), "")
        plots = {p.name: p.read_bytes() for p in (result.report.parent / "plots").iterdir()}
        assert {"thrust.pdf", "thrust.png", "photon_energy.pdf"} <= set(plots)
        found.append((metrics, page, plots))
    assert found[0] == found[1] == found[2]
    assert {step[0] for step in seen} == {"candidate", "reference"}
    assert seen[-1][1:] == (500, 1.0)


@pytest.mark.slow
def test_a_script_without_a_guard(z_files, tmp_path):
    """Console scripts of some installers have no ``if __name__ == "__main__":`` either."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), *map(str, z_files), str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("indistinguishable")


@pytest.mark.slow
def test_errors_come_out_of_workers(z_files, tmp_path):
    path = tmp_path / "cut.hepmc"
    path.write_bytes(z_files[0].read_bytes()[:1_000_000])
    with pytest.raises(EventFileError, match="complete events were read"):
        validate(path, z_files[1], tmp_path / "out", observables=["thrust"], workers=2)
    assert not (tmp_path / "out").exists()


def _alive(process):
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def _opened(fifo):
    """Open a pipe for writing as soon as someone reads it."""
    deadline = time.monotonic() + 100
    while True:
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.slow
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    """One reads a pipe that never ends, the other one waits for more work."""
    os.mkfifo(tmp_path / "candidate.hepmc")
    reference = Path(__file__).parents[1] / "data/cases/hepmc/equal_events.hepmc3"
    words = [tmp_path / "candidate.hepmc", reference, tmp_path / "out"]
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            WATCHED + SCRIPT.replace('preset="ee_z"', 'observables=["final_species"]'),
            *words,
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        workers = [int(word) for word in parent.stdout.readline().split()]
        pipe = _opened(words[0])
        assert len(workers) == 2
        assert all(map(_alive, workers))
        parent.kill()
    deadline = time.monotonic() + 20
    while any(map(_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    left = [worker for worker in workers if _alive(worker)]
    os.close(pipe)
    for worker in left:
        os.kill(worker, 9)
    assert not left
