# SPDX-License-Identifier: GPL-3.0-or-later
"""Files beside the report: figures, YODA, Rivet; timing of run folders."""

import json
import stat
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from mcsurrogate.errors import RunFolderError, ValidationError
from mcsurrogate.validation import validate
from mcsurrogate.validation.histogram_file import schema as histogram_schema
from mcsurrogate.validation.metrics_schema import schema
from mcsurrogate.validation.timing import read_timing

RECORD = json.loads(Path("tests/data/cases/run.json").read_text(encoding="utf-8"))["stages"]


def finished(stage, **changes):
    """Record of a finished stage."""
    return {**RECORD[stage], "emulation": None, "hadronization": None, **changes}


OPTIONS = {"observables": ["thrust", "charged_xp", "final_species", "durham_rate_2"]}


@pytest.fixture(scope="module")
def result(z_files, tmp_path_factory):
    out = tmp_path_factory.mktemp("outputs")
    return validate(
        *z_files, out, plots=True, yoda=True, measured=False, reservoir=0, **OPTIONS
    ), out


def test_figures_lie_on_disk(result):
    found, out = result
    names = {path.stem for path in (out / "plots").iterdir()}
    assert names == {"thrust", "charged_xp", "final_species", "durham_rate_2", "p-values"}
    for name in names:
        assert (out / "plots" / f"{name}.pdf").read_bytes().startswith(b"%PDF-1")
        picture = (out / "plots" / f"{name}.png").read_bytes()
        assert picture.startswith(b"\x89PNG")
        width = int.from_bytes(picture[16:20], "big")
        assert width == 800
    assert "plots/" in found.metrics["files"]


def test_figures_on_disk_have_the_light_colours(result):
    """The red of the candidate and white paper, none of the marker colours."""
    import matplotlib.image

    picture = matplotlib.image.imread(result[1] / "plots" / "thrust.png")
    colours = {tuple(c) for c in (picture[..., :3].reshape(-1, 3) * 255).round().astype(int)}
    assert (255, 255, 255) in colours
    assert (0xD1, 0x49, 0x5B) in colours
    assert not any((k, k, k) in colours for k in range(1, 6))


def parse_yoda(text):
    """Objects of a YODA file, read as its format description says: no code of ours."""
    objects, lines = {}, iter(text.splitlines())
    for line in lines:
        if not line.startswith("BEGIN"):
            assert line == ""
            continue
        _, kind, path = line.split(" ")
        annotations, rows = {}, []
        for line in lines:
            if line == "---":
                break
            key, value = line.split(": ", 1)
            annotations[key] = value
        for line in lines:
            if line == f"END {kind}":
                break
            if line.startswith("Edges(A1): "):
                annotations["Edges"] = json.loads(line.removeprefix("Edges(A1): "))
            elif not line.startswith("#"):
                rows.append([float(x) for x in line.split("\t")])
        objects[path] = (kind, annotations, np.array(rows))
    return objects


def test_yoda_holds_the_histograms(result):
    found, out = result
    assert found.metrics["files"][1:3] == ["candidate.yoda", "reference.yoda"]
    for name, side in (("candidate", 0), ("reference", 1)):
        objects = parse_yoda((out / f"{name}.yoda").read_text())
        plain = {f"/MCSURROGATE/{o}" for o in OPTIONS["observables"]}
        assert set(objects) == plain | {f"/RAW{o}" for o in plain} | {"/RAW/_EVTCOUNT"}
        kind, _, ((total, squares, events),) = objects["/RAW/_EVTCOUNT"]
        assert (kind, events) == ("YODA_COUNTER_V3", 500)
        for row in found.comparison.results:
            observable = row.observable
            kind, annotations, points = objects[f"/MCSURROGATE/{observable.name}"]
            assert kind == "YODA_SCATTER2D_V2"
            assert annotations["Path"] == f"/MCSURROGATE/{observable.name}"
            assert annotations["Type"] == "Scatter2D"
            edges = np.asarray(observable.edges)
            assert np.allclose(points[:, 0] - points[:, 1], edges[:-1], atol=1e-6)
            assert np.allclose(points[:, 0] + points[:, 2], edges[1:], atol=1e-6)
            sums = (row.candidate, row.reference)[side]
            mean = sums.mean[1:-1]
            plain = observable.categories or not observable.density
            width = np.ones_like(mean) if plain else np.diff(edges)
            assert np.allclose(points[:, 3] * width, mean, rtol=1e-5, atol=1e-12)
            error = np.sqrt(np.diag(sums.covariance(sums.mean)))[1:-1]
            assert np.allclose(points[:, 4] * width, error, rtol=1e-5, atol=1e-12)
            assert np.array_equal(points[:, 4], points[:, 5])
            kind, annotations, rows = objects[f"/RAW/MCSURROGATE/{observable.name}"]
            assert (kind, annotations["Type"]) == ("YODA_HISTO1D_V3", "Histo1D")
            assert annotations["Edges"] == list(observable.edges)
            assert ("XCustomMajorTicks" in annotations) == bool(observable.categories)
            assert np.array_equal(rows[:, 0], sums.mean * total)
            # variance of the sum of independent events of weight w and content n
            variance = rows[:, 1] - 2 * sums.mean * sums.content_w2 + sums.mean**2 * squares
            assert np.allclose(variance[1:-1], (error * total) ** 2, rtol=1e-9, atol=1e-9)
            inside = rows[1:-1][rows[1:-1, 0] > 0]
            assert (np.searchsorted(edges, inside[:, 2] / inside[:, 0]) >= 1).all()
            assert rows[:, 4].sum() == sums.entries


