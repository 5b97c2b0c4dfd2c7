# SPDX-License-Identifier: GPL-3.0-or-later
"""Hard events in memory and from LHE files give the same particles; bad ones are refused."""

import gzip
from dataclasses import replace

import numpy as np
import pytest

from mcsurrogate.errors import EventFileError, PythiaError
from mcsurrogate.events.hard_events import ProcessInfo
from mcsurrogate.events.les_houches import write_les_houches
from mcsurrogate.generators import PythiaChain

QUICK = ["PartonLevel:MPI = off"]


def columns(chain):
    batches = list(chain.generate(batch_size=5))
    assert chain.exhausted
    return {
        name: np.concatenate([getattr(batch, name) for batch in batches])
        for name in ("pdg_id", "momenta", "vertices", "weights", "scale", "process_code")
    } | {"names": batches[0].weight_names}


@pytest.fixture(scope="module")
def from_memory(top_events):
    run, batch = top_events
    return columns(PythiaChain(QUICK, seed=11, source=[batch[:7], batch[7:]], run_info=run))


@pytest.mark.parametrize("name", ["a file.lhe", "events.lhe.gz", "events.lhe.zst", "events.lhe.xz"])
def test_memory_and_file_give_identical_events(name, tmp_path, top_events, from_memory):
    run, batch = top_events
    write_les_houches(tmp_path / name, run, [batch])
    from_file = columns(PythiaChain(QUICK, seed=11, source=tmp_path / name))
    for key, values in from_memory.items():
        np.testing.assert_array_equal(from_file[key], values, err_msg=key)


def test_weights_arrive_by_name(top_events, from_memory):
    run, batch = top_events
    # Pythia calls the nominal weight "Weight"; mb and back costs a last digit.
    assert from_memory["names"] == ("Weight", *run.weight_names[1:])
    np.testing.assert_allclose(from_memory["weights"], batch.weights, rtol=1e-15)
    assert set(from_memory["process_code"]) == {7}
    np.testing.assert_allclose(from_memory["scale"], batch.scale)


def test_weighted_events_average_to_the_cross_section(top_events):
    run, batch = top_events
    chain = PythiaChain(["PartonLevel:all = off"], seed=1, source=[batch], run_info=run)
    list(chain.generate())
    assert chain.statistics.cross_section_pb == pytest.approx(batch.weights[:, 0].mean())


def test_unweighted_events_have_the_cross_section_of_the_run(top_events):
    run, batch = top_events
    unit = replace(batch, weights=np.ones((len(batch), 1)), weight_names=("nominal",))
    info = replace(run, weighting_strategy=3, weight_names=("nominal",))
    chain = PythiaChain(["PartonLevel:all = off"], seed=1, source=[unit], run_info=info)
    (particles,) = chain.generate()
    assert chain.statistics.cross_section_pb == pytest.approx(500.0)
    np.testing.assert_array_equal(particles.weights, np.ones((len(batch), 1)))


def test_signs_of_weights_have_an_error(top_events):
    """Strategy -3: 500 times the mean sign, with 1 pb in proportion and the error of the mean."""
    run, batch = top_events
    signs = np.ones((len(batch), 1))
    signs[::4] = -1.0
    source = replace(batch, weights=signs, weight_names=("nominal",))
    info = replace(run, weighting_strategy=-3, weight_names=("nominal",))
    chain = PythiaChain(["PartonLevel:all = off"], seed=1, source=[source], run_info=info)
    list(chain.generate())
    found, mean = chain.statistics, signs.mean()
    assert mean == 0.5
    assert found.cross_section_pb == pytest.approx(500.0 * mean)
    assert found.rate_error_pb == pytest.approx(1.0 * mean)
    assert found.statistical_error_pb == pytest.approx(500.0 * signs.std() / len(batch) ** 0.5)
    both = np.hypot(found.rate_error_pb, found.statistical_error_pb)
    assert found.cross_section_error_pb == pytest.approx(both)


def test_hard_process_is_the_one_handed_in(top_events):
    run, batch = top_events
    settings = ["PartonLevel:all = off", "ProcessLevel:resonanceDecays = off"]
    chain = PythiaChain(settings, seed=1, source=[batch], run_info=run, keep_hard_process=True)
    record = next(chain.generate()).hard_process
    rows = np.isin(np.abs(record.status), (21, 23))
    np.testing.assert_array_equal(record.pdg_id[rows], batch.pdg_id)
    np.testing.assert_allclose(record.momenta[rows], batch.momenta, rtol=1e-9, atol=1e-6)


