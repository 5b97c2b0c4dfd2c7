"""Reading in two processes gives what reading in one gives."""

import json
import subprocess
import sys

import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.validation import validate

SCRIPT = """
import sys
from pathlib import Path
from mcsurrogate.validation import validate

a, b, out = map(Path, sys.argv[1:])
found = validate(a, b, out, observables=["thrust"], reservoir=0, workers=2)
print(found.verdict.value)
"""

OWN = '''
from mcsurrogate.validation import linear, observable

@observable(edges=linear(0, 60, 30))
def photon_energy(events):
    """Energy in photons"""
    photons = events.final.where(events.final.pid == 22)
    return photons.sum_over(photons.energy)
'''


def test_two_workers_give_the_same(z_files, tmp_path):
    own = tmp_path / "own.py"
    own.write_text(OWN)
    seen = []
    found = []
    for workers in (1, 2):
        result = validate(
            *z_files,
            tmp_path / str(workers),
            observables=["thrust", "charged_xi", "final_species"],
            observables_file=own,
            reservoir=0,
            workers=workers,
            progress=(lambda *step: seen.append(step)) if workers == 2 else None,
        )
        metrics = json.loads(result.metrics_file.read_text())
        del metrics["created"]
        found.append(metrics)
    assert found[0] == found[1]
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
