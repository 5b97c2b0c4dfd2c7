# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs against each other, and the index of a folder of runs."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from mcsurrogate.cli import app
from mcsurrogate.errors import ValidationError
from mcsurrogate.validation import validate
from mcsurrogate.validation.metrics_schema import schema
from mcsurrogate.validation.report.index import write_index
from mcsurrogate.validation.runs import events_of, summarize_run

RECORD = json.loads(Path("tests/data/cases/run.json").read_text(encoding="utf-8"))["stages"]


def finished(stage, **changes):
    """Record of a finished stage."""
    return {**RECORD[stage], "emulation": None, "hadronization": None, **changes}


def write_run(folder, files, cross_section=11.37, efficiency=0.25):
    """Run folder with both chains' events, as the stages write it."""
    (folder / "events").mkdir(parents=True)
    stages = {
        "integrate": finished("integrate", card={"process": {"definition": "e+ e- > q q~"}}),
        "generate": finished("generate", efficiency=efficiency),
    }
    for stage, name, source in zip(
        ("shower", "reference"), ("surrogate", "standard"), files, strict=True
    ):
        file = f"events/{name}.hepmc"
        (folder / file).symlink_to(source)
        stages[stage] = finished(stage, file=file, events=500)
    (folder / "run.json").write_text(json.dumps({"stages": stages, "versions": {}}))
    result = json.loads(Path("tests/data/cases/result.json").read_text(encoding="utf-8"))
    result |= {"cross_section_pb": cross_section, "error_pb": 0.01}
    (folder / "result.json").write_text(json.dumps(result))
    return folder


@pytest.fixture(scope="module")
def runs(z_files, tmp_path_factory):
    """Two runs whose samples are swapped; the first has a report."""
    folder = tmp_path_factory.mktemp("runs")
    first = write_run(folder / "first", z_files)
    second = write_run(folder / "nested" / "second", z_files[::-1], 11.42)
    validate(
        events_of(first),
        events_of(first, "standard"),
        first / "report",
        observables=["thrust", "charged_number"],
        reservoir=0,
        measured=False,
    )
    return folder, first, second


def test_events_of_runs_and_reports(runs, z_files, tmp_path):
    _, first, _ = runs
    assert events_of(first) == first / "events" / "surrogate.hepmc"
    assert events_of(first, "standard") == first / "events" / "standard.hepmc"
    assert events_of(first / "report") == first / "events" / "surrogate.hepmc"
    assert events_of(z_files[0]) == z_files[0]
    with pytest.raises(ValidationError, match="no such file, run or report"):
        events_of(tmp_path / "none")
    with pytest.raises(ValidationError, match="neither a run folder nor"):
        events_of(tmp_path)
    half = tmp_path / "half"
    half.mkdir()
    unfinished = {"finished": False, "seed": 1, "card": {}}
    (half / "run.json").write_text(json.dumps({"stages": {"shower": unfinished}}))
    with pytest.raises(ValidationError, match="surrogate chain is not finished"):
        events_of(half)
    stages = {"shower": finished("shower", file="x")}
    (half / "run.json").write_text(json.dumps({"stages": stages}))
    with pytest.raises(ValidationError, match="not there any more"):
        events_of(half)


def test_a_run_is_summarised(runs):
    _, first, second = runs
    found = summarize_run(first)
    assert found.verdict == "indistinguishable"
    assert (found.observables, found.significant) == (2, 0)
    assert found.events == (500, 500)
    assert found.process == "e+ e- > q q~"
    assert found.cross_section_pb == 11.37
    assert set(found.sigmas) == {"thrust", "charged_number"}
    assert summarize_run(second).verdict is None
    assert summarize_run(first / "report").verdict == "indistinguishable"


def test_two_runs_against_each_other(runs, tmp_path):
    _, first, second = runs
    out = tmp_path / "regression"
    arguments = [str(first), "--against", str(second), "--observable", "thrust"]
    result = CliRunner().invoke(
        app, ["validate", *arguments, "--no-plots", "--workers", "1", "--out", str(out)]
    )
    assert result.exit_code == 0, result.output
    metrics = json.loads((out / "metrics.json").read_text())
    jsonschema.validate(metrics, schema())
    assert [run["folder"] for run in metrics["runs"]] == [str(first), str(second)]
    assert metrics["samples"]["candidate"]["label"] == "first"
    assert metrics["samples"]["candidate"]["file"].endswith("first/events/surrogate.hepmc")
    assert metrics["samples"]["reference"]["file"].endswith("second/events/surrogate.hepmc")
    page = (out / "report.html").read_text()
    assert "The two runs" in page
    assert "11.37 ± 0.01" in page
    # (11.37 - 11.42) / (0.01 sqrt 2)
    assert "-3.5 σ" in page


def test_wrong_requests(runs, z_files, tmp_path):
    _, first, _ = runs
    runner = CliRunner()
    for arguments, message in (
        ([str(z_files[0])], "needs a second file, or --against RUN"),
        ([str(first), str(z_files[0]), "--against", str(first)], "not both"),
    ):
        result = runner.invoke(app, ["validate", *arguments])
        assert result.exit_code == 2
        assert message in result.stderr
    assert not (tmp_path / "report").exists()


def test_index_lists_runs_and_links_reports(runs):
    folder, first, _ = runs
    page, number = write_index(folder)
    assert number == 2
    text = page.read_text()
    assert '<a href="first/report/report.html">first</a>' in text
    assert "nested/second" in text
    assert "no report yet" in text
    assert "chunks (repeated)" in text
    assert "indistinguishable" in text
    links = re.findall(r"""href=['"]([^'"]+)""", text)
    assert all((folder / link).is_file() for link in links)
    assert not re.search(r"<script|<link|@import|src=", text)
    assert (first / "report" / "report.html").is_file()


def test_index_survives_a_damaged_run(runs, tmp_path):
    _, first, _ = runs
    (tmp_path / "good").symlink_to(first)
    bad = tmp_path / "bad"
    bad.mkdir()
    (bad / "run.json").write_text("{")
    page, number = write_index(tmp_path)
    assert number == 1
    assert "bad/run.json: gone or damaged" in page.read_text()


def test_index_of_nothing(tmp_path):
    with pytest.raises(ValidationError, match="holds no run and no report"):
        write_index(tmp_path)
    with pytest.raises(ValidationError, match="no such folder"):
        write_index(tmp_path / "none")
    result = CliRunner().invoke(app, ["index", "--help"])
    assert "verdicts" in result.output
