# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the command: weights of each file, jets, sizes, a common cross section."""

import json

import jsonschema
import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from mcsurrogate.analysis import JetAlgorithm, JetDefinition
from mcsurrogate.cli import app
from mcsurrogate.cli.options import jets_of
from mcsurrogate.cli.validate import _weights
from mcsurrogate.errors import ValidationError
from mcsurrogate.events import FileSummary
from mcsurrogate.validation import ValidationSettings
from mcsurrogate.validation.cross_sections import compare_cross_sections
from mcsurrogate.validation.metrics_schema import schema


def run(*words):
    return CliRunner().invoke(
        app, ["validate", *map(str, words), "--no-plots", "--workers", "1"], env={"COLUMNS": "200"}
    )


def test_weights_of_each_file():
    assert _weights([]) == [None, None]
    assert _weights(["Default"]) == ["Default", "Default"]
    assert _weights(["A=muR=0.5", "Default"]) == ["muR=0.5", "Default"]
    assert _weights(["reference=b", "candidate=a"]) == ["a", "b"]
    # a weight's own name may have an equals sign
    assert _weights(["muR=0.5"]) == ["muR=0.5", "muR=0.5"]
    for wrong in (["a", "b"], ["A=a", "candidate=b"]):
        with pytest.raises(ValidationError, match="already"):
            _weights(wrong)


def test_jets_of_the_command():
    assert jets_of(None, None, None, None) is None
    assert jets_of("kt", 0.6, None, None) == JetDefinition(JetAlgorithm.KT, radius=0.6)
    with pytest.raises(ValidationError, match=r"known are anti-kt"):
        jets_of("cone", None, None, None)
    with pytest.raises(ValidationError, match="min_pt is -1"):
        jets_of(None, None, -1.0, None)


@pytest.mark.parametrize(
    "wrong",
    [{"family_wise_error": 1.5}, {"max_events": 0}, {"normalise_to": "third"}, {"trained_on": 0}],
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(ValidationError):
        ValidationSettings(**wrong)


def test_normalised_to_one_cross_section():
    a, b = (
        FileSummary(name, cross_section_pb=x, cross_section_error_pb=0.01)
        for name, x in (("a", 1.2), ("b", 1.0))
    )
    assert compare_cross_sections(a, b).common_pb is None
    found = compare_cross_sections(a, b, "candidate")
    assert (found.common_pb, found.ratio) == (1.2, pytest.approx(1.2))
    nothing = FileSummary("c")
    assert np.isnan(compare_cross_sections(nothing, b, "reference").ratio)
    with pytest.raises(ValidationError, match="candidate states no cross section"):
        compare_cross_sections(nothing, b, "candidate")


def test_the_command_takes_what_python_takes(z_files, tmp_path):
    result = run(
        *z_files, "--observable", "charged_number", "--max-events", 120, "--label", "new", "old",
        "--error-rate", 0.01, "--seed", 5, "--weight", "A=double", "--jet-radius", 0.6,
        "--normalise-to", "reference", "--trained-on", 40, "--parquet", "--out", tmp_path,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    samples = metrics["samples"]
    assert [samples[s]["events"] for s in ("candidate", "reference")] == [120, 120]
    assert [samples[s]["label"] for s in ("candidate", "reference")] == ["new", "old"]
    assert [samples[s]["weight"] for s in ("candidate", "reference")] == ["double", "nominal"]
    assert metrics["family_wise_error"] == 0.01
    assert metrics["settings"]["seed of the bootstrap"] == "5"
    assert "R = 0.6" in metrics["settings"]["jets"]
    assert metrics["cross_section"]["common_pb"] == samples["reference"]["cross_section_pb"]
    assert "trained on 40 events, the candidate is worth more in" in result.output
    assert metrics["amplification"]["rows"][0]["name"] == "charged_number"
    assert "What the candidate is worth" in (tmp_path / "report.html").read_text()
    jsonschema.validate(metrics, schema())
    table = pq.read_table(tmp_path / "histograms.parquet").to_pylist()
    (histogram,) = json.loads((tmp_path / "histograms.json").read_text())["histograms"]
    assert [row["bin"] for row in table] == list(range(len(histogram["edges"]) + 1))
    assert [row["candidate_contents"] for row in table] == histogram["candidate"]["contents"]
    assert [row["reference_errors"] for row in table] == histogram["reference"]["errors"]
    assert [row["low"] for row in table[1:]] == histogram["edges"]
