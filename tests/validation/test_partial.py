# SPDX-License-Identifier: GPL-3.0-or-later
"""Sums of files, filled where events lie and merged, against those of all events in one file.

With unit weights contents are whole numbers and equal in every bit; sums of numbers with digits
differ by the rounding of another order of adding.
"""

import json
import math

import numpy as np
import pytest
from typer.testing import CliRunner

from mcsurrogate.cli import app
from mcsurrogate.errors import CheckpointError, EventFileError, ValidationError
from mcsurrogate.events import convert_events, merge_generated_events
from mcsurrogate.stages import merge_events
from mcsurrogate.validation import (
    Tolerance,
    ValidationSettings,
    fill_partial,
    merge_partials,
    read_partial,
    validate,
)
from mcsurrogate.validation.comparison import compare
from mcsurrogate.validation.metrics import comparison_metrics, dumps
from mcsurrogate.validation.repeated import event_keys
from mcsurrogate.validation.reservoir import Reservoir
from mcsurrogate.validation.validate import _filled

FEW = ["thrust", "charged_number", "charged_xi", "final_species", "energy_balance"]
CUTS = ((0, 170), (170, 370), (370, 500))
_ROUNDING = 1e-12


def run(*words):
    found = CliRunner().invoke(app, [*map(str, words)], env={"COLUMNS": "200"})
    assert found.exit_code == 0, found.output
    return found.output


@pytest.fixture(scope="module")
def merged(z_files, tmp_path_factory):
    """Whole and merged sums of both samples; the plan is that of some reference events."""
    folder = tmp_path_factory.mktemp("partial")
    plan = folder / "plan.observables"
    # 150 of 500 events are kept one by one, which three parts have to agree on
    fill_partial(z_files[1], plan, observables=FEW, reservoir=150, seed=3, max_events=300)
    for name, path in zip(("candidate", "reference"), z_files, strict=True):
        fill_partial(path, folder / f"{name}.observables", plan=plan)
        parts = []
        for first, stop in CUTS:
            cut = folder / f"{name}_{first}.hepmc"
            convert_events(path, cut, first, stop)
            parts.append(folder / f"{name}_{first}.observables")
            run("fill", cut, parts[-1], "--plan", plan)
        run("merge", folder / f"{name}_merged.observables", *parts)
    return folder


def numbers(value, place=""):
    """All figures of nested dictionaries and lists, by their place."""
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return {place: value}
    return {k: v for key, item in items for k, v in numbers(item, f"{place}/{key}").items()}


def assert_alike(one, other):
    one, other = numbers(one), numbers(other)
    assert one.keys() == other.keys()
    assert len(one) > 100
    for place, value in one.items():
        if isinstance(value, float) and math.isfinite(value):
            # what may cancel is of the size of one
            assert other[place] == pytest.approx(value, rel=_ROUNDING, abs=_ROUNDING), place
        else:
            assert other[place] == value, place


def test_merged_parts_are_the_whole(merged):
    for name in ("candidate", "reference"):
        whole, parts = (
            read_partial(merged / f"{name}{end}.observables").sample for end in ("", "_merged")
        )
        assert parts.file.events == whole.file.events == 500
        for observable, sums in whole.sums.items():
            own = parts.sums[observable]
            np.testing.assert_array_equal(own.hits, sums.hits)
            np.testing.assert_array_equal(own.content, sums.content)
            np.testing.assert_array_equal(own.block_content, sums.block_content)
            np.testing.assert_allclose(own.product, sums.product, rtol=_ROUNDING)
        one, other = whole.reservoir, parts.reservoir
        assert len(one) == 150
        np.testing.assert_array_equal(other.positions, one.positions)
        # shapes of an event are sums in the order of its batch
        np.testing.assert_allclose(other.rows, one.rows, rtol=0, atol=_ROUNDING)
        np.testing.assert_array_equal(parts.hashes.hashes, whole.hashes.hashes)
        scale = np.abs(whole.features.second).max()
        np.testing.assert_allclose(
            parts.features.second, whole.features.second, rtol=0, atol=_ROUNDING * scale
        )


@pytest.mark.slow
def test_the_report_of_merged_parts_is_that_of_all_events(merged, tmp_path):
    files = [merged / f"{name}_merged.observables" for name in ("candidate", "reference")]
    result = validate(*files, tmp_path, seed=7)
    whole = [
        read_partial(merged / f"{name}.observables", name).sample
        for name in ("candidate", "reference")
    ]
    found = compare(*whole, Tolerance(), seed=7)
    expected = json.loads(dumps(comparison_metrics(found, [], (), "")))
    metrics = json.loads(result.metrics_file.read_text())
    assert metrics["samples"]["candidate"].pop("file") == str(files[0])
    # parts of one file state what was known of the cross section when they ended
    for one in (metrics, expected):
        for changing in ("created", "settings", "files", "cross_section"):
            one.pop(changing, None)
        for sample in one["samples"].values():
            for changing in ("file", "cross_section_pb", "cross_section_error_pb"):
                sample.pop(changing, None)
    assert_alike({name: metrics[name] for name in expected}, expected)
    assert result.verdict is found.verdict