def test_histograms_lie_in_a_file_of_their_own(result):
    found, out = result
    assert found.metrics["files"][0] == "histograms.json"
    text = json.loads((out / "histograms.json").read_text())
    jsonschema.validate(text, histogram_schema())
    assert text["unit"] == "per event"
    assert [h["name"] for h in text["histograms"]] == [
        r.observable.name for r in found.comparison.results
    ]
    for own, row in zip(text["histograms"], found.comparison.results, strict=True):
        assert own["edges"] == list(row.observable.edges)
        assert own["candidate"]["contents"] == list(row.candidate.mean)
        made = row.candidate.histogram(own["name"], own["label"])
        assert np.allclose(np.sqrt(made.variances(flow=True)), own["candidate"]["errors"])
        assert sum(own["reference"]["entries"]) == row.reference.entries


def test_histograms_are_in_picobarn_on_one_cross_section(z_files, tmp_path):
    found = validate(
        *z_files, tmp_path, observables=["thrust"], reservoir=0, measured=False,
        normalise_to="candidate",
    )  # fmt: skip
    text = json.loads((tmp_path / "histograms.json").read_text())
    assert text["unit"] == "pb"
    section = found.metrics["samples"]["candidate"]["cross_section_pb"]
    contents = text["histograms"][0]["reference"]["contents"]
    assert sum(contents) == pytest.approx(section)


