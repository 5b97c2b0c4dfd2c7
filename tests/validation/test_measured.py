# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured tables, how samples are counted, pulls and chi^2."""

import pickle

import numpy as np
import pytest

from mcsurrogate.analysis.measured import (
    MeasuredSums,
    measurements_for,
    z_pole_measurements,
)
from mcsurrogate.analysis.measured.measurement import read_table
from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation import validate
from mcsurrogate.validation.data_comparison import compare_data


@pytest.fixture(scope="module")
def events(z_files):
    chunk = next(EventFile(z_files[0]).chunks())
    return Events(chunk, np.ones(len(chunk)))


@pytest.fixture(scope="module")
def sums(z_files):
    """Sums of 500 Z decays, weights 1 and 3 in turn, over several chunks."""
    found, kept = None, []
    for chunk in EventFile(z_files[0]).chunks(20_000):
        weights = np.where(chunk.event_numbers % 2 == 0, 1.0, 3.0)
        events = Events(chunk, weights)
        found = found or MeasuredSums(measurements_for(events))
        found.fill(events)
        kept.append(events)
    assert len(kept) > 2
    return found, kept


def test_distributions_are_normalised_and_have_the_measured_means():
    """Two tables of the same paper agree: bins sum to one and their means are the moments."""
    bins = {}
    for row in read_table("opal_2004_event_shapes.csv"):
        numbers = [float(row[key]) for key in ("low", "high", "value", "error")]
        bins.setdefault(row["observable"], []).append(numbers)
    assert len(bins) == 14
    moments = {
        (row["observable"], int(row["order"])): float(row["value"])
        for row in read_table("opal_2004_moments.csv")
    }
    for name, rows in bins.items():
        low, high, value, error = np.array(rows).T
        assert (high > low).all()
        assert np.allclose(low[1:], high[:-1], atol=1e-9)
        assert (error > 0).all()
        content = value * (high - low)
        assert content.sum() == pytest.approx(1.0, abs=0.008), name
        if (name, 1) in moments:
            mean = (content * 0.5 * (low + high)).sum() / content.sum()
            # centres of wide bins of a falling distribution lie above their means
            assert mean == pytest.approx(moments[name, 1], rel=0.06), name


def test_multiplicities_are_counted_particle_by_particle(events):
    """Against a loop over the record: last copies of species, charged ones of the final state."""
    table = next(m for m in measurements_for(events) if m.name == "z_multiplicities")
    found = dict(zip(table.labels, table.contribution(events).T, strict=True))
    chunk = events.chunk
    for i in range(0, 40, 13):
        own = range(chunk.offsets[i], chunk.offsets[i + 1])
        pid, into, out = chunk.pid, chunk.end_vertex, chunk.production_vertex

        def last(j, own=own, pid=pid, into=into, out=out):
            return not any(out[k] == into[j] and pid[k] == pid[j] for k in own if into[j] >= 0)

        for label, wanted in (
            ("K^0", {130, 310}),
            ("pi^0", {111}),
            ("p", {2212}),
            ("D^0", {421}),
            ("rho^0(770)", {113}),
        ):
            expected = sum(abs(pid[j]) in wanted and last(j) for j in own)
            assert found[label][i] == expected, label
        charged = sum(chunk.status[j] == 1 and chunk.species.three_charge[j] != 0 for j in own)
        assert found["charged particles"][i] == charged


def test_shapes_count_neutrinos(events):
    """Thrust and C of an event with a neutrino are those of its whole final state."""
    from mcsurrogate.analysis import shapes

    values = events.measured_shapes
    whole = shapes.thrust(events.final)
    assert np.allclose(values["one_minus_thrust"], 1.0 - whole.value, atol=1e-12)
    tensors = shapes.sphericity(events.final)
    assert np.allclose(values["c_parameter"], tensors.c_parameter, atol=1e-12)
    affected = events.invisible.counts > 0
    assert affected.any()
    assert (values["c_parameter"] != events.sphericity.c_parameter)[affected].all()
    visible = np.nan_to_num(events.durham_scales).max(axis=1)
    assert np.array_equal(values["durham_y23"], visible)


