# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved parton levels hadronize again: as often as asked, conserving what must be conserved."""

from dataclasses import replace

import numpy as np
import particle
import pyhepmc
import pytest

from mcsurrogate.errors import EventFileError, PythiaError
from mcsurrogate.events import EventRecords
from mcsurrogate.generators import PythiaChain, Rehadronizer


@pytest.fixture(scope="module")
def pp_partons(dijets) -> EventRecords:
    chain = PythiaChain(dijets, seed=4, keep_parton_level=True)
    partons = next(chain.generate(25)).parton_level
    assert partons is not None
    return partons


def final_charges(batch) -> list[float]:
    charge = np.array([particle.Particle.from_pdgid(int(i)).three_charge for i in batch.pdg_id])
    return np.add.reduceat(charge, batch.offsets[:-1]).tolist()


def test_every_copy_of_every_event_conserves_momentum_and_charge(pp_partons):
    hadronizer = Rehadronizer(seed=9)
    batches = list(hadronizer.hadronize(pp_partons, times=3, batch_size=20))
    assert [len(batch) for batch in batches] == [20, 20, 20, 15]
    # Remnants of protons come with junctions: without them some of these events would be lost.
    assert len(pp_partons.junctions) > 0
    assert hadronizer.statistics.failed == 0
    sources = np.concatenate([batch.source_event for batch in batches])
    assert sources.tolist() == np.repeat(np.arange(25), 3).tolist()
    for batch in batches:
        total = np.add.reduceat(batch.momenta, batch.offsets[:-1])
        np.testing.assert_allclose(total, np.tile([13000, 0, 0, 0], (len(batch), 1)), atol=0.013)
        assert set(final_charges(batch)) == {6}
        assert not np.any(np.isin(np.abs(batch.pdg_id), [1, 2, 3, 4, 5, 21]))


def test_copies_differ_and_the_seed_decides(z_batch):
    partons = z_batch.parton_level
    first, again = (
        next(Rehadronizer(seed=9).hadronize(partons, times=2, batch_size=80)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.momenta, again.momenta)
    sizes = np.diff(first.offsets)
    assert np.any(sizes[0::2] != sizes[1::2])
    other = next(Rehadronizer(seed=10).hadronize(partons, times=2, batch_size=80))
    assert np.diff(other.offsets).tolist() != sizes.tolist()


def test_hadrons_are_distributed_as_those_of_the_whole_chain(z_settings):
    # Mean multiplicities of two samples of 600 events; a 4.2 sigma cut is a false alarm in
    # 1 of 4e4 runs, and the seeds are fixed.
    chain = PythiaChain(z_settings, seed=21, keep_parton_level=True)
    whole = next(chain.generate(600))
    again = next(Rehadronizer(seed=22).hadronize(whole.parton_level))
    a, b = np.diff(whole.offsets), np.diff(again.offsets)
    assert len(a) == len(b) == 600
    # Paired by the partons they share, so the error is that of the difference.
    error = np.std(a - b) / np.sqrt(600)
    assert abs(np.mean(a - b)) < 4.2 * error


def test_partons_of_the_hook_are_those_of_a_run_without_hadronization(z_settings, z_batch):
    chain = PythiaChain([*z_settings, "HadronLevel:all = off"], seed=7, keep_parton_level=True)
    batch = next(chain.generate(1))
    bare, kept = batch.parton_level, z_batch.parton_level
    rows = slice(0, bare.offsets[1])
    assert bare.offsets[1] == kept.offsets[1]
    for name in ("pdg_id", "status", "mothers", "daughters", "colour", "momenta", "scale"):
        np.testing.assert_array_equal(getattr(bare, name)[rows], getattr(kept, name)[rows])


def test_weights_and_files_go_with_the_events(z_batch, tmp_path):
    weights = np.column_stack([np.arange(40.0) + 1, np.arange(40.0) - 20])
    partons = replace(z_batch.parton_level, weights=weights, weight_names=("Weight", "up"))
    path = tmp_path / "again.hepmc"
    batch = next(Rehadronizer(seed=9).hadronize(partons, times=2, batch_size=80, hepmc=path))
    assert not path.exists()
    np.testing.assert_array_equal(batch.weights, np.repeat(weights, 2, axis=0))
    assert batch.weight_names == ("Weight", "up")
    stream = Rehadronizer(seed=9).hadronize(partons, times=2, hepmc=path)
    assert stream.run() == 80
    with pyhepmc.open(path) as file:
        for i, event in enumerate(file):
            assert event.weight_names == ["Weight", "up"]
            np.testing.assert_array_equal(event.weights, weights[i // 2])
            total = sum(p.momentum.e for p in event.particles if p.status == 1)
            assert total == pytest.approx(91.2, rel=1e-6)
    assert i == 79


def test_saved_events_are_read_back(pp_partons, tmp_path):
    path = tmp_path / "partons.npz"
    pp_partons.save(path)
    read = EventRecords.load(path)
    for name in EventRecords.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(read, name), getattr(pp_partons, name))
    first = next(Rehadronizer(seed=9).hadronize(pp_partons))
    second = next(Rehadronizer(seed=9).hadronize([read]))
    np.testing.assert_array_equal(first.momenta, second.momenta)


def test_damaged_files_are_refused(tmp_path, z_batch):
    path = tmp_path / "partons.npz"
    z_batch.parton_level.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(EventFileError, match="cannot be read"):
        EventRecords.load(path)
    np.savez(path, pdg_id=np.arange(3))
    with pytest.raises(EventFileError, match="format 1"):
        EventRecords.load(path)
    with pytest.raises(EventFileError, match=r"none\.npz"):
        EventRecords.load(tmp_path / "none.npz")


def test_impossible_requests_are_refused(z_batch):
    with pytest.raises(PythiaError, match="ProcessLevel:all"):
        Rehadronizer(["ProcessLevel:all = on"], seed=1)
    hadronizer = Rehadronizer(seed=1)
    with pytest.raises(PythiaError, match="times 0"):
        hadronizer.hadronize(z_batch.parton_level, times=0)
    renamed = replace(z_batch.parton_level, weight_names=("other",))
    with pytest.raises(PythiaError, match="weight names"):
        list(hadronizer.hadronize([z_batch.parton_level, renamed]))


def test_partons_that_cannot_hadronize_stop_the_run(z_batch):
    partons = z_batch.parton_level
    lost = replace(partons, colour=np.where(partons.colour == 101, 0, partons.colour))
    with pytest.raises(PythiaError, match=r"11 of 1\d events failed"):
        list(Rehadronizer(seed=1).hadronize(lost))
