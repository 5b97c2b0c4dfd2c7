# SPDX-License-Identifier: GPL-3.0-or-later
"""LHEH5 files: the same events as in LHE, read alike by others, in parts; damage has a name."""

import warnings
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pylhe
import pytest

from mcsurrogate.errors import EventFileError
from mcsurrogate.events import EventBatch, ProcessInfo, RunInfo, read_hard_events, write_hard_events
from mcsurrogate.events.lheh5_layout import EVENT_COLUMNS
from mcsurrogate.generators import PythiaChain

CASES = Path(__file__).parents[1] / "data" / "cases" / "lhe"
NAMES = (
    "good_eight_events", "event_attributes", "header_not_xml", "weight_order",
    "weights_undeclared", "powheg_plain_weights", "fortran_exponent",
)  # fmt: skip


def sample(events: int, weights: tuple[str, ...] = ("nominal", "a", "b")):
    """Random events of two to six particles; any numbers do."""
    rng = np.random.default_rng(17)
    offsets = np.concatenate([[0], np.cumsum(rng.integers(2, 7, events))])
    particles = int(offsets[-1])
    batch = EventBatch(
        offsets=offsets,
        pdg_id=rng.integers(-25, 26, particles).astype(np.int32),
        status=rng.integers(-1, 3, particles).astype(np.int32),
        parents=rng.integers(0, 3, (particles, 2)).astype(np.int32),
        colour=rng.integers(0, 600, (particles, 2)).astype(np.int32),
        momenta=rng.normal(0.0, 100.0, (particles, 4)),
        mass=rng.exponential(10.0, particles),
        weights=rng.normal(1.0, 1.0, (events, len(weights))),
        scale=rng.exponential(50.0, events),
        alpha_s=rng.uniform(0.1, 0.2, events),
        alpha_qed=np.full(events, 1 / 128),
        process_id=rng.integers(1, 3, events).astype(np.int32),
        weight_names=weights,
        helicity=rng.choice([-1.0, 1.0, 9.0], particles),
        lifetime=rng.exponential(0.1, particles),
    )
    processes = (ProcessInfo(1, 3.0, 0.1, 2.0), ProcessInfo(2, 4.0, 0.2, 5.0))
    return RunInfo((2212, -2212), (980.0, 981.0), processes, weight_names=weights), batch


def equal(one: EventBatch, other: EventBatch) -> None:
    for name in EventBatch.__slots__:
        a, b = getattr(one, name), getattr(other, name)
        assert (a == b) if isinstance(a, tuple | None) else np.array_equal(a, b), name


@pytest.fixture
def file(tmp_path: Path) -> Path:
    run, batch = sample(300)
    write_hard_events(tmp_path / "made.h5", run, [batch[:100], batch[100:]])
    return tmp_path / "made.h5"


@pytest.mark.parametrize("name", NAMES)
def test_lhe_through_lheh5_is_the_same_text(tmp_path: Path, name: str) -> None:
    source = CASES / f"{name}.lhe"
    count = write_hard_events(tmp_path / "direct.lhe", *read_hard_events(source, batch_size=2))
    assert count >= 3
    assert write_hard_events(tmp_path / "a.h5", *read_hard_events(source, batch_size=2)) == count
    assert write_hard_events(tmp_path / "b.lhe", *read_hard_events(tmp_path / "a.h5", 2)) == count
    assert (tmp_path / "b.lhe").read_bytes() == (tmp_path / "direct.lhe").read_bytes()


def test_text_may_begin_in_a_later_batch(tmp_path: Path) -> None:
    run, batch = sample(4)
    late = replace(batch[2:], annotations=("", "# é\udcff\n"), attributes=("npLO='2'", ""))
    write_hard_events(tmp_path / "a.h5", run, [batch[:2], late])
    (back,) = read_hard_events(tmp_path / "a.h5")[1]
    assert back.annotations == ("", "", "", "# é\udcff\n")
    assert back.attributes == ("", "", "npLO='2'", "")


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".lheh5", ".lhe", ".lhe.gz", ".lhe.zst"])
def test_parts_of_a_file(tmp_path: Path, suffix: str) -> None:
    run, batch = sample(300)
    path = tmp_path / f"made{suffix}"
    write_hard_events(path, run, [batch])
    for first, stop in ((0, 300), (7, 8), (95, 207), (299, 300), (5, None), (9, 9)):
        _, parts = read_hard_events(path, 50, first, stop)
        found = list(parts)
        assert sum(map(len, found)) == (300 if stop is None else stop) - first
        if found:
            equal(found[0], batch[first : first + len(found[0])])
    for first, stop in ((0, 301), (301, None), (5, 4), (-1, 3)):
        with pytest.raises(EventFileError, match=r"asked for, the file holds 300|are no range"):
            list(read_hard_events(path, 50, first, stop)[1])


