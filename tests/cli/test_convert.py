# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate convert``: the same events in another format, whole or a part."""

import resource
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from mcsurrogate.cli import main
from mcsurrogate.events import read_hard_events, write_hard_events

CASES = Path(__file__).parents[1] / "data" / "cases" / "lhe"
GOOD = CASES / "good_eight_events.lhe"


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["mcsurrogate", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


@pytest.mark.parametrize("name", ["good_eight_events", "weight_order", "event_attributes"])
def test_there_and_back_is_the_same_text(tmp_path, monkeypatch, capsys, name: str) -> None:
    source, direct = CASES / f"{name}.lhe", tmp_path / "direct.lhe"
    count = write_hard_events(direct, *read_hard_events(source))
    files = [source, *(tmp_path / f"a.{end}" for end in ("h5", "lhe.gz", "hdf5", "lhe.zst", "lhe"))]
    for one, other in pairwise(files):
        assert command(monkeypatch, "convert", one, other) == 0
        told = " ".join(capsys.readouterr().out.split())
        assert told.startswith(f"{count} events:")
    assert files[-1].read_bytes() == direct.read_bytes()


@pytest.mark.parametrize("end", ["lhe", "lhe.gz", "lhe.zst", "lhe.xz", "h5"])
def test_a_full_disk_is_4(tmp_path, monkeypatch, capsys, end: str) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
    try:
        code = command(monkeypatch, "convert", GOOD, tmp_path / f"a.{end}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert code == 4
    told = " ".join(capsys.readouterr().err.split())
    assert told == f"error: the system failed cannot write {tmp_path}/a.{end}: File too large"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("part", "count"), [("2:5", 3), (":3", 3), ("6:", 2), ("4:4", 0)])
@pytest.mark.parametrize("end", ["h5", "lhe"])
def test_a_part(tmp_path, monkeypatch, part: str, count: int, end: str) -> None:
    source, out = tmp_path / f"in.{end}", tmp_path / "out.h5"
    assert command(monkeypatch, "convert", GOOD, source) == 0
    assert command(monkeypatch, "convert", source, out, "--events", part) == 0
    expected = next(iter(read_hard_events(GOOD)[1]))
    first = int(part.partition(":")[0] or 0)
    found = list(read_hard_events(out)[1])
    assert sum(map(len, found)) == count
    if found:
        wanted = expected.momenta[expected.offsets[first] : expected.offsets[first + count]]
        assert (found[0].momenta == wanted).all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["none.lhe", "a.h5"], "none.lhe"),
        ([GOOD, "a.csv"], "ends in none of"),
        ([GOOD, "a.h5", "--events", "3"], "is not A:B"),
        ([GOOD, "a.h5", "--events", "-1:3"], "is not A:B"),
        ([GOOD, "a.h5", "--events", "5:9"], "the file holds 8"),
        ([GOOD, "a.h5", "--events", "5:4"], "are no range"),
        ([CASES / "nup_wrong.lhe", "a.h5"], "line 22"),
    ],
)
def test_mistakes_leave_no_file(tmp_path, monkeypatch, capsys, words: list, told: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(monkeypatch, "convert", *words) == 2
    assert told in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


def test_a_file_is_not_written_over_while_it_is_read(tmp_path, monkeypatch, capsys) -> None:
    copy = tmp_path / "a.lhe"
    copy.write_bytes(GOOD.read_bytes())
    assert command(monkeypatch, "convert", copy, copy) == 2
    assert "is the file that is read" in " ".join(capsys.readouterr().err.split())
    assert copy.read_bytes() == GOOD.read_bytes()
