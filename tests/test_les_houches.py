# SPDX-License-Identifier: GPL-3.0-or-later
"""LHE files: what is read is what was written, and damage is named."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events.hard_events import EventBatch, ProcessInfo, RunInfo
from mcsurrogate.events.les_houches import read_les_houches, write_les_houches

RUN = RunInfo(
    beams=(2212, 2212),
    energies_gev=(6500.0, 6500.0),
    processes=(ProcessInfo(1, 718.7, 0.1, 1.0),),
    weight_names=("nominal", "surrogate_up"),
)


def batch(events: int, seed: int = 1) -> EventBatch:
    rng = np.random.default_rng(seed)
    particles = 4 * events
    return EventBatch(
        offsets=np.arange(0, particles + 1, 4, dtype=np.int64),
        pdg_id=np.tile(np.array([21, 21, 6, -6], dtype=np.int32), events),
        status=np.tile(np.array([-1, -1, 1, 1], dtype=np.int32), events),
        parents=np.tile(np.array([[0, 0], [0, 0], [1, 2], [1, 2]], dtype=np.int32), (events, 1)),
        colour=np.tile(
            np.array([[501, 502], [502, 503], [501, 0], [0, 503]], dtype=np.int32), (events, 1)
        ),
        momenta=rng.normal(size=(particles, 4)) * 100,
        mass=np.tile([0.0, 0.0, 173.0, 173.0], events),
        weights=rng.exponential(size=(events, 2)),
        scale=np.full(events, 91.188),
        alpha_s=np.full(events, 0.13),
        alpha_qed=np.full(events, 1 / 132.507),
        process_id=np.ones(events, dtype=np.int32),
        weight_names=RUN.weight_names,
        helicity=rng.choice([-1.0, 1.0, 9.0, 0.375], particles),
        lifetime=rng.choice([0.0, 12.5, 1 / 3], particles),
    )


@pytest.mark.parametrize("name", ["events.lhe", "events.lhe.gz", "events.lhe.zst", "events.lhe.xz"])
def test_events_come_back_bit_for_bit(tmp_path: Path, name: str) -> None:
    events = batch(25)
    path = tmp_path / name
    assert write_les_houches(path, RUN, [events[:10], events[10:]], {"card": "a < b & c"}) == 25
    run, batches = read_les_houches(path, batch_size=7)
    read = list(batches)
    assert run == RUN
    assert [len(b) for b in read] == [7, 7, 7, 4]
    for field in dataclasses.fields(EventBatch):
        if field.name == "weight_names":
            continue
        whole = getattr(events, field.name)
        if field.name in {"attributes", "annotations"}:
            assert all(getattr(part, field.name) is None for part in read)
            continue
        if field.name == "offsets":
            parts = np.concatenate(
                [[0], np.cumsum(np.concatenate([np.diff(b.offsets) for b in read]))]
            )
        else:
            parts = np.concatenate([getattr(b, field.name) for b in read])
        np.testing.assert_array_equal(parts, whole)


def test_equal_events_make_equal_files(tmp_path: Path) -> None:
    for name in ("a.lhe.gz", "b.lhe.gz"):
        write_les_houches(tmp_path / name, RUN, [batch(3)])
    assert (tmp_path / "a.lhe.gz").read_bytes() == (tmp_path / "b.lhe.gz").read_bytes()


def test_a_file_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    def broken():
        yield batch(3)
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_les_houches(tmp_path / "events.lhe", RUN, broken())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["cut.lhe", "cut.lhe.gz", "cut.lhe.zst", "cut.lhe.xz"])
def test_a_truncated_file_is_named_with_what_was_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_les_houches(path, RUN, [batch(50)])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    read = 0
    with pytest.raises(EventFileError, match=r"cut\.lhe.*(cut off|cannot be read)"):
        for part in read_les_houches(path, batch_size=10)[1]:
            read += len(part)
    assert read in (range(10, 50, 10) if name == "cut.lhe" else (0,))


@pytest.mark.parametrize(
    "content", [b"", b"not an LHE file", b"<LesHouchesEvents></LesHouchesEvents>"]
)
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "events.lhe"
    path.write_bytes(content)
    with pytest.raises(EventFileError, match=r"cannot be read as an LHE file|is empty"):
        read_les_houches(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EventFileError, match="cannot be read"):
        read_les_houches(tmp_path / "none.lhe")


def test_only_contiguous_slices_of_a_batch() -> None:
    with pytest.raises(IndexError, match="contiguous"):
        batch(4)[::2]
