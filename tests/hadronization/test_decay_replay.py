# SPDX-License-Identifier: GPL-3.0-or-later
"""Decays replayed from a recording: the plugin's momenta, and derivatives of draws and of means."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.hadronization.clusters.recording import ClusterRecording, Draw
from mcsurrogate.hadronization.fitting.cluster_scores import event_scores, principal_parameters
from mcsurrogate.hadronization.fitting.decay_replay import reparametrised, replay
from mcsurrogate.hadronization.spline import unit_spline_cumulative, unit_spline_log_density

EVENTS = 400


@pytest.fixture(scope="module")
def recorded(cluster_weights, zpole, tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "recording.safetensors"
    chain = PythiaChain(
        [
            *hadronization_settings(cluster_weights),
            f"MCSurrogate:record = {path}",
            "HadronLevel:Decay = off",
            *zpole,
        ],
        seed=3,
    )
    (batch,) = chain.generate(EVENTS, batch_size=EVENTS)
    del chain
    return batch, ClusterRecording.read(path)


def test_replayed_hadrons_are_those_of_the_events(cluster_networks, recorded):
    batch, recording = recorded
    with torch.no_grad():
        replayed = replay(cluster_networks, recording)
    event = np.repeat(np.arange(len(batch)), np.diff(batch.offsets))
    tree = cKDTree(np.column_stack([1e4 * event, batch.momenta]))
    points = np.column_stack([1e4 * replayed.event.numpy(), replayed.momenta.numpy()])
    distance, index = tree.query(points)
    # Recordings are in single precision, boosts are up to 100.
    assert len(points) > 0.9 * len(batch.momenta)
    assert len(np.unique(index)) == len(index)
    assert np.quantile(distance, 0.999) < 1e-3
    assert distance.max() < 0.05


def test_replay_needs_the_momenta_of_clusters(cluster_networks, recorded):
    recording = recorded[1]
    use = recording.codes[:, 1] < Draw.AZIMUTH
    old = ClusterRecording(
        recording.events, recording.codes[use], recording.values[use], recording.labels
    )
    with pytest.raises(HadronizationError, match="record it again"):
        replay(cluster_networks, old)


def test_the_cumulative_function_of_a_spline_is_the_integral_of_its_density():
    torch.manual_seed(2)
    outputs = torch.randn(3 * 6 + 1, 1, dtype=torch.float64).expand(-1, 20001)
    x = torch.linspace(0.0, 1.0, 20001, dtype=torch.float64)
    density = torch.exp(unit_spline_log_density(outputs, x))
    integral = torch.cat([torch.zeros(1), torch.cumulative_trapezoid(density, x)])
    assert float((integral - unit_spline_cumulative(outputs, x)).abs().max()) < 1e-4


def test_the_derivative_of_a_draw_is_that_at_a_fixed_uniform_number():
    torch.manual_seed(3)
    outputs = torch.randn(3 * 6 + 1, 50, dtype=torch.float64)
    direction = torch.randn(3 * 6 + 1, 50, dtype=torch.float64)
    x = torch.linspace(0.05, 0.95, 50, dtype=torch.float64)
    uniform = unit_spline_cumulative(outputs, x)

    def inverse(changed):
        low, high = torch.zeros(50, dtype=torch.float64), torch.ones(50, dtype=torch.float64)
        for _ in range(60):
            middle = (low + high) / 2.0
            below = unit_spline_cumulative(changed, middle) < uniform
            low, high = torch.where(below, middle, low), torch.where(below, high, middle)
        return low

    step = 1e-4
    expected = (inverse(outputs + step * direction) - inverse(outputs - step * direction)) / (
        2.0 * step
    )
    leaf = outputs.requires_grad_()
    drawn = reparametrised(leaf, x)
    np.testing.assert_allclose(drawn.detach(), x, atol=1e-12)
    (gradient,) = torch.autograd.grad(drawn.sum(), leaf)
    # Where a point lies at a knot the derivative jumps.
    difference = ((gradient * direction).sum(dim=0) - expected).abs()
    assert float(difference.quantile(0.9)) < 1e-5


def test_gradients_of_means_are_those_of_the_scores(cluster_networks, recorded):
    """Two unbiased estimates of one derivative: along the path, and by scores alone."""
    recording = recorded[1]
    replayed = replay(cluster_networks, recording)
    # The more equal the energies, the larger: the sum over an event depends on every angle.
    quantity = torch.sqrt(replayed.momenta[:, 0])
    sums = torch.zeros(EVENTS, dtype=torch.float64).index_add(0, replayed.event, quantity)
    reward = (sums - sums.mean()).detach()
    surrogate = (sums + reward * replayed.log_probability).mean()
    bias = cluster_networks.angle.last.bias
    (path,) = torch.autograd.grad(surrogate, bias, retain_graph=True)
    assert torch.isfinite(path).all()
    assert float(path.abs().max()) > 1e-3
    parameters = principal_parameters(cluster_networks, recording, 0)
    scores = event_scores(cluster_networks, recording, parameters)[:, parameters.slices["angle"]]
    each = reward.numpy()[:, None] * (scores - scores.mean(axis=0))
    error = each.std(axis=0) / np.sqrt(EVENTS)
    pull = (path.numpy() - each.mean(axis=0)) / error
    # 19 pulls, 4.6 standard deviations: false alarms below 1e-4.
    assert np.abs(pull).max() < 4.6