def test_errors_of_the_source_come_through(top_events):
    run, batch = top_events

    def source():
        yield batch[:2]
        raise OSError("the disk is gone")

    chain = PythiaChain(["PartonLevel:all = off"], seed=1, source=source(), run_info=run)
    with pytest.raises(OSError, match="the disk is gone"):
        list(chain.generate(batch_size=2))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": np.zeros((12, 3))}, "hard event 1: its weight is zero"),
        ({"weights": np.ones((12, 2))}, "weight names"),
        ({"momenta": np.full((48, 4), np.nan)}, "momenta holds a number that is not finite"),
        ({"parents": np.full((48, 2), 5, dtype=np.int32)}, "parents"),
        ({"process_id": np.full(12, 8, dtype=np.int32)}, "hard event 1: its process_id"),
        ({"offsets": np.arange(13, dtype=np.int64)}, "offsets"),
        ({"weight_names": ("nominal", "a", "b")}, "announces"),
    ],
)
def test_malformed_batches_are_refused(change, words, top_events):
    run, batch = top_events
    bad = replace(batch, **change)
    chain = PythiaChain(["PartonLevel:all = off"], seed=1, source=[bad], run_info=run)
    with pytest.raises(PythiaError, match=words):
        next(chain.generate())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weighting_strategy": 5}, "weighting_strategy 5"),
        (
            {"weighting_strategy": 2, "processes": (ProcessInfo(7, 500.0, 1.0, 0.0),)},
            r"strategy 2 needs a positive max_weight \(XMAXUP\)",
        ),
        ({"processes": ()}, "one or more"),
        ({"energies_gev": (6500.0, 0.0)}, "energies_gev"),
        ({"processes": (ProcessInfo(7, float("nan"), 1.0),)}, "finite"),
    ],
)
def test_impossible_run_info_is_refused(change, words, top_events):
    run, batch = top_events
    with pytest.raises(PythiaError, match=words):
        PythiaChain([], seed=1, source=[batch], run_info=replace(run, **change))


def test_run_info_and_source_belong_together(top_events, tmp_path):
    run, batch = top_events
    with pytest.raises(PythiaError, match="need `run_info`"):
        PythiaChain([], seed=1, source=[batch])
    with pytest.raises(PythiaError, match="brings its own"):
        write_les_houches(tmp_path / "a.lhe", run, [batch])
        PythiaChain([], seed=1, source=tmp_path / "a.lhe", run_info=run)
    with pytest.raises(PythiaError, match="argument `source`"):
        PythiaChain(["Beams:LHEF = b.lhe"], seed=1, source=tmp_path / "a.lhe")


def test_events_that_pythia_cannot_use_stop_the_run(top_events):
    run, batch = top_events
    momenta = batch.momenta.copy()
    momenta[2::4, 1] += 500.0  # one top quark off its mass shell, momentum not balanced
    spoilt = replace(batch, momenta=momenta)
    settings = [*QUICK, "HadronLevel:all = off"]
    chain = PythiaChain(settings, seed=1, source=[spoilt], run_info=run)
    with pytest.raises(PythiaError, match=r"11 of 11 events failed.*not conserved"):
        list(chain.generate())


def test_cut_off_files_are_refused(top_events, tmp_path):
    run, batch = top_events
    whole = tmp_path / "whole.lhe"
    write_les_houches(whole, run, [batch])
    cut = tmp_path / "cut.lhe"
    cut.write_bytes(whole.read_bytes()[:-3000])
    with pytest.raises(EventFileError, match=r"cut\.lhe, line \d+: .*cut off"):
        PythiaChain([], seed=1, source=cut)
    packed = tmp_path / "cut.lhe.gz"
    packed.write_bytes(gzip.compress(whole.read_bytes())[:-20])
    with pytest.raises(EventFileError, match=r"cut\.lhe\.gz: cannot be read"):
        PythiaChain([], seed=1, source=packed)
    with pytest.raises(EventFileError, match="No such file"):
        PythiaChain([], seed=1, source=tmp_path / "none.lhe")
