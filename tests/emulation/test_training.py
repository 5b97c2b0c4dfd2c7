# SPDX-License-Identifier: GPL-3.0-or-later
import math
from dataclasses import replace

import pytest
import torch

from mcsurrogate.emulation.training import TrainingData, TrainingSettings, train_network
from mcsurrogate.errors import CheckpointError, EmulationError

SETTINGS = TrainingSettings(hidden=(24, 24), epochs=6, batch=80, learning_rate=0.02)


def make_data(count=800, seed=2):
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randn(4, count + 300, generator=generator)
    target = torch.sin(1.5 * inputs[0]) * inputs[1] + 0.5 * inputs[2].square()
    target = (target - target.mean()) / target.std()
    return TrainingData(
        inputs[:, :count], target[:count], inputs[:, count:], target[count:], scale=0.5
    )


def weights(network):
    return [parameter.detach() for parameter in network.parameters()]


def test_it_learns_and_knows_its_error():
    data = make_data(2500)
    network, history = train_network(data, replace(SETTINGS, epochs=10), seed=1)
    assert history[-1].median < 0.2 * history[0].median
    mean, log_sigma = network(data.held_inputs)
    pull = ((mean - data.held_targets) / log_sigma.exp()).detach()
    assert 0.6 < float(pull.std()) < 1.6


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("stop", [1, 4, 5])
def test_a_stopped_training_goes_on_bit_for_bit(tmp_path, members, stop):
    # epochs 5 and 6 are boosted, so every kind of epoch is stopped before and after
    settings = replace(SETTINGS, members=members)
    data = make_data()
    whole, whole_history = train_network(data, settings, seed=4)
    file = tmp_path / "checkpoint.safetensors"
    train_network(data, settings, seed=4, checkpoint=file, stop=lambda epoch: epoch == stop)
    resumed, history = train_network(data, settings, seed=4, checkpoint=file, resume=True)
    assert history == whole_history
    for a, b in zip(weights(whole), weights(resumed), strict=True):
        assert torch.equal(a, b)


def test_the_seed_decides():
    data = make_data()
    first, _ = train_network(data, SETTINGS, seed=4)
    again, _ = train_network(data, SETTINGS, seed=4)
    other, _ = train_network(data, SETTINGS, seed=5)
    assert all(torch.equal(a, b) for a, b in zip(weights(first), weights(again), strict=True))
    assert not torch.equal(weights(first)[0], weights(other)[0])


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    data = make_data()
    train_network(data, SETTINGS, seed=4, checkpoint=file, stop=lambda _: True)
    with pytest.raises(CheckpointError, match=r"other work \(different: seed\)"):
        train_network(data, SETTINGS, seed=5, checkpoint=file, resume=True)
    other = replace(SETTINGS, learning_rate=0.01)
    with pytest.raises(CheckpointError, match="different: learning_rate"):
        train_network(data, other, seed=4, checkpoint=file, resume=True)
    with pytest.raises(CheckpointError, match="different: data"):
        train_network(make_data(seed=3), SETTINGS, seed=4, checkpoint=file, resume=True)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    data = make_data()
    train_network(data, SETTINGS, seed=4, checkpoint=file, stop=lambda _: True)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        train_network(data, SETTINGS, seed=4, checkpoint=file, resume=True)


def test_members_differ_and_spread_where_there_are_no_data():
    data = make_data(600)
    network, _ = train_network(data, replace(SETTINGS, members=4, epochs=25), seed=1)
    far = torch.full((4, 1), 6.0)
    near = data.inputs[:, :200]
    with torch.no_grad():
        assert float(network(far)[0].std(dim=0)) > 5 * float(network(near)[0].std(dim=0).median())


def test_boosting_draws_bad_points_more_often():
    from mcsurrogate.emulation.training import _systematic_draw

    weight = torch.tensor([1.0, 1.0, 4.0, 2.0])
    drawn = _systematic_draw(weight, 8000, torch.Generator().manual_seed(1))
    assert torch.bincount(drawn).tolist() == pytest.approx([1000, 1000, 4000, 2000], abs=1)


def test_progress_is_told_after_every_epoch():
    told = []
    train_network(make_data(), SETTINGS, seed=1, progress=lambda *state: told.append(state))
    assert [(done, total) for done, total, _ in told] == [(k, 6) for k in range(1, 7)]
    assert "median" in told[0][2]


def test_points_far_away_do_not_spoil_a_training():
    """A wild guess of sigma far from all other points once blew up the weight of that point."""
    data = make_data(4000)
    inputs, target = data.inputs.clone(), data.targets.clone()
    inputs[:, ::1000] *= 20.0
    target[::1000] = torch.sin(1.5 * inputs[0, ::1000]) * inputs[1, ::1000]
    data = replace(data, inputs=inputs, targets=target)
    _, history = train_network(data, replace(SETTINGS, learning_rate=0.03, epochs=10), seed=1)
    assert history[-1].median < 0.03


def test_divergence_is_reported():
    data = make_data()
    broken = replace(data, targets=torch.full_like(data.targets, math.nan))
    with pytest.raises(EmulationError, match="diverged in epoch 1"):
        train_network(broken, SETTINGS, seed=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("hidden", ()),
        ("members", 0),
        ("epochs", 0),
        ("batch", 1),
        ("learning_rate", 0.0),
        ("beta", 2.0),
        ("boost", 1.0),
    ],
)
def test_impossible_settings_are_refused(field, value):
    with pytest.raises(EmulationError, match=f"TrainingSettings.{field}"):
        replace(SETTINGS, **{field: value})


def test_fewer_points_than_a_batch_are_refused():
    with pytest.raises(EmulationError, match="fewer than a batch"):
        train_network(make_data(), replace(SETTINGS, batch=5000), seed=1)
