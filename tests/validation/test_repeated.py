# SPDX-License-Identifier: GPL-3.0-or-later
"""Events that occur twice, and the weights of events."""

import json

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.validation import Verdict, validate
from mcsurrogate.validation.repeated import EventHashes, compare_hashes
from mcsurrogate.validation.weight_comparison import WeightTable, compare_weights

FEW = ["thrust", "charged_number"]


def sketch(hashes, capacity=1 << 18):
    found = EventHashes(capacity)
    for part in np.array_split(np.asarray(hashes, dtype=np.uint64), 7):
        found.add(part)
    return found


def test_repeats_are_counted_whatever_the_capacity():
    random = np.random.default_rng(1)
    fresh = random.integers(0, 1 << 63, 20_000, dtype=np.uint64) * np.uint64(2)
    other = random.integers(0, 1 << 63, 20_000, dtype=np.uint64) * np.uint64(2)
    repeated = np.concatenate((fresh[:18_000], fresh[:2000]))
    shared = np.concatenate((other[:19_000], fresh[:1000]))
    exact = compare_hashes(sketch(repeated), sketch(other))
    assert exact.candidate == pytest.approx(0.1)
    assert exact.reference == 0.0
    assert exact.shared == 0.0
    assert exact.log_p < -100.0
    # a part of the events: binomial errors, five of them
    part = compare_hashes(sketch(shared, 4000), sketch(fresh, 4000))
    assert part.shared == pytest.approx(0.05, abs=5 * np.sqrt(0.05 / 4000))
    assert part.candidate == part.reference == 0.0
    assert part.log_p == pytest.approx(0.0)


def test_repeated_and_shared_events_are_told(z_files, tmp_path):
    path = tmp_path / "twice.hepmc"
    with pyhepmc.open(str(z_files[0])) as file, pyhepmc.open(str(path), "w") as out:
        for number, event in enumerate(file):
            out.write(event)
            if number % 20 == 0:
                out.write(event)
    found = validate(path, z_files[1], tmp_path / "a", observables=FEW, reservoir=0)
    assert found.verdict is Verdict.DIFFERS
    metrics = json.loads(found.metrics_file.read_text())
    assert metrics["repeated_events"]["candidate"] == pytest.approx(25 / 525)
    assert any("repeat earlier ones" in text for text in metrics["warnings"])
    assert "repeat earlier ones" in found.report.read_text()
    same = validate(z_files[0], z_files[0], tmp_path / "b", observables=FEW, reservoir=0)
    assert same.verdict is Verdict.INDISTINGUISHABLE
    assert same.metrics["repeated_events"]["shared"] == 1.0


def table(weights, names=("nominal", "up")):
    found = WeightTable(names, 0, seed=1)
    for part in np.array_split(weights, 5):
        found.add(part, 0)
    return found


def test_weights_are_compared():
    random = np.random.default_rng(2)
    first, second = (np.exp(0.3 * random.normal(size=(5000, 2))) for _ in range(2))
    pairs = {p.observable.name: p for p in compare_weights(table(first), table(second))}
    assert set(pairs) == {"event_weight", "weight[up]"}
    assert all(pair.counts for pair in pairs.values())
    assert sum(s.content.sum() for s in pairs["event_weight"].sums) == pytest.approx(10_000)
    # a normalisation is no difference of the chosen weight, but it is one of a named weight
    scaled = {p.observable.name: p for p in compare_weights(table(7 * first), table(second))}
    for ours, theirs in zip(pairs["event_weight"].sums, scaled["event_weight"].sums, strict=True):
        assert np.array_equal(ours.content, theirs.content)
    other = {
        p.observable.name: p
        for p in compare_weights(table(first * np.array([1.0, 1.2])), table(second))
    }
    ours, theirs = other["weight[up]"].sums
    assert abs(ours.content - theirs.content).sum() > 1000


def test_weights_that_are_one_number_are_left_out():
    ones = np.ones((1000, 2))
    assert compare_weights(table(ones), table(ones)) == []
    tail = ones.copy()
    tail[:30, 0] = 2.0
    (pair, *_) = compare_weights(table(tail, ("nominal",)), table(ones, ("nominal",)))
    assert pair.observable.name == "event_weight"
    # a weighted sample may stand for an unweighted one
    assert not pair.counts
