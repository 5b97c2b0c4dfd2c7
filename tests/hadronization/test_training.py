# SPDX-License-Identifier: GPL-3.0-or-later
"""Training on a few breaks: it reproduces what it saw, resumes bit for bit, refuses nonsense."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open

from mcsurrogate.errors import CardError, HadronizationError, RunFolderError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.generators.weights_file import read_model_card, read_weights_header
from mcsurrogate.hadronization import record_string_breaks, train_hadronization
from mcsurrogate.hadronization.string_breaks.discrete import _fit_transverse
from mcsurrogate.hadronization.string_breaks.fractions import (
    FractionSample,
    FractionTrainer,
    fraction_coverage,
)
from mcsurrogate.hadronization.string_breaks.networks import FractionNetwork, StringBreakNetworks
from mcsurrogate.hadronization.string_breaks.recording import BreakRecording, merge_recordings
from mcsurrogate.hadronization.training_folder import TrainingClock

KEY_COLUMNS = {"popcorn": 3, "pick": 8, "combine": 3}


@pytest.fixture(scope="module")
def recording(tmp_path_factory, zpole):
    path = tmp_path_factory.mktemp("recording") / "breaks.safetensors"
    return record_string_breaks(path, zpole, events=600, seed=5, repeats=3)


def trainer(sample, path, steps=60):
    return FractionTrainer(
        sample, bins=8, hidden=16, steps=steps, batch_size=256, learning_rate=5e-3, seed=2,
        checkpoint=path,
    )  # fmt: skip


def test_recordings_hold_every_proposal(recording):
    # A Z event draws some 27 z, 30 pT and 33 flavours; three more of each are recorded.
    assert len(recording.fraction) / 4 / 600 == pytest.approx(27, abs=2)
    assert len(recording.transverse) / 4 / 600 == pytest.approx(30, abs=2)
    assert recording.pick[:, -1].sum() / 4 / 600 == pytest.approx(33, abs=2)
    assert (recording.fraction[:, 1] > 0).all()
    assert (recording.fraction[:, 1] < 1).all()


def test_merging_adds_counts(recording):
    merged = merge_recordings([recording, recording])
    assert len(merged.fraction) == 2 * len(recording.fraction)
    for name, columns in KEY_COLUMNS.items():
        one, two = getattr(recording, name), getattr(merged, name)
        assert two.shape == one.shape
        np.testing.assert_array_equal(two[:, :columns], one[np.lexsort(one[:, columns - 1 :: -1].T),
                                                            :columns])  # fmt: skip
        assert two[:, -1].sum() == 2 * one[:, -1].sum()


def test_the_likelihood_rises(recording):
    run = trainer(FractionSample.from_recording(recording), None, steps=200)
    before = run.held_out_loss()
    run.run()
    assert run.held_out_loss() < before - 0.1


def test_a_killed_training_resumes_bit_for_bit(recording, tmp_path):
    sample = FractionSample.from_recording(recording)
    whole = trainer(sample, None).run()

    class Killed(Exception):  # noqa: N818
        pass

    def kill(step, _steps):
        if step == 30:
            part._save()
            raise Killed

    part = trainer(sample, tmp_path / "checkpoint")
    with pytest.raises(Killed):
        part.run(kill)
    again = trainer(sample, tmp_path / "checkpoint")
    assert again.resume()
    resumed = again.run()
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


def test_gaussians_that_are_not_needed_stay_of_finite_width(recording):
    random = np.random.default_rng(1)
    sigma = 0.3
    one_gaussian = replace(
        recording,
        transverse=random.normal(0.0, sigma, (3000, 2)).astype(np.float32),
        transverse_id=np.repeat(np.array([1, 2, 3], np.int32), 1000),
    )
    torch.manual_seed(1)
    networks = StringBreakNetworks((0, 111), (0, 2212), FractionNetwork(8, 16, 0.0, 1.0))
    network = networks.transverse.double()
    _fit_transverse(network, one_gaussian, 3, 200)
    output = network(torch.eye(13, dtype=torch.float64)[:3]).detach()
    widths = torch.exp(output[:, 3:])
    # A factor exp(3) either way, and what the pull allows beyond.
    assert (widths > sigma / 25).all()
    assert (widths < sigma * 25).all()
    mean = (torch.softmax(output[:, :3], dim=1) * 2 * widths**2).sum(dim=1)
    # A thousand values of pT^2 have a mean that is known to 3%: 5 standard deviations.
    np.testing.assert_allclose(mean, 2 * sigma**2, rtol=0.16)


def test_coverage_is_what_was_seen(recording):
    sample = FractionSample.from_recording(recording)
    coverage = fraction_coverage(sample)
    pair = (sample.old == 1) & (sample.new == 0)
    low, high = coverage[1, 0]
    assert low >= sample.log_mass[pair].min()
    assert high <= sample.log_mass[pair].max()
    assert coverage[13, 11, 0] > coverage[13, 11, 1]  # ss to ss never happens


def test_a_damaged_recording(tmp_path):
    path = tmp_path / "nothing.safetensors"
    path.write_bytes(b"nothing")
    with pytest.raises(HadronizationError, match="cannot be read"):
        BreakRecording.read(path)


def card(zpole, dijets, **changes):
    return {
        "kind": "string_breaks",
        "name": "tiny",
        "seed": 3,
        "recordings": [
            {"settings": zpole, "events": 500, "repeats": 3},
            {"settings": [*dijets, "PartonLevel:MPI = off"], "events": 60, "repeats": 20},
        ],
        "training": {"steps": 100, "batch_size": 512, "bins": 8, "discrete_steps": 30},
        **changes,
    }


def test_from_card_to_events(zpole, dijets, tmp_path):
    content = card(zpole, dijets)
    out = tmp_path / "out"
    weights = train_hadronization(content, out)
    assert read_weights_header(weights)["mcsurrogate.name"] == "tiny"
    assert {p.name for p in out.iterdir()} >= {"tiny.json", "tiny.toml", "metrics.json"}
    lines = [*hadronization_settings(weights), *zpole]
    first, second = (
        next(iter(PythiaChain(lines, seed=4).generate(100, batch_size=100))) for _ in range(2)
    )
    np.testing.assert_array_equal(first.momenta, second.momenta)
    # A hundred steps give the right multiplicity to some percent: 43 particles, of which a
    # hundred events determine the mean to 1.0.
    assert np.diff(first.offsets).mean() == pytest.approx(43.0, abs=6.0)

    with pytest.raises(RunFolderError, match="resume"):
        train_hadronization(content, out)
    seconds = read_model_card(weights)["training_seconds"]
    assert 0.1 < seconds < 1000.0
    assert train_hadronization(content, out, resume=True) == weights
    assert read_model_card(weights)["training_seconds"] == seconds
    with pytest.raises(RunFolderError, match="another card"):
        train_hadronization(card(zpole, dijets, seed=9), out, resume=True)


def test_the_clock_counts_earlier_sessions(tmp_path):
    (tmp_path / "seconds.json").write_text("100.0")
    said = []
    with TrainingClock(tmp_path, lambda *what: said.append(what)) as clock:
        clock.progress(1, 2, "half")
        assert 100.0 <= clock.seconds < 110.0
    assert said == [(1, 2, "half")]
    assert 100.0 <= json.loads((tmp_path / "seconds.json").read_text()) < 110.0


def test_resampling_keeps_sizes_and_changes_counts(recording):
    replica = recording.resampled(1)
    assert replica.fraction.shape == recording.fraction.shape
    total = recording.pick[:, -1].sum()
    # Poisson counts: 4 standard deviations.
    assert abs(replica.pick[:, -1].sum() - total) < 4 * np.sqrt(total)
    assert (replica.pick[:, -1] > 0).all()
    np.testing.assert_array_equal(recording.resampled(1).fraction, replica.fraction)
    assert not np.array_equal(recording.resampled(2).fraction, replica.fraction)


def test_members_of_an_ensemble_become_event_weights(zpole, dijets, tmp_path):
    content = card(zpole, dijets)
    content["training"]["members"] = 3
    weights = train_hadronization(content, tmp_path / "out")
    members = [weights.with_name(f"tiny_member_{i}.safetensors") for i in (1, 2)]
    lines = [*hadronization_settings(weights, members), *zpole, "HadronLevel:Decay = off"]
    batch = next(iter(PythiaChain(lines, seed=4).generate(200, batch_size=200)))
    assert batch.weight_names[-2:] == ("MCSurrogate.tiny_member_1", "MCSurrogate.tiny_member_2")
    assert (batch.weights[:, -2:].std(axis=0) > 0.01).all()
    # One member trained alone is the first of an ensemble.
    alone = train_hadronization(card(zpole, dijets), tmp_path / "alone")
    with safe_open(weights, "np") as one, safe_open(alone, "np") as two:
        for name in one.keys():  # noqa: SIM118
            np.testing.assert_array_equal(one.get_tensor(name), two.get_tensor(name))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "nonsense"},
        {"seed": 0},
        {"recordings": []},
        {"recordings": [{"settings": ["Random:seed = 3"], "events": 10}]},
        {"name": "with/slash"},
        {"unknown": 1},
    ],
)
def test_impossible_cards(zpole, dijets, tmp_path, change):
    with pytest.raises(CardError):
        train_hadronization(card(zpole, dijets, **change), tmp_path / "out")
    assert not (tmp_path / "out").exists()
