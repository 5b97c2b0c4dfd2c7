# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts: none without events, and each with its reasons."""

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pyhepmc
import pytest
from typer.testing import CliRunner

from mcsurrogate.cli import app
from mcsurrogate.events import FileSummary
from mcsurrogate.validation import Observable, Reason, Tolerance, Verdict, validate
from mcsurrogate.validation import comparison as module
from mcsurrogate.validation.classifiers.global_test import GlobalTest
from mcsurrogate.validation.classifiers.weights import ClassifierWeights, Region
from mcsurrogate.validation.comparison import compare
from mcsurrogate.validation.features import FeatureMap
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.metrics_schema import schema
from mcsurrogate.validation.plan import Plan
from mcsurrogate.validation.report import render
from mcsurrogate.validation.sample import Sample
from mcsurrogate.validation.verdict import MIN_EVENTS, decide, main_reasons

CASES = Path(__file__).parents[1] / "data" / "cases" / "hepmc"
PAIRS = 40
LARGEST = 3
"""Verdicts `differs` among `PAIRS` null pairs, each with probability 0.0027: more than three have
probability 5e-6."""


def toy(name, **kind):
    return Observable(
        name=name, title=name, label=name, edges=(0.0, 0.5, 1.0, 2.0, 4.0), compute=len, **kind
    )


@pytest.fixture(scope="module")
def plan():
    """One number an event, a spectrum with several entries an event, and a rare kind of entry."""
    observables = (toy("shape"), toy("spectrum"), toy("rare", log_y=True))
    grid = np.linspace(0.0, 4.0, 40)
    return Plan(
        observables=observables,
        preset=None,
        grids={o.name: grid for o in observables},
        features=FeatureMap.learn({}),
        sample=np.zeros((0, 0)),
        reservoir=0,
        seed=1,
    )


def toy_sample(plan, label, random, events, width=0.0, scale=1.0, negative=0, **file):
    """Sample with lognormal weights that know nothing of the observables."""
    sample = Sample(label, FileSummary(Path(label), events=events, **file), plan)
    weights = np.exp(width * random.standard_normal(events))
    weights[:negative] *= -1.0
    numbers = random.poisson(6.0, events), random.poisson(0.05, events)
    values = [Values(random.exponential(scale, events))]
    for n in numbers:
        event = np.repeat(np.arange(events), n)
        values.append(Values(random.exponential(scale, len(event)), event))
    sample.fill_values(values, weights, 0)
    sample.hashes.add(random.integers(0, 1 << 63, events, dtype=np.uint64))
    sample.weight_table.add(weights[:, None], 0)
    return sample


def toy_pair(plan, seed, events, width=0.0, **other):
    random = np.random.default_rng(seed)
    second = toy_sample(plan, "reference", random, events, width)
    return compare(
        toy_sample(plan, "candidate", random, events, width, **other), second, Tolerance()
    )


@pytest.mark.parametrize("events", [1, 2, 5, 20, 49])
def test_few_events_are_no_verdict(plan, events):
    """Not even where the samples are apart: nothing is tested, and nothing has a deviation."""
    for scale in (1.0, 5.0):
        found = toy_pair(plan, events, events, scale=scale)
        assert found.verdict is Verdict.UNDECIDED
        assert [r.kind for r in found.reasons] == ["effective events"] * 2
        assert f"{events}, a verdict needs {MIN_EVENTS:g}" in str(found.reasons[0])
        assert any("undecided" in text for text in found.warnings)
        for row in found.results:
            assert row.marginal is None
            assert (row.sigma, row.adjusted_p, row.significant) == (0.0, 1.0, False)
            assert row.binned.full.ndf == row.binned.rate.ndf == 0


def test_enough_events_see_the_same_defect(plan):
    assert toy_pair(plan, 1, 60, scale=5.0).verdict is Verdict.DIFFERS