def test_means_and_errors_are_weighted(sums):
    found, kept = sums
    for number, measurement in enumerate(found.measurements):
        rows = np.concatenate([measurement.contribution(e) for e in kept])
        weights = np.concatenate([e.weights for e in kept])
        mean = (weights[:, None] * rows).sum(axis=0) / weights.sum()
        assert np.allclose(found.mean(number), mean, rtol=1e-10)
        residual = weights[:, None] * (rows - mean) / weights.sum()
        assert np.allclose(found.covariance(number), residual.T @ residual, atol=1e-12)


def test_pulls_and_chi2(sums):
    found, _ = sums
    results = compare_data(found, found, ("a", "b"))
    for result in results:
        side, measurement = result.candidate, result.measurement
        error = np.hypot(side.error, measurement.errors)
        pull = (side.mean - measurement.values) / error
        assert np.allclose(side.pulls[side.compared], pull[side.compared])
        assert side.ndf == side.compared.sum()
        assert result.notes == ()
        assert side.chi2 > 0.0
    yields = results[0]
    absent = dict(zip(yields.measurement.labels, yields.candidate.compared, strict=True))
    # Pythia does not make this one by default: it is named, not counted as a deviation
    assert not absent["Lambda(1520)"]
    assert absent["K^0"]


def test_empty_bins_have_an_error(sums):
    """A bin that 500 events leave empty is no deviation of many standard deviations."""
    found, _ = sums
    for result in compare_data(found, found, ("a", "b")):
        edges, side = result.measurement.edges, result.candidate
        if edges is None:
            continue
        width = edges[:, 1] - edges[:, 0]
        least = np.sqrt(result.measurement.values / width / found.effective_events)
        assert (side.error >= least * (1 - 1e-12)).all()
        assert np.abs(side.pulls).max() < 7.0


def test_pythia_is_near_the_data(sums):
    """Means of event shapes of 500 events within 5 standard deviations of OPAL's."""
    results = {r.measurement.name: r for r in compare_data(*(sums[0],) * 2, ("a", "b"))}
    moments = results["opal_moments"]
    assert np.abs(moments.candidate.pulls).max() < 5.0
    charged = results["z_multiplicities"].candidate
    assert abs(charged.pulls[0]) < 5.0


def test_stable_short_lived_particles_are_noted(z_files):
    """With K0S in the final state charged multiplicity and shapes mean something else."""
    chunk = next(EventFile(z_files[0]).chunks())
    kaons = np.flatnonzero(np.abs(chunk.pid) == 310)
    chunk.particles["status"][kaons] = 1
    chunk.__dict__.pop("status", None)
    events = Events(chunk, np.ones(len(chunk)))
    bad = MeasuredSums(measurements_for(events))
    bad.fill(events)
    assert bad.undecayed[310] == len(kaons)
    results = compare_data(bad, bad, ("surrogate", "Pythia"))
    assert any("K0S stable" in note for note in results[0].notes)
    yields, shape = results[0].candidate, results[1].candidate
    assert np.isnan(yields.pulls[0])
    assert yields.ndf > 20
    assert shape.ndf == 0


def test_other_collisions_have_no_data(top_file):
    chunk = next(EventFile(top_file).chunks())
    assert measurements_for(Events(chunk, np.ones(len(chunk)))) == ()


def test_report_and_metrics_hold_the_data(z_files, tmp_path):
    options = {"observables": ["thrust"], "reservoir": 0, "labels": ("A", "B")}
    found = validate(*z_files, tmp_path / "with", **options)
    page = found.report.read_text()
    assert "Measured values" in page
    assert "Eur. Phys. J. C40 (2005) 287" in page
    names = [m["name"] for m in found.metrics["measured"]]
    assert names[0] == "z_multiplicities"
    assert len(names) == 16
    without = validate(*z_files, tmp_path / "without", measured=False, **options)
    assert "Measured values" not in without.report.read_text()
    assert without.metrics["measured"] == []


def test_sums_travel_between_processes(sums):
    """Without the measurements' functions, which the other side has."""
    found, _ = sums
    other = pickle.loads(pickle.dumps(found))
    assert other.measurements == ()
    assert np.array_equal(other.mean(0), found.mean(0))
    assert np.array_equal(other.covariance(1), found.covariance(1))
    names = [m.name for m in z_pole_measurements()]
    assert names == [m.name for m in found.measurements]
