# SPDX-License-Identifier: GPL-3.0-or-later
"""Cell resampling of files: weights alone change, in every format."""

from dataclasses import replace

import numpy as np
import pyhepmc
import pytest
from typer.testing import CliRunner

from mcsurrogate.cli import app
from mcsurrogate.errors import EventFileError
from mcsurrogate.events import (
    EventBatch,
    EventFile,
    ProcessInfo,
    RunInfo,
    read_hard_events,
    write_hard_events,
)
from mcsurrogate.resampling import resample_events

N = 400


def hard_events(strategy):
    """Events g g -> g g Z, massless gluons, one weight in five negative."""
    random = np.random.default_rng(1)
    three = random.normal(0.0, 60.0, (N, 2, 3))
    momenta = np.zeros((N, 5, 4))
    momenta[:, 2:4, 1:], momenta[:, 4, 1:] = three, -three.sum(axis=1)
    momenta[:, 2:, 0] = np.hypot(np.linalg.norm(momenta[:, 2:, 1:], axis=2), [0.0, 0.0, 91.0])
    total = momenta[:, 2:, 0].sum(axis=1)
    momenta[:, 0, 0] = momenta[:, 0, 3] = momenta[:, 1, 0] = 0.5 * total
    momenta[:, 1, 3] = -0.5 * total
    weights = np.where(random.random(N) < 0.2, -1.0, 1.0)
    if abs(strategy) == 4:
        weights *= 3.0 / weights.mean()
    run = RunInfo(
        beams=(2212, 2212),
        energies_gev=(6500.0, 6500.0),
        processes=(ProcessInfo(1, 3.0, 0.1),),
        weighting_strategy=strategy,
        weight_names=("nominal", "other"),
    )
    batch = EventBatch(
        offsets=5 * np.arange(N + 1),
        pdg_id=np.tile(np.array([21, 21, 21, 21, 23], dtype=np.int32), N),
        status=np.tile(np.array([-1, -1, 1, 1, 1], dtype=np.int32), N),
        parents=np.tile(np.array([[0, 0]] * 2 + [[1, 2]] * 3, dtype=np.int32), (N, 1)),
        colour=np.tile(
            np.array([[501, 502], [503, 501], [503, 504], [504, 502], [0, 0]], dtype=np.int32),
            (N, 1),
        ),
        momenta=momenta.reshape(-1, 4),
        mass=np.tile([0.0, 0.0, 0.0, 0.0, 91.0], N),
        weights=np.stack((weights, 2.0 * weights), axis=1),
        scale=np.full(N, 91.0),
        alpha_s=np.full(N, 0.118),
        alpha_qed=np.full(N, 0.0078),
        process_id=np.ones(N, dtype=np.int32),
        weight_names=("nominal", "other"),
    )
    return run, batch


def read(path):
    run, batches = read_hard_events(path)
    (batch,) = batches
    return run, batch


@pytest.mark.parametrize("strategy", [-3, 3, -4, 4])
def test_hard_events_keep_all_but_weights(strategy, tmp_path):
    source, target = tmp_path / "a.lhe", tmp_path / "b.lhe.gz"
    run, batch = hard_events(strategy)
    write_hard_events(source, run, [batch])
    result = CliRunner().invoke(app, ["resample", str(source), str(target)], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "-> 0% of 400 events" in result.output
    (_, before), (after_run, after) = read(source), read(target)
    assert abs(after_run.weighting_strategy) == 4
    assert (after.momenta == before.momenta).all()
    assert (after.weights[:, 0] > 0.0).all()
    # whatever the strategy: weights in pb now, whose mean is the cross section of the head
    assert after.weight_names == ("nominal", "other", "before_resampling")
    assert after.weights.mean(axis=0) == pytest.approx([3.0, 6.0, 3.0], rel=1e-9)
    scale = after.weights[0, 2] / before.weights[0, 0]
    assert after.weights[:, 2] == pytest.approx(scale * before.weights[:, 0])
    assert after_run.processes == run.processes


def test_events_that_the_shower_is_to_accept_are_refused(tmp_path):
    source = tmp_path / "a.lhe"
    run, batch = hard_events(-4)
    write_hard_events(source, replace(run, weighting_strategy=-2), [batch])
    with pytest.raises(EventFileError, match="weighting strategy -2"):
        resample_events(source, tmp_path / "b.lhe")
    assert not (tmp_path / "b.lhe").exists()


def write_hepmc(path, weights, version):
    opener = pyhepmc.io.WriterAscii if version == 3 else pyhepmc.io.WriterAsciiHepMC2
    random = np.random.default_rng(2)
    info = pyhepmc.GenRunInfo()
    info.weight_names = ["nominal", "other"]
    with opener(str(path)) as file:
        for number, weight in enumerate(weights):
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            event.run_info = info
            event.event_number = number
            vertex = pyhepmc.GenVertex()
            for sign in (1, -1):
                vertex.add_particle_in(
                    pyhepmc.GenParticle((0.0, 0.0, 500.0 * sign, 500.0), 2212, 4)
                )
            for pid in (211, -211, 13, -13):
                p = random.normal(0.0, 40.0, 3)
                momentum = (*p, float(np.sqrt((p**2).sum() + 0.02)))
                vertex.add_particle_out(pyhepmc.GenParticle(momentum, pid, 1))
            event.add_vertex(vertex)
            event.weights = [weight, 2.0 * weight]
            file.write(event)
    return path


@pytest.mark.parametrize("version", [2, 3])
def test_hepmc_keeps_all_but_weights(version, tmp_path):
    random = np.random.default_rng(3)
    weights = np.where(random.random(200) < 0.2, -1.0, 1.0)
    source = write_hepmc(tmp_path / "a.hepmc", weights, version)
    found = resample_events(source, tmp_path / "b.hepmc.gz")
    assert found.negative_after == 0.0
    target = tmp_path / "b.hepmc.gz"
    (before,), (after,) = (list(EventFile(path).chunks()) for path in (source, target))
    assert (after.particles == before.particles).all()
    assert (after.weights[:, :2] == found.weights).all()
    assert (after.weights[:, 2] == weights).all()
    assert after.weights.sum(axis=0) == pytest.approx(weights.sum() * np.array([1, 2, 1]))
    with pyhepmc.open(str(target)) as file:
        assert next(iter(file)).weight_names == ["nominal", "other", "before_resampling"]
    with pytest.raises(EventFileError, match="resampled already"):
        resample_events(target, tmp_path / "c.hepmc")


def test_files_that_cannot_be_resampled(tmp_path):
    source = write_hepmc(tmp_path / "a.hepmc", [1.0, 2.0, 0.5], 3)
    with pytest.raises(EventFileError, match="none of its 3 events has a negative weight"):
        resample_events(source, tmp_path / "b.hepmc")
    with pytest.raises(EventFileError, match="is the file that is read"):
        resample_events(source, source)
    assert not (tmp_path / "b.hepmc").exists()
    with pytest.raises(EventFileError, match="cannot be read"):
        resample_events(tmp_path / "none.hepmc", tmp_path / "b.hepmc")
