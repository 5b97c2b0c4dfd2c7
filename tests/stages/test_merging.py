# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of many jobs together: of one run, none of them twice, and none lost."""

from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events import EventBatch, read_hard_events
from mcsurrogate.stages import merge_events
from tests.stages.test_packing import generate, packed, run  # noqa: F401 - fixtures

GOOD = Path("tests/data/cases/lhe/powheg_plain_weights.lhe")


@pytest.fixture
def jobs(packed: Path, tmp_path: Path) -> list[Path]:  # noqa: F811
    asked = ((7, 0, 30), (7, 30, 20), (8, 0, 10))
    for number, (seed, first, events) in enumerate(asked):
        generate(packed, tmp_path / f"{number}", seed=seed, first_event=first, events=events)
    return [tmp_path / f"{n}" / "events" / "hard_process.lhe.gz" for n in range(len(asked))]


def read(path: Path) -> EventBatch:
    (batch,) = read_hard_events(path)[1]
    return batch


@pytest.mark.parametrize("name", ["all.lhe", "all.lhe.zst", "all.h5"])
def test_a_merged_file_has_the_events_of_its_parts(
    jobs: list[Path], tmp_path: Path, name: str
) -> None:
    assert merge_events(jobs, tmp_path / name) == 60
    merged, parts = read(tmp_path / name), [read(job) for job in jobs]
    for column in ("momenta", "pdg_id", "weights", "helicity"):
        expected = np.concatenate([getattr(part, column) for part in parts])
        np.testing.assert_array_equal(getattr(merged, column), expected)
    # parts of parts
    assert merge_events([tmp_path / name, other(tmp_path)], tmp_path / "more.lhe") == 63
    with pytest.raises(EventFileError, match=r"events 30 to 49 of seed=7 are in .*more\.lhe too"):
        merge_events([tmp_path / "more.lhe", jobs[1]], tmp_path / "twice.lhe")


def other(folder: Path) -> Path:
    """Three more events of the run, with another seed."""
    generate(next(folder.parent.glob("*/run.pack")), folder / "9", seed=9, events=3)
    return folder / "9" / "events" / "hard_process.lhe.gz"


def test_events_are_never_there_twice(jobs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="events 0 to 29 of seed=7 are in"):
        merge_events([jobs[0], jobs[2], jobs[0]], tmp_path / "x.lhe")
    with pytest.raises(EventFileError, match="its events are in"):
        merge_events([GOOD, GOOD], tmp_path / "x.lhe")
    with pytest.raises(EventFileError, match="is one of the files that are read"):
        merge_events(jobs, jobs[0])
    assert not (tmp_path / "x.lhe").exists()


def test_other_runs_and_parts_of_files_are_refused(jobs: list[Path], tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="these are events of different runs"):
        merge_events([jobs[0], GOOD], tmp_path / "x.lhe")
    run_info, batches = read_hard_events(jobs[0])
    from mcsurrogate.events import write_hard_events

    write_hard_events(tmp_path / "half.lhe", run_info, (batch[:15] for batch in batches))
    with pytest.raises(EventFileError, match="holds 15 events, and 30 by the card"):
        merge_events([tmp_path / "half.lhe", jobs[1]], tmp_path / "x.lhe")
    assert not (tmp_path / "x.lhe").exists()