@pytest.mark.parametrize(("events", "width"), [(50, 0.0), (100, 0.7), (400, 1.2)])
def test_equal_small_samples_do_not_differ(plan, events, width, monkeypatch):
    """`LARGEST` of `PAIRS`: false-alarm rate 5e-6 each."""
    monkeypatch.setattr(module, "REPLICAS", 400)
    verdicts = [toy_pair(plan, (events, i), events, width).verdict for i in range(PAIRS)]
    assert sum(v is Verdict.DIFFERS for v in verdicts) <= LARGEST
    assert len(verdicts) == PAIRS


def test_weights_that_leave_few_effective_events(plan):
    """Lognormal weights with two effective events of 1000 on average."""
    width = np.sqrt(np.log(500.0))
    for seed in range(10):
        found = toy_pair(plan, seed, 1000, width)
        assert found.verdict in (Verdict.UNDECIDED, Verdict.INDISTINGUISHABLE)
    random = np.random.default_rng(1)
    heavy, light = (toy_sample(plan, "a", random, 1000, w) for w in (width, 0.0))
    assert heavy.weights.effective_events < MIN_EVENTS
    found = compare(heavy, light, Tolerance())
    assert [r.name for r in found.reasons] == ["candidate_events"]


def test_rare_entries_have_no_distance(plan):
    """50 entries in 1000 events do, 5 in 100 do not."""
    rows = {n: {r.observable.name: r for r in toy_pair(plan, 3, n).results} for n in (100, 1000)}
    assert rows[100]["rare"].marginal is None
    assert rows[100]["shape"].marginal is not None
    assert rows[1000]["rare"].marginal is not None


def test_one_event_against_ten(tmp_path):
    """Events of one distribution, which were called different at up to 168 sigma."""
    one = tmp_path / "one.hepmc3"
    many = CASES / "equal_events.hepmc3"
    with pyhepmc.open(str(many)) as events, pyhepmc.open(str(one), "w") as out:
        out.write(next(iter(events)))
    result = CliRunner().invoke(
        app,
        [
            *("validate", str(one), str(many), "--observable", "thrust", "--no-plots"),
            *("--workers", "1", "--out", str(tmp_path / "out")),
        ],
    )
    assert result.exit_code == 0, result.output
    printed = " ".join(result.output.split())
    assert "verdict: undecided" in printed
    assert "Effective events of the candidate: 1, a verdict needs 50" in printed
    assert "warning: undecided" in printed
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    jsonschema.validate(metrics, schema())
    assert metrics["verdict"] == "undecided"
    assert {r["name"] for r in metrics["reasons"]} == {"candidate_events", "reference_events"}
    assert all(row["ks"] is row["wasserstein"] is None for row in metrics["observables"])
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Too few effective events: nothing was tested" in page
    assert "σ</span>" not in page


def test_every_test_that_decides_is_a_reason(plan, monkeypatch):
    """Cross section, repeated and consecutive events, classifier, uniformity, observables."""
    random = np.random.default_rng(4)
    section = {"cross_section_pb": 1.1, "cross_section_error_pb": 0.01}
    other = {"cross_section_pb": 1.0, "cross_section_error_pb": 0.01}
    first = toy_sample(plan, "a", random, 400, scale=1.6, **section)
    second = toy_sample(plan, "b", random, 400, **other)
    first.hashes.add(first.hashes.hashes[:100])
    tests = [
        GlobalTest(name="serial", title="Consecutive", value=0.3, log_p=-40.0, error=0.02),
        GlobalTest(name="fpd", title="Fréchet", value=1.0, log_p=-0.1, expected=0.9),
    ]
    monkeypatch.setattr(module, "global_tests", lambda *_, **__: tests)
    plain = module.uniformity
    monkeypatch.setattr(
        module, "uniformity", lambda *a, **k: replace(plain(*a, **k), excess_p_value=1e-5)
    )
    found = compare(first, second, Tolerance())
    kinds = {r.kind: r for r in found.reasons}
    assert set(kinds) == {
        "observable", "global", "uniformity", "repeated events", "cross section"
    }  # fmt: skip
    assert kinds["global"].title == "Consecutive"
    assert str(kinds["cross section"]) == "Cross sections of the files: ratio 1.1000, +7.1 σ"
    assert "20% of the candidate, 0% of the reference" in kinds["repeated events"].figure
    assert found.reasons[0].kind == "observable"
    page = render(found, [], "today")
    for reason in found.reasons:
        assert reason.figure in page


