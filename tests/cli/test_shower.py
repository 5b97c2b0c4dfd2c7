# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate shower``: anyone's hard events to HepMC3, from the command line and from a card."""

import json
import re
import sys
from pathlib import Path

import pyhepmc
import pytest

from mcsurrogate.cli import main
from mcsurrogate.events import read_hard_events, write_hard_events
from tests.events.test_madgraph_npy import write_npy

CASES = Path(__file__).parents[1] / "data" / "cases" / "lhe"
GOOD = CASES / "good_eight_events.lhe"
QUICK = ["--setting", "PartonLevel:MPI = off", "--setting", "PartonLevel:ISR = off"]


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["mcsurrogate", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def events(path: Path) -> list[list[float]]:
    with pyhepmc.open(path) as stream:
        return [list(event.weights) for event in stream]


def test_a_file_becomes_hepmc(tmp_path, monkeypatch, capsys) -> None:
    out = tmp_path / "run"
    assert command(monkeypatch, "shower", GOOD, "--out", out, "--seed", 4, *QUICK) == 0
    assert "8 events, 0 failed" in capsys.readouterr().out
    record = json.loads((out / "run.json").read_text())["stages"]["shower"]
    assert record["events"] == 8
    assert record["source"]["file"] == str(GOOD)
    assert record["hadronization"]["weights"] == "string_breaks_monash"
    assert len(events(out / record["file"])) == 8
    # A finished run is kept with --resume; a file that has changed since is noticed.
    assert command(monkeypatch, "shower", GOOD, "--out", out, "--seed", 4, *QUICK, "--resume") == 0


def test_what_the_surrogate_warns_of_is_told(tmp_path, monkeypatch, capsys) -> None:
    words = ("shower", GOOD, "--out", tmp_path / "run", "--hadronization", "clusters_lep", *QUICK)
    for more in ((), ("--resume",)):  # a run that is kept warns again
        assert command(monkeypatch, *words, "--strict", *more) == 3
        told = " ".join(capsys.readouterr().err.split())
        assert "warning: more than 1% of the singlets" in told
    (record,) = (json.loads((tmp_path / "run" / "run.json").read_text())["stages"]["shower"],)
    assert any("more than 1% of the singlets" in text for text in record["warnings"])


def test_a_card_names_the_file(tmp_path, monkeypatch, capsys) -> None:
    file = tmp_path / "my.lhe"
    file.write_text(GOOD.read_text())
    card = tmp_path / "card.toml"
    card.write_text(
        'seed = 4\n[process]\nevents = "my.lhe"\n[beams]\nsqrt_s = "13 TeV"\n[chain]\nsettings = '
        '["PartonLevel:MPI = off", "PartonLevel:ISR = off"]\n[chain.surrogate]\n'
        'hadronization = "string_breaks"\n'
    )
    out = tmp_path / "run"
    assert command(monkeypatch, "shower", card, "--out", out) == 0
    record = json.loads((out / "run.json").read_text())["stages"]["shower"]
    command(monkeypatch, "shower", file, "--out", tmp_path / "direct", "--seed", 4, *QUICK)
    direct = json.loads((tmp_path / "direct" / "run.json").read_text())["stages"]["shower"]
    assert direct["particles"] == record["particles"]
    file.write_text(file.read_text().replace("7.1866967095237567e+02", "7.2e+02"))
    capsys.readouterr()
    assert command(monkeypatch, "shower", card, "--out", out, "--resume") == 2
    assert "process.events is not the file" in capsys.readouterr().err.replace("\n", " ")
    card.write_text(card.read_text().replace("13 TeV", "14 TeV"))
    assert command(monkeypatch, "shower", card, "--out", tmp_path / "other") == 2
    assert "beams.sqrt_s" in capsys.readouterr().err


def test_a_damaged_file_is_refused_before_anything_runs(tmp_path, monkeypatch, capsys) -> None:
    bad = CASES / "nup_wrong.lhe"
    assert command(monkeypatch, "shower", bad, "--out", tmp_path / "run") == 2
    assert "line 22" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".lhe", ".h5", ".parquet"])
def test_a_file_without_events_is_refused(tmp_path, monkeypatch, capsys, ending: str) -> None:
    monkeypatch.chdir(tmp_path)
    run, _ = read_hard_events(GOOD)
    write_hard_events(tmp_path / f"none{ending}", run, [])
    for name in (f"none{ending}", "a.toml"):
        (tmp_path / "a.toml").write_text(
            f"seed = 1\n[process]\nevents = 'none{ending}'\n[beams]\nsqrt_s = 13000\n"
        )
        assert command(monkeypatch, "shower", name, "--out", "run") == 2
        assert f"none{ending}: holds no event" in " ".join(capsys.readouterr().err.split())
        assert not (tmp_path / "run").exists()


def test_beams_that_no_card_can_have_are_refused(tmp_path, monkeypatch, capsys) -> None:
    path = tmp_path / "a.lhe"
    path.write_text(re.sub(r"(<init>\s+\S+\s+\S+)\s+\S+\s+\S+", r"\1 0 0", GOOD.read_text()))
    assert command(monkeypatch, "shower", path, "--out", tmp_path / "run") == 2
    assert "a.lhe: beams.sqrt_s: " in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "run").exists()


def test_the_same_events_with_strings_are_compared(tmp_path, monkeypatch) -> None:
    out = tmp_path / "run"
    words = ("shower", GOOD, "--out", out, "--preset", "pp_top", *QUICK)
    assert command(monkeypatch, *words) == 0
    stages = json.loads((out / "run.json").read_text())["stages"]
    assert stages["reference"]["events"] == stages["shower"]["events"] == 8
    assert stages["reference"]["source"] == stages["shower"]["source"]
    assert (out / "report" / "report.html").exists()


def test_a_changed_header_beside_the_events_is_noticed(tmp_path, monkeypatch, capsys) -> None:
    file, out = write_npy(tmp_path, GOOD), tmp_path / "run"
    words = ("shower", file, "--out", out, "--seed", 4, *QUICK)
    assert command(monkeypatch, *words) == 0
    known = json.loads((out / "run.json").read_text())["files"]
    assert {"process.events", "process.header"} <= set(known)
    header = tmp_path / "header.lhe"
    header.write_text(header.read_text().replace("</init>", "# later\n</init>"))
    capsys.readouterr()
    assert command(monkeypatch, *words, "--resume") == 2
    assert "process.header is not the file" in capsys.readouterr().err.replace("\n", " ")