RIVET = """#!/bin/sh
if [ "$1" = "--version" ]; then echo "rivet v3.1.10"; exit 0; fi
echo "$@" >> "$RIVET_LOG"
while [ $# -gt 1 ]; do
  if [ "$1" = "-a" ] && [ "$2" = "NO_SUCH" ]; then echo "no analysis NO_SUCH" >&2; exit 1; fi
  if [ "$1" = "-o" ]; then target=$2; fi
  shift
done
test -f "$1" && echo "yoda of $1" > "$target"
"""
MKHTML = """#!/bin/sh
mkdir -p "$2"
echo "$3 $4" > "$2/index.html"
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Executables that answer as Rivet's do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("rivet", RIVET), ("rivet-mkhtml", MKHTML)):
        file = folder / name
        file.write_text(text)
        file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("RIVET_LOG", str(tmp_path / "log"))
    return tmp_path


def test_rivet_runs_on_both_files(z_files, stand_in):
    out = stand_in / "out"
    found = validate(
        *z_files,
        out,
        observables=["thrust"],
        rivet=["OPAL_2004_S6132243", "ALEPH_1996_S3486095"],
        measured=False,
        reservoir=0,
        max_events=400,
        labels=("A", "B"),
    )
    called = (stand_in / "log").read_text().splitlines()
    assert len(called) == 2
    for line, file in zip(called, z_files, strict=True):
        assert line.startswith("-a OPAL_2004_S6132243 -a ALEPH_1996_S3486095 -o ")
        assert line.endswith(f"-n 400 {file}")
    rivet = found.metrics["rivet"]
    assert rivet["version"] == "rivet v3.1.10"
    assert (out / "rivet" / "candidate.yoda").read_text() == f"yoda of {z_files[0]}\n"
    titles = (out / "rivet" / "plots" / "index.html").read_text()
    assert "candidate.yoda:Title=A" in titles
    assert "reference.yoda:Title=B" in titles
    assert "OPAL_2004_S6132243" in found.report.read_text()
    jsonschema.validate(json.loads(found.metrics_file.read_text()), schema())


def test_rivets_errors_are_told(z_files, stand_in):
    with pytest.raises(ValidationError, match="exit code 1:\nno analysis NO_SUCH"):
        validate(
            *z_files,
            stand_in / "out",
            observables=["thrust"],
            rivet=["NO_SUCH"],
            measured=False,
            reservoir=0,
        )
    assert not (stand_in / "out" / "report.html").exists()


def test_missing_rivet_is_told_before_anything_is_read(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValidationError, match="no command `rivet` on PATH; install Rivet"):
        validate(tmp_path / "none", tmp_path / "none", tmp_path / "out", rivet=["X"])


def run_json(folder, **changes):
    """Record of a run of 1000 events: the surrogate takes 2 ms an event, the standard 5 ms."""
    steps = {"initialisation": 2.0, "events": 1.5, "arrays": 0.1, "hepmc_conversion": 0.1}
    slow = {**steps, "events": 4.5, "hepmc_writing": 0.3}
    stages = {
        "integrate": finished("integrate", seconds=58.0),
        "generate": finished("generate", seconds=0.2),
        "shower": finished("shower", events=1000, seconds_by_step={**steps, "hepmc_writing": 0.1}),
        "reference": finished("reference", events=1000, seconds_by_step=slow),
    }
    stages.update(changes)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "run.json").write_text(json.dumps({"stages": stages}))
    return folder


def test_timing_of_a_run(tmp_path):
    timing = read_timing(run_json(tmp_path))
    assert timing.surrogate.seconds_an_event == pytest.approx(2e-3)
    assert timing.standard.seconds_an_event == pytest.approx(5e-3)
    assert timing.ratio == pytest.approx(2.5)
    assert timing.surrogate.preparation == pytest.approx(60.0)
    assert timing.surrogate.events_a_second_in_all == pytest.approx(1000 / 62.0)
    # 58 s more before the first event, 3 ms less for each
    assert timing.break_even == pytest.approx(58.0 / 3e-3)


def test_training_is_counted_or_named(tmp_path):
    steps = json.loads((run_json(tmp_path) / "run.json").read_text())["stages"]["shower"]
    weights = {**steps, "hadronization": {"weights": "string_breaks_monash", "model": "x"}}
    generate = finished(
        "generate",
        seconds=0.2,
        emulation={**RECORD["generate"]["emulation"], "preparation_seconds": 100.0},
    )
    timing = read_timing(run_json(tmp_path / "b", shower=weights, generate=generate))
    assert timing.surrogate.preparation == pytest.approx(160.0)
    assert any("string_breaks_monash is not counted" in note for note in timing.notes)


def test_no_break_even_where_the_surrogate_is_slower(tmp_path):
    timing = read_timing(run_json(tmp_path, generate=finished("generate", seconds=100.0)))
    assert timing.break_even is None
    assert timing.metrics()["break_even_events"] is None


def test_runs_without_both_chains_have_no_timing(tmp_path):
    assert read_timing(tmp_path) is None
    assert read_timing(run_json(tmp_path, reference=finished("reference", finished=False))) is None
    (tmp_path / "run.json").write_text('{"stages": []}')
    with pytest.raises(RunFolderError, match="not the record of a run"):
        read_timing(tmp_path)


def test_files_of_a_run_folder_are_timed(z_files, tmp_path):
    folder = run_json(tmp_path / "run")
    (folder / "events").mkdir()
    files = []
    for name, source in zip(("surrogate", "standard"), z_files, strict=True):
        file = folder / "events" / f"{name}.hepmc"
        file.symlink_to(source)
        files.append(file)
    # the files lie in the run by their names, wherever their bytes are
    found = validate(*files, folder / "report", observables=["thrust"], measured=False, reservoir=0)
    assert found.metrics["timing"]["speed_ratio"] == pytest.approx(2.5)
    page = found.report.read_text()
    assert "pays from about 1.9e+04 events on" in page
    jsonschema.validate(json.loads(found.metrics_file.read_text()), schema())