def test_a_null_classifier_tells_no_story(plan, monkeypatch):
    empty = np.full(25, 0.04)
    region = Region(
        title="too many",
        features=("shape",),
        shifts=(1.0,),
        ratio=1.2,
        histograms=(np.stack([empty] * 3),),
    )
    weights = ClassifierWeights(
        edges=np.linspace(-1.0, 1.0, 26),
        candidate=empty,
        reference=empty,
        width=0.1,
        tail=0.01,
        regions=(region,),
    )
    pages = []
    for log_p in (np.log(0.2), -30.0):
        test = GlobalTest(
            name="classifier", title="Classifier", value=0.5, log_p=log_p, weights=weights
        )
        monkeypatch.setattr(module, "global_tests", lambda *_, one=test, **__: [one])
        pages.append(render(toy_pair(plan, 5, 300), [], "today"))
    assert "Most likely too many" not in pages[0]
    assert "no region is named" in pages[0]
    assert "Most likely too many: shape" in pages[1]


def test_information_comes_last_and_is_no_alarm(plan):
    """Weights that vary in one sample alone deviate by all standard deviations there are."""
    random = np.random.default_rng(6)
    first = toy_sample(plan, "a", random, 300, width=0.5)
    found = compare(first, toy_sample(plan, "b", random, 300), Tolerance())
    last = found.results[-1]
    assert (last.observable.name, last.counts) == ("event_weight", False)
    assert last.log_p < min(r.log_p for r in found.results[:-1])
    assert found.verdict is Verdict.INDISTINGUISHABLE
    row = re.search(r'(?s)<tr class="info"[^>]*>.*?</tr>', render(found, [], "today")).group()
    assert "event_weight" in row
    assert "bar" not in row


def test_negative_weights_of_one_sample_are_told(plan):
    """They decide nothing (a resampled file stands for its source), but no one shall miss them."""
    random = np.random.default_rng(7)
    first = toy_sample(plan, "a", random, 300, negative=3)
    found = compare(first, toy_sample(plan, "b", random, 300), Tolerance())
    told = "1% of the events of a have negative weights, of b none: its 300 events count for 288.1"
    assert any(told in warning for warning in found.warnings)
    assert found.verdict is Verdict.INDISTINGUISHABLE
    both = compare(first, toy_sample(plan, "b", random, 300, negative=2), Tolerance())
    assert not any("negative" in warning for warning in both.warnings)


def test_decisions():
    def reason(**fields):
        return Reason(name="x", title="X", kind="observable", figure="5 σ", **fields)

    few = Reason(name="n", title="Events", kind="effective events", figure="1")
    assert decide([]) is Verdict.INDISTINGUISHABLE
    assert decide([reason(tolerated=True)]) is Verdict.WITHIN_TOLERANCE
    assert decide([reason(tolerated=True), reason()]) is Verdict.DIFFERS
    assert decide([few]) is Verdict.UNDECIDED
    many = [reason(log_p=-float(i)) for i in range(9)]
    cross = Reason(name="c", title="C", kind="cross section", figure="2")
    assert main_reasons([*many, cross]) == [*many[:5], cross]


def test_nominal_weight_goes_by_its_name(tmp_path):
    path = CASES / "nominal_not_first.hepmc3"
    other = CASES / "equal_events.hepmc3"
    options = {"observables": ["charged_number"], "reservoir": 0, "measured": False}
    found = validate(path, other, tmp_path / "a", **options).metrics["samples"]
    assert found["candidate"]["weight"] == "Weight"
    assert found["candidate"]["sum_of_weights"] == pytest.approx(3.0)
    name = "SET_PARAM_CARD_DIM6_5_247.8"
    named = validate(
        path, path, tmp_path / "b", weight="Weight", candidate_weight=name, **options
    ).metrics["samples"]
    assert [named[side]["weight"] for side in ("candidate", "reference")] == [name, "Weight"]
    assert named["candidate"]["sum_of_weights"] == pytest.approx(0.2 + 0.3 + 0.2)