def test_pylhe_reads_ours(file: Path) -> None:
    run, batch = sample(300)
    theirs = pylhe.LHEFile.fromfile(str(file))
    assert theirs.init.initInfo.beamB == -2212
    assert [p.xSection for p in theirs.init.procInfo] == [3.0, 4.0]
    assert theirs.init.generators[0].name == "mcsurrogate"
    events = list(theirs.events)
    assert len(events) == 300
    for i, event in enumerate(events):
        part = slice(batch.offsets[i], batch.offsets[i + 1])
        assert event.eventinfo.weight == batch.weights[i, 0]
        assert event.weights == dict(zip(("a", "b"), batch.weights[i, 1:], strict=True))
        assert [p.id for p in event.particles] == batch.pdg_id[part].tolist()
        momenta = [[p.e, p.px, p.py, p.pz] for p in event.particles]
        assert momenta == batch.momenta[part].tolist()
    assert run.weight_names[1:] == tuple(events[0].weights)


@pytest.mark.parametrize("pack", [pylhe.HDF5_FORMAT, pylhe.HDF5_GZ_FORMAT])
@pytest.mark.parametrize("name", ["good_eight_events", "weight_order"])
def test_files_of_pylhe_are_read(tmp_path: Path, name: str, pack: pylhe.LHEHDF5Format) -> None:
    source = CASES / f"{name}.lhe"
    theirs = pylhe.LHEFile.fromfile(str(source))
    theirs.tofile(str(tmp_path / "theirs.h5"), lheformat=pack)
    run, batches = read_hard_events(tmp_path / "theirs.h5")
    original, expected = read_hard_events(source)
    assert run == original
    for one, other in zip(batches, expected, strict=True):
        equal(one, other)


EVENT = [1, 2, 0, 7, 91.0, 92.0, 93.0, 1 / 128, 0.118, 2.0, 3.0]
ROW = np.array([EVENT])


def plain(path: Path, **changed: object) -> Path:
    """Write a file as Sherpa does: no names of ours, `trials`, scales, padding between events."""
    rows = np.array([EVENT, [1, 0, 2, 4] + [0.0] * 7, [1, 2, 4, 1, *EVENT[4:]]])
    names = [*EVENT_COLUMNS, "NOMINAL", "MUR2"]
    particles = np.zeros((6, 13))
    particles[[0, 1, 4, 5], 0] = 2, -2, 11, -11
    with h5py.File(path, "w") as file:
        content = {
            "version": [2, 1, 0],
            "init": np.array([2212, 2212, 6500, 6500, 0, 0, 0, 0, -4, 1.0]),
            "procInfo": np.array([[1, 4, -1, 10.0, 0.1, 1.0]]),
            "events": rows,
            "particles": particles,
        } | changed
        for key, value in content.items():
            if value is not None:
                file[key] = value
        if "events" in file:
            file["events"].attrs["properties"] = names
    return path


def test_what_the_tables_say_becomes_attributes_and_scales(tmp_path: Path) -> None:
    run, batches = read_hard_events(plain(tmp_path / "plain.h5"))
    with pytest.warns(UserWarning, match="1 events of weight zero without particles are left out"):
        (batch,) = batches
    assert run.weight_names == ("nominal", "MUR2")
    assert batch.weights.tolist() == [[2.0, 3.0]] * 2
    assert batch.pdg_id.tolist() == [2, -2, 11, -11]
    # The trials of the empty event, 4, are those of the one behind it.
    tags = 'npLO="4" npNLO="-1" trials='
    assert batch.attributes == (f'{tags}"7"', f'{tags}"5"')
    assert batch.annotations == ("<scales muf='92.0' mur='93.0'></scales>\n",) * 2


