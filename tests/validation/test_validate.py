# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole comparison: files, verdicts, errors that leave nothing behind, found defects."""

import json
import re

import jsonschema
import numpy as np
import pyhepmc
import pytest

from mcsurrogate.analysis.selection import Events
from mcsurrogate.errors import EventFileError, ValidationError
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation import Observable, Verdict, validate
from mcsurrogate.validation.metrics_schema import schema
from mcsurrogate.validation.plan import Planner

FEW = ["thrust", "charged_number", "charged_xi", "final_species"]


def changed(source, path, change):
    """Copy of a sample with every event changed."""
    with pyhepmc.open(str(source)) as file, pyhepmc.open(str(path), "w") as out:
        for event in file:
            change(event)
            out.write(event)
    return path


@pytest.fixture(scope="module")
def result(z_files, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    seen, told = [], []
    found = validate(
        *z_files,
        out,
        labels=("<surrogate>", "Pythia 8"),
        observables=FEW,
        progress=lambda *step: seen.append(step),
        tell=told.append,
    )
    assert "kernel physics distance" in told
    assert told[-1] == "classifier, fold 2 of 2"
    return found, seen


def test_independent_samples_are_indistinguishable(result):
    """False alarm: the family-wise error, 0.27%; the seeds are fixed."""
    found, _ = result
    assert found.verdict is Verdict.INDISTINGUISHABLE
    assert {test.name for test in found.comparison.global_tests} == {
        "sliced_ks",
        "sliced_wasserstein",
        "fpd",
        "kpd",
        "nplm",
        "serial",
        "classifier",
    }


def test_metrics_follow_the_schema(result):
    found, _ = result
    metrics = json.loads(found.metrics_file.read_text())
    jsonschema.validate(metrics, schema())
    assert metrics["verdict"] == "indistinguishable"
    assert {o["name"] for o in metrics["observables"]} == set(FEW)
    order = [o["log10_p_value"] for o in metrics["observables"]]
    assert order == sorted(order)
    assert metrics["samples"]["candidate"]["events"] == 500


def test_page_is_self_contained(result):
    found, _ = result
    page = found.report.read_text()
    assert page.startswith("<!doctype html>")
    assert page.count("<svg") >= len(FEW) + 1
    # nothing is fetched from anywhere: links stay on the page, no script, no style sheet
    assert all(link.startswith("#") for link in re.findall(r"""href=['"]([^'"]+)""", page))
    assert not re.search(r"""<script|<link|@import|src=|url\((?!#)""", page)
    assert "&lt;surrogate&gt;" in page
    assert "<surrogate>" not in re.sub(r"(?s)<svg.*?</svg>", "", page)
    identifiers = re.findall(r"""\bid=['"]([^'"]+)['"]""", page)
    assert len(identifiers) == len(set(identifiers))


def test_progress_is_told(result):
    _, seen = result
    assert [step[0] for step in seen] == ["Pythia 8", "<surrogate>"]
    assert all(step[1:] == (500, 1.0) for step in seen)


def test_a_sample_does_not_differ_from_itself(z_files, tmp_path):
    found = validate(z_files[0], z_files[0], tmp_path, observables=FEW, reservoir=0)
    assert found.verdict is Verdict.INDISTINGUISHABLE


def test_scaled_momenta_are_found_and_tolerated(z_files, tmp_path):
    def scale(event):
        for p in event.particles:
            m = p.momentum
            p.momentum = (1.5 * m.px, 1.5 * m.py, 1.5 * m.pz, 1.5 * m.e)

    path = changed(z_files[0], tmp_path / "scaled.hepmc", scale)
    # pions are off their mass, but not by the factor of a wrong unit
    names = ["photon_pt_test", "charged_number"]
    pt = Observable(
        name="photon_pt_test",
        title="Photon momentum",
        label="p",
        edges=tuple(np.linspace(0, 5, 11)),
        compute=lambda e: e.final.sum_over(e.final.energy) / 100.0,
    )
    found = validate(path, z_files[1], tmp_path / "a", observables=[pt, names[1]], reservoir=0)
    assert found.verdict is Verdict.DIFFERS
    assert found.comparison.results[0].observable is pt
    within = validate(
        path,
        z_files[1],
        tmp_path / "b",
        observables=[pt, names[1]],
        tolerance={"default": 0.0, "photon_pt_test": 5.0},
        reservoir=0,
    )
    allowed = {r.observable.name: r.deviation for r in within.comparison.results}
    assert allowed["photon_pt_test"] > 0.1


def test_missing_kaons_are_named_first(z_files, tmp_path):
    """All charged kaons become pions: the species table and the kaon spectrum see it first."""

    def swap(event):
        for p in event.particles:
            if abs(p.pid) == 321 and p.status == 1:
                p.pid = 211 if p.pid > 0 else -211

    path = changed(z_files[0], tmp_path / "kaons.hepmc", swap)
    found = validate(
        path,
        z_files[1],
        tmp_path,
        observables=["final_species", "charged_number", "kaon_number"],
        reservoir=0,
    )
    assert found.verdict is Verdict.DIFFERS
    assert found.comparison.results[0].observable.name in ("final_species", "kaon_number")


def test_weights_by_name(z_files, tmp_path):
    options = {"observables": ["charged_number"], "reservoir": 0}
    found = validate(*z_files, tmp_path, weight="double", **options)
    assert found.comparison.candidate.weights.total == pytest.approx(1000.0)
    # one common factor changes nothing
    plain = validate(*z_files, tmp_path, **options)
    ours, theirs = (r.comparison.results[0].binned.full.statistic for r in (found, plain))
    assert ours == pytest.approx(theirs, rel=1e-9)
    with pytest.raises(ValidationError, match=r"no weight named 'triple'.*nominal, double"):
        validate(*z_files, tmp_path, weight="triple", **options)


def test_rows_for_information_stay_out_of_the_headline(z_files, tmp_path):
    """Weights of one sample alone deviate hugely; they are in the table and decide nothing."""

    def weigh(event):
        factor = 2.0 if event.event_number % 10 == 0 else 1.0
        event.weights = [factor * weight for weight in event.weights]

    weighted = changed(z_files[0], tmp_path / "weighted.hepmc", weigh)
    found = validate(
        weighted, z_files[1], tmp_path / "out", observables=["thrust", "charged_number"]
    )
    weight = next(r for r in found.comparison.results if not r.counts)
    assert weight.sigma > 5.0
    deciding = [r for r in found.comparison.results if r.counts]
    page = (tmp_path / "out" / "report.html").read_text()
    head = page[: page.index('id="summary"')]
    assert f"{max(r.sigma for r in deciding):.1f} σ" in head
    assert f"{weight.sigma:.1f} σ" not in head
    assert f"in {len(deciding)} observables" in head


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"observables": ["no_such"]}, "unknown observable 'no_such'"),
        ({"preset": "no_such"}, "unknown preset 'no_such'"),
        ({"tolerance": -1.0}, "tolerance"),
        ({"tolerance": {"trust": 0.1}}, "trust, which is no observable"),
    ],
)
def test_wrong_requests(z_files, tmp_path, options, message):
    out = tmp_path / "out"
    with pytest.raises(ValidationError, match=message):
        validate(*z_files, out, **options)
    assert not out.exists()