def test_events_may_stand_against_sums(merged, z_files):
    """Events of one side are filled by the plan of the other."""
    paths = z_files[0], merged / "reference.observables"
    (first, _), asked = _filled(*paths, ValidationSettings(), None)
    whole = read_partial(merged / "candidate.observables").sample
    assert asked.jets is None
    for name, sums in whole.sums.items():
        np.testing.assert_array_equal(first.sums[name].content, sums.content)
    np.testing.assert_array_equal(first.reservoir.rows, whole.reservoir.rows)


def test_cross_sections_are_those_of_merged_events(merged, z_files, tmp_path):
    parts = [merged / f"{name}.observables" for name in ("candidate", "reference")]
    merge_partials(parts, tmp_path / "all.observables")
    merge_generated_events(z_files, tmp_path / "all.hepmc")
    fill_partial(tmp_path / "all.hepmc", tmp_path / "events.observables", observables=FEW[1:2])
    ours, theirs = (
        read_partial(tmp_path / f"{name}.observables").sample.file for name in ("all", "events")
    )
    assert ours.events == theirs.events == 1000
    assert ours.tried == theirs.tried > 0
    assert ours.cross_section_pb == pytest.approx(theirs.cross_section_pb, rel=1e-14)
    assert ours.cross_section_error_pb == pytest.approx(theirs.cross_section_error_pb, rel=1e-14)


def test_what_has_no_common_meaning_is_refused(merged, z_files, tmp_path):
    part = merged / "candidate_0.observables"
    with pytest.raises(ValidationError, match=r"are in .*candidate_0.observables too"):
        merge_partials([part, part], tmp_path / "x.observables")
    other = tmp_path / "other.observables"
    fill_partial(z_files[1], other, observables=["thrust"], max_events=50)
    with pytest.raises(ValidationError, match="its observables, grids or seeds are not those"):
        merge_partials([part, other], tmp_path / "x.observables")
    with pytest.raises(ValidationError, match="its observables, grids or seeds are not those"):
        validate(part, other, tmp_path / "out")
    double = tmp_path / "double.observables"
    fill_partial(z_files[1], double, plan=part, weight="double", max_events=50)
    with pytest.raises(ValidationError, match="its weight are not those"):
        merge_partials([part, double], tmp_path / "x.observables")
    with pytest.raises(ValidationError, match=r"preset: .* was filled already"):
        validate(part, part, tmp_path / "out", preset="ee_z")
    with pytest.raises(ValidationError, match=r"seed: .* was filled already"):
        fill_partial(z_files[0], other, plan=part, seed=4)
    with pytest.raises(ValidationError, match=r"ends in \.observables"):
        fill_partial(z_files[0], tmp_path / "x.json")
    with pytest.raises(ValidationError, match="no such file"):
        validate(tmp_path / "none.observables", part, tmp_path / "out")
    with pytest.raises(EventFileError, match="have no file in common"):
        merge_events([part, z_files[0]], tmp_path / "x.observables")
    damaged = tmp_path / "damaged.observables"
    damaged.write_bytes(part.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        merge_partials([damaged], tmp_path / "x.observables")
    assert not (tmp_path / "x.observables").exists()
    assert not (tmp_path / "out").exists()


def test_keys_choose_any_part_of_the_events_alike():
    """A reservoir of keys is a uniform choice: 5 sigma (6e-7) of each tenth of the stream."""
    random = np.random.default_rng(1)
    hashes = random.integers(0, 1 << 63, 20_000, dtype=np.uint64)
    for seed in (1, 2):
        whole, merged = (Reservoir(2000, 1) for _ in range(2))
        keys, rows = event_keys(hashes, seed), np.arange(20_000.0)[:, None]
        whole.add(rows, np.ones(len(rows)), 0, keys)
        for part in np.array_split(np.arange(len(rows)), 7):
            own = Reservoir(2000, 1)
            own.add(rows[part], np.ones(len(part)), 0, keys[part])
            merged.merge(own, part[0])
        np.testing.assert_array_equal(merged.rows, whole.rows)
        np.testing.assert_array_equal(merged.positions, whole.rows[:, 0])
        tenths = np.bincount(whole.positions // 2000, minlength=10)
        assert np.abs(tenths - 200).max() < 5 * np.sqrt(200 * 0.9)
    chosen = [event_keys(hashes, seed) > 0.9 for seed in (1, 2)]
    assert (chosen[0] & chosen[1]).sum() < 200 + 5 * np.sqrt(200)