def test_tags_of_events_are_where_others_look_for_them(tmp_path: Path) -> None:
    run, batch = sample(3)
    scales = "<scales muf='91.5' mur='45.'></scales>\n"
    batch = replace(
        batch, attributes=('npLO="2" npNLO="-1" trials="3"',) * 3, annotations=(scales,) * 3
    )
    write_hard_events(tmp_path / "a.h5", run, [batch])
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["events"][:, [3, 5, 6]].tolist() == [[3.0, 91.5, 45.0]] * 3
        assert file["procInfo"][0, 1:3].tolist() == [2.0, -1.0]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"version": [2, 7, 0]}, "version 2.7.0 of LHEH5 is unknown; 2.0 to 2.6"),
        ({"version": [1, 0, 0]}, "version 1.0.0"),
        ({"version": None}, "cannot be read as an LHEH5 file.*version"),
        ({"events": None}, "cannot be read as an LHEH5 file.*events"),
        ({"events": None, "event/weight": [1.0]}, "version 1 of LHEH5"),
        ({"ctevents": np.zeros((3, 9))}, "counterevents"),
        ({"particles": np.zeros((5, 13))}, r"event 3: particles 4:6 of 5"),
        ({"particles": np.zeros((6, 12))}, "'particles' lacks the column 'spin'"),
        ({"particles": np.full((2, 13), np.nan), "events": ROW}, "row 1 of 'id' is nan"),
        (
            {"particles": np.full((2, 13), 0.5), "events": ROW},
            "row 1 of 'id' is 0.5, no whole number",
        ),
        ({"particles": np.ones((6, 13))}, "2 particles belong to no event"),
        ({"procInfo": np.zeros((2, 6))}, "announces 1 processes, there are 2"),
        ({"init": np.full(10, np.nan)}, "'beamA' is nan"),
    ],
)
def test_what_cannot_be_kept_is_named(tmp_path: Path, changed: dict, words: str) -> None:
    with pytest.raises(EventFileError, match=words):
        list(read_hard_events(plain(tmp_path / "plain.h5", **changed))[1])


def test_strange_data_sets_are_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="'extra' is no part of LHEH5"):
        read_hard_events(plain(tmp_path / "plain.h5", extra=[1.0]))


@pytest.mark.parametrize("name", ["trials", "NOMINAL", "Weight"])
def test_weights_with_the_name_of_a_column_are_refused(tmp_path: Path, name: str) -> None:
    run, batch = sample(2, ("nominal", name))
    with pytest.raises(EventFileError, match=f"cannot be called '{name}'"):
        write_hard_events(tmp_path / "a.h5", run, [batch])
    assert not list(tmp_path.iterdir())


def test_many_weights(tmp_path: Path) -> None:
    names = ("nominal", *(f"MUR{i}<&>" for i in range(1500)))
    run, batch = sample(20, names)
    write_hard_events(tmp_path / "a.h5", run, [batch])
    back, (other,) = read_hard_events(tmp_path / "a.h5")
    assert back.weight_names == names
    equal(other, replace(batch, helicity=other.helicity))


def test_unknown_endings_are_named(tmp_path: Path) -> None:
    run, batch = sample(2)
    with pytest.raises(EventFileError, match=r"ends in none of \.lhe"):
        write_hard_events(tmp_path / "a.csv", run, [batch])


def test_flipped_bytes_and_cut_files_are_named_or_read_as_written(file: Path) -> None:
    """Damage in tables is found by their checksums; what else is hit changes no event."""
    whole = file.read_bytes()
    _, batch = sample(300)
    rng = np.random.default_rng(3)
    path = file.with_name("damaged.h5")
    refused = read = 0
    for trial in range(150):
        content = bytearray(whole)
        place = int(rng.integers(0, len(whole)))
        if trial % 3:
            content[place] ^= 1 << int(rng.integers(0, 8))
        else:
            del content[place:]
        path.write_bytes(content)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                (found,) = read_hard_events(path)[1]
        except EventFileError as error:
            refused += "damaged.h5" in str(error)
            continue
        read += 1
        equal(replace(found, weight_names=batch.weight_names), batch)
    assert refused + read == 150
    assert refused > 60


def test_pythia_takes_the_events(tmp_path: Path) -> None:
    source = CASES / "good_eight_events.lhe"
    write_hard_events(tmp_path / "a.h5", *read_hard_events(source))
    made = []
    for path in (source, tmp_path / "a.h5"):
        chain = PythiaChain(["PartonLevel:all = off"], seed=1, source=path, keep_hard_process=True)
        made.append(np.concatenate([batch.hard_process.momenta for batch in chain.generate()]))
    np.testing.assert_array_equal(*made)
    assert len(made[0])


def test_lost_chunks_and_damaged_heaps_are_named(tmp_path: Path) -> None:
    """HDF5 gives zeros for the ones, and goes round for ever in the others."""
    run, batch = sample(300)
    write_hard_events(tmp_path / "a.h5", run, [batch])
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        file["events"].resize((40_000, 12))
    with pytest.raises(EventFileError, match="'events' lacks some of its rows"):
        read_hard_events(tmp_path / "a.h5")
    path = plain(tmp_path / "plain.h5")
    content = bytearray(path.read_bytes())
    heap = content.index(b"GCOL")
    content[heap + 24 : heap + 32] = b"\xf0" + b"\xff" * 7  # the length of its first string: -16
    path.write_bytes(content)
    with pytest.raises(EventFileError, match=f"heap of strings at byte {heap} is damaged"):
        read_hard_events(path)
