# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands, from card to files, in one process; and a killed run."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyhepmc
import pytest
import torch

from mcsurrogate.cli import main
from mcsurrogate.events.les_houches import read_les_houches

ROOT = Path(__file__).parents[2]
CARD = """seed = 11
[process]
definition = "p p > t t~"
[beams]
sqrt_s = "13 TeV"
pdf = "NNPDF23_lo_as_0130_qed"
[scales]
alpha_s = 0.130
[integration]
method = "madnis"
precision = 0.01
max_evaluations = 20000
[generation]
events = 40
[chain]
settings = ["PartonLevel:MPI = off"]
hepmc = "gz"
[chain.surrogate]
hadronization = "string_breaks"
[chain.standard]
settings = ["Top:gg2ttbar = on", "Top:qqbar2ttbar = on"]
[validation]
preset = "hard_process"
plots = false
yoda = true
"""


@pytest.fixture
def card(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(CARD, encoding="utf-8")
    return path


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["mcsurrogate", *map(str, arguments)])
    try:
        main()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0


def read_parts(run: Path) -> dict[str, tuple[str, str]]:
    """What made both samples, as the report says."""
    metrics = json.loads((run / "report" / "metrics.json").read_text())
    return {part["name"]: (part["candidate"], part["reference"]) for part in metrics["parts"]}