def test_zero_total_weight(z_files, tmp_path):
    def alternate(event):
        event.weights = [1.0 if event.event_number % 2 else -1.0, 1.0]

    path = changed(z_files[0], tmp_path / "zero.hepmc", alternate)
    with pytest.raises(ValidationError, match="sum to zero"):
        validate(path, z_files[1], tmp_path / "out", observables=FEW)


def test_damaged_files_leave_nothing(z_files, tmp_path):
    path = tmp_path / "cut.hepmc"
    path.write_bytes(z_files[0].read_bytes()[:1_000_000])
    out = tmp_path / "out"
    with pytest.raises(EventFileError, match="complete events were read"):
        validate(path, z_files[1], out, observables=FEW)
    assert not out.exists()


def test_observable_of_the_wrong_shape(z_files, tmp_path):
    wrong = Observable(
        name="wrong", title="Wrong", label="x", edges=(0.0, 1.0), compute=lambda e: e.final.pt
    )
    with pytest.raises(ValidationError, match=r"observable wrong: .* for every event"):
        validate(*z_files, tmp_path, observables=[wrong])


def test_top_preset_is_detected(top_file):
    chunk = next(EventFile(top_file).chunks())
    plan = Planner()(Events(chunk, np.ones(len(chunk))))
    assert plan.preset == "pp_top"
    names = {o.name for o in plan.observables}
    assert {"top_pt", "ttbar_mass", "jet_pt", "charged_eta", "missing_pt"} <= names


@pytest.mark.slow
def test_top_report(top_file, tmp_path):
    found = validate(top_file, top_file, tmp_path, reservoir=0)
    assert found.verdict is Verdict.UNDECIDED  # 20 events


def test_bands_of_a_surrogate_with_unequal_weights(z_files, tmp_path):
    """Every observable has its band, the weight of the event itself none."""

    names = pyhepmc.GenRunInfo()
    names.weight_names = ["nominal", "surrogate_up", "surrogate_down"]

    def weigh(event):
        event.run_info = names
        weight = 1.0 + 0.1 * (event.event_number % 3)
        event.weights = [weight, 1.2 * weight, 0.8 * weight]

    path = changed(z_files[0], tmp_path / "banded.hepmc", weigh)
    found = validate(path, z_files[1], tmp_path / "out", observables=FEW, reservoir=0)
    rows = {row.observable.name for row in found.comparison.results}
    assert "event_weight" in rows
    assert found.report.exists()
    metrics = json.loads(found.metrics_file.read_text())
    assert {own["name"] for own in metrics["observables"]} == rows