def whole_files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_run_does_the_whole_job(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert command(monkeypatch, "run", card, "--out", out) == 0
    assert whole_files(out) == {
        "card.toml",
        "run.json",
        "result.json",
        "sampler.safetensors",
        "events/hard_process.lhe.gz",
        "events/surrogate.hepmc.gz",
        "events/surrogate.observables",
        "events/standard.hepmc.gz",
        "events/standard.observables",
        "report/report.html",
        "report/histograms.json",
        "report/metrics.json",
        "report/candidate.yoda",
        "report/reference.yoda",
    }
    result = json.loads((out / "result.json").read_text())
    # Oracle: 718.70 pb (LHAPDF quadrature); false-alarm rate of 4 sigma: 6e-5.
    assert abs(result["cross_section_pb"] - 718.70) < 4 * result["error_pb"]
    assert result["error_pb"] < 0.01 * result["cross_section_pb"]
    printed = capsys.readouterr().out
    assert f"{result['cross_section_pb']:.6g}" in printed
    assert str(out / "report" / "report.html") in printed.replace("\n", "")
    run, batches = read_les_houches(out / "events" / "hard_process.lhe.gz")
    events = next(batches)
    assert len(events) == 40
    of_subprocesses = [process.cross_section_pb for process in run.processes]
    assert math.fsum(of_subprocesses) == pytest.approx(result["cross_section_pb"], rel=1e-9)
    for name in ("surrogate", "standard"):
        with pyhepmc.open(out / "events" / f"{name}.hepmc.gz") as stream:
            assert sum(1 for _ in stream) == 40
    assert json.loads((out / "report" / "metrics.json").read_text())["verdict"]
    parts = read_parts(out)
    assert parts["phase space"] == ("surrogate: normalizing flow (MadNIS)", "Pythia")
    assert parts["hadronization"] == (
        "surrogate: string_breaks_monash (model string_breaks)",
        "Pythia (Lund strings)",
    )
    assert "string_breaks_monash" in (out / "report" / "report.html").read_text()
    assert "events a second" in printed

    # Again: finished stages are refused without --resume and kept with it.
    before = (out / "result.json").stat().st_mtime_ns
    assert command(monkeypatch, "run", card, "--out", out) == 2
    assert "use --resume" in capsys.readouterr().err.replace("\n", " ")
    # A report that somebody removed is made again.
    shutil.rmtree(out / "report")
    assert command(monkeypatch, "run", card, "--out", out, "--resume") == 0
    assert (out / "result.json").stat().st_mtime_ns == before
    assert (out / "report" / "report.html").exists()


ZPOLE = """seed = 12
[process]
pythia = ["WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 1 2 3 4 5"]
[beams]
particles = ["e-", "e+"]
sqrt_s = "91.2 GeV"
[generation]
events = 500
[chain.surrogate]
hadronization = "string_breaks"
[chain.standard]
[validation]
preset = "ee_z"
"""


@pytest.mark.slow
def test_run_compares_hadronization_where_pythia_makes_the_hard_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card, out = tmp_path / "zpole.toml", tmp_path / "run"
    card.write_text(ZPOLE, encoding="utf-8")
    assert command(monkeypatch, "run", card, "--out", out) == 0
    files = whole_files(out)
    figures = {file for file in files if file.startswith("report/plots/")}
    assert {Path(file).suffix for file in figures} == {".png", ".pdf"}
    assert files - figures == {
        "card.toml",
        "run.json",
        "events/surrogate.hepmc.zst",
        "events/surrogate.observables",
        "events/standard.hepmc.zst",
        "events/standard.observables",
        "report/report.html",
        "report/histograms.json",
        "report/metrics.json",
    }
    assert capsys.readouterr().out.count("events a second") == 2
    parts = read_parts(out)
    assert parts["hard process"] == ("Pythia", "Pythia")
    assert parts["events that failed"] == ("0 of 500", "0 of 500")


def test_there_is_nothing_to_integrate_where_pythia_makes_the_hard_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    card = tmp_path / "zpole.toml"
    card.write_text(ZPOLE, encoding="utf-8")
    assert command(monkeypatch, "integrate", card, "--out", tmp_path / "run") == 2
    assert "nothing to integrate" in capsys.readouterr().err.replace("\n", " ")


def test_the_same_seed_gives_the_same_cross_section_and_events(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c")]
    for folder, seed in zip(folders, (11, 11, 12), strict=True):
        assert command(
            monkeypatch, "generate", card, "--no-shower", "--seed", seed, "--out", folder
        ) == 0  # fmt: skip
    values = [json.loads((f / "result.json").read_text())["cross_section_pb"] for f in folders]
    events = [(f / "events" / "hard_process.lhe.gz").read_bytes() for f in folders]
    assert values[0] == values[1] != values[2]
    assert events[0] == events[1] != events[2]


def test_generate_builds_on_a_finished_integration(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    assert command(monkeypatch, "integrate", card, "--out", out, "--method", "vegas") == 0
    before = (out / "result.json").read_text()
    assert json.loads(before)["method"] == "vegas"
    arguments = ("generate", card, "--out", out, "--events", 15, "--no-shower")
    # The command line must repeat what decided the integration.
    assert command(monkeypatch, *arguments) == 2
    card.write_text(CARD.replace('"madnis"', '"vegas"'), encoding="utf-8")
    assert command(monkeypatch, *arguments) == 0
    assert (out / "result.json").read_text() == before
    _, batches = read_les_houches(out / "events" / "hard_process.lhe.gz")
    assert len(next(batches)) == 15


ANNIHILATION = """seed = 5
[process]
definition = "e+ e- > u u~"
[beams]
sqrt_s = 91.188
[scales]
alpha_s = 0.118
[integration]
method = "vegas"
precision = 0.01
max_evaluations = 10000
[generation]
events = 10
[chain]
hepmc = "plain"
[chain.surrogate]
hadronization = "string_breaks"
"""


def test_generate_hadronizes_a_process_of_lepton_beams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, out = tmp_path / "ee.toml", tmp_path / "run"
    card.write_text(ANNIHILATION, encoding="utf-8")
    assert command(monkeypatch, "generate", card, "--out", out) == 0
    with pyhepmc.open(out / "events" / "surrogate.hepmc") as stream:
        events = [
            (
                {p.pid for p in event.particles if p.status == 4},
                sum(p.momentum.e for p in event.particles if p.status == 1),
            )
            for event in stream
        ]
    assert [beams for beams, _ in events] == [{11, -11}] * 10
    assert [energy for _, energy in events] == pytest.approx([91.188] * 10, abs=0.01)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("definition", "definitoin", "did you mean 'definition'?"),
        ('"13 TeV"', '"13 cm"', "no unit of energy"),
        ('"13 TeV"', "13", "below the threshold"),
        ("NNPDF23_lo_as_0130_qed", "NNPDF99", "NNPDF99"),
        ("p p > t t~", "p p > t x~", "x~"),
        ("PartonLevel:MPI = off", "PartonLevel:MPIs = off", "PartonLevel:MPIs"),
        ("string_breaks", "no_such_model", "no weights 'no_such_model'"),
    ],
)
def test_bad_input_exits_with_code_2_and_leaves_nothing_half_written(
    card: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    message: str,
) -> None:
    card.write_text(CARD.replace(old, new), encoding="utf-8")
    out = tmp_path / "run"
    assert command(monkeypatch, "run", card, "--out", out) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")
    assert not [name for name in whole_files(out) if name.endswith(".part")]
    assert "events/surrogate.hepmc.gz" not in whole_files(out)


@pytest.mark.parametrize(("old", "new"), [("p p > t t~", "p p > t x~"), ("13 TeV", "300 GeV")])
def test_a_refused_card_leaves_no_run_folder(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str
) -> None:
    card.write_text(CARD.replace(old, new), encoding="utf-8")
    out = tmp_path / "run"
    assert command(monkeypatch, "integrate", card, "--out", out) == 2
    assert not out.exists()


def test_a_killed_run_leaves_no_half_written_file_and_resumes(card: Path, tmp_path: Path) -> None:
    card.write_text(CARD.replace("events = 40", "events = 30000"), encoding="utf-8")
    out = tmp_path / "run"
    program = "from mcsurrogate.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program, "run", str(card), "--out", str(out)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pieces = out / "events" / "surrogate.pieces"
    deadline = time.monotonic() + 100
    while not list(pieces.glob("*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(pieces.glob("*"))
    assert not (out / "events" / "surrogate.hepmc.gz").exists()
    state = json.loads((out / "run.json").read_text())
    assert state["stages"]["generate"]["finished"]
    assert not state["stages"]["shower"]["finished"]


def test_info_as_json_lists_what_was_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, "info", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["Libraries"]["native module"].startswith("built for Pythia")
    assert "NNPDF23_lo_as_0130_qed" in content["PDF sets"]
    assert content["Hadronization"]["plugin"].endswith("libmcsurrogate_hadronization.so")
    assert "string_breaks_monash" in content["Hadronization"]["shipped weights"]


@pytest.mark.parametrize("name", ["integrate", "generate", "run", "validate", "info"])
def test_help_teaches(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(monkeypatch, name, "--help") == 0
    text = capsys.readouterr().out
    assert "Usage" in text
    assert len(text) > 300


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("validate", "none.hepmc", "none.hepmc"), 2),
        (("--quiet", "info"), 0),
        (("run", "{card}", "--out", "run"), 2),
        (("train", "emulator", "cards/emulator_gg_aa.toml", "--out", "run"), 2),
    ],
)
def test_commands_work_on_one_thread(
    words: tuple[str, ...],
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    card = tmp_path / "card.toml"
    card.write_text(CARD.replace("p p > t t~", "p p > t x~"), encoding="utf-8")
    words = tuple(
        str(ROOT / word if word.startswith("cards/") else word).format(card=card) for word in words
    )
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert command(monkeypatch, *words) == code
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    assert ("Hadronization" in capsys.readouterr().out) == (words[-1] == "info")


def test_quiet_prints_no_results_and_the_log_tells_stages(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    options = ("--quiet", "--log-level", "info")
    assert command(monkeypatch, *options, "integrate", card, "--out", out) == 0
    quiet = capsys.readouterr()
    assert quiet.out == ""
    assert "info: stage integrate: begun" in quiet.err
    assert "info: stage integrate: finished" in quiet.err
    assert (out / "result.json").is_file()
    assert command(monkeypatch, "integrate", card, "--out", out, "--resume") == 0
    loud = capsys.readouterr()
    assert "cross section" in loud.out
    assert "stage" not in loud.err
