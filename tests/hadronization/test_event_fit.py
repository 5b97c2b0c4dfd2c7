# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit to events: scores agree with the plugin's densities, steps lower chi squared."""

import numpy as np
import pytest
import torch
from safetensors import safe_open

from mcsurrogate.classifiers import auc
from mcsurrogate.errors import CheckpointError, HadronizationError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.generators.weights_file import write_weights
from mcsurrogate.hadronization.clusters.recording import ClusterRecording
from mcsurrogate.hadronization.fit_cards import EventFitCard
from mcsurrogate.hadronization.fitting.cluster_scores import event_scores, principal_parameters
from mcsurrogate.hadronization.fitting.decay_products import CHARGED, decay_products
from mcsurrogate.hadronization.fitting.event_correlations import EventCorrelations
from mcsurrogate.hadronization.fitting.event_fit import EventFit
from mcsurrogate.hadronization.fitting.fitted_models import FittedClusters
from mcsurrogate.hadronization.fitting.measured import SHIPPED_TABLE, MeasuredMultiplicities
from mcsurrogate.hadronization.fitting.moment_fit import (
    MomentMemory,
    determined_directions,
    moment_step,
    whitened,
)
from mcsurrogate.hadronization.fitting.set_discriminator import HadronSets, cross_fitted_logits

EVENTS = 400


def write(networks, path):
    write_weights(
        path, model="clusters", tensors=networks.tensors(), metadata=networks.metadata(), card={}
    )
    return path


@pytest.fixture
def restored(cluster_networks):
    """The shared networks, put back afterwards."""
    state = {name: value.clone() for name, value in cluster_networks.state_dict().items()}
    yield cluster_networks
    cluster_networks.load_state_dict(state)


def recorded_events(weights, settings, folder, more=()):
    recording = folder / "recording.safetensors"
    chain = PythiaChain(
        [
            *hadronization_settings(weights),
            f"MCSurrogate:record = {recording}",
            *more,
            *settings,
            "HadronLevel:Decay = off",
        ],
        seed=2,
    )
    (batch,) = chain.generate(EVENTS, batch_size=EVENTS)
    del chain
    return batch, ClusterRecording.read(recording)


@pytest.mark.parametrize("directions", [0, 3])
def test_scores_are_derivatives_of_the_densities_of_the_plugin(
    restored, zpole, tmp_path, directions
):
    nominal = write(restored, tmp_path / "nominal.safetensors")
    parameters = principal_parameters(
        restored, recorded_events(nominal, zpole, tmp_path)[1], directions
    )
    random = np.random.default_rng(1)
    shift = np.zeros(parameters.size)
    for part in parameters.slices.values():
        shift[part] = 1e-3 / (1 + directions) * random.normal(size=part.stop - part.start)
    parameters.shift(restored, shift)
    varied = write(restored, tmp_path / "varied.safetensors")
    parameters.shift(restored, -shift)
    batch, recorded = recorded_events(
        nominal, zpole, tmp_path, [f"MCSurrogate:variations = {{{varied}}}"]
    )
    weight = batch.weights[:, batch.weight_names.index("MCSurrogate.varied")]
    assert recorded.events == EVENTS
    scores = event_scores(restored, recorded, parameters)
    # First order in the shift; second order is some 1e-6 times the number of draws squared.
    expected = scores @ shift
    assert np.abs(expected).max() > 0.005
    np.testing.assert_allclose(np.log(weight), expected, atol=2e-3)
    # The mean of a score is zero: 4.5 standard deviations for all parameters.
    error = scores.std(axis=0) / np.sqrt(EVENTS)
    used = (np.abs(scores) > 1e-3).sum(axis=0) > 50
    assert (np.abs(scores.mean(axis=0))[used] < 4.5 * error[used] + 1e-3).mean() > 0.97


def test_directions_are_standardised(restored, zpole, tmp_path):
    nominal = write(restored, tmp_path / "nominal.safetensors")
    recorded = recorded_events(nominal, zpole, tmp_path)[1]
    parameters = principal_parameters(restored, recorded, 2)
    outputs = sum(parameters.outputs.values())
    heads = sum(parameters.outputs[name] for name in parameters.directions)
    assert parameters.size == outputs + 2 * heads
    assert set(parameters.directions) == {"kind", "hadron", "peel", "pop", "mass", "angle"}
    # A constant gradient sums to N along the bias and to zero along every direction.
    hidden = torch.randn(5, 16) @ torch.randn(16, 16)
    mean, covariance = hidden.mean(dim=0), torch.cov(hidden.T, correction=0)
    along = parameters.along("kind", mean, covariance, 2)
    spread = along.spread("kind", torch.ones(5, 4), hidden)
    np.testing.assert_allclose(spread.sum(dim=0).numpy(), [5.0] * 4 + [0.0] * 8, atol=1e-4)
    np.testing.assert_allclose((spread[:, 4:] ** 2).mean(dim=0).numpy(), 1.0, rtol=1e-4)


def test_a_step_solves_a_linear_problem():
    random = np.random.default_rng(1)
    jacobian = random.normal(size=(20, 5))
    truth = 0.1 * random.normal(size=5)
    step = moment_step(
        jacobian, np.eye(5), -jacobian @ truth, np.full(20, 1e-3),
        largest_divergence=10.0, prior=1e-6,
    )  # fmt: skip
    np.testing.assert_allclose(step.shift, truth, atol=1e-6)
    assert step.expected_chi2 < 1e-4 * step.chi2


def test_an_anchor_holds_the_parameters_near_their_beginning():
    random = np.random.default_rng(5)
    jacobian, fisher = random.normal(size=(20, 3)), 40.0 * np.eye(3)
    deviation, error = random.normal(size=20), np.full(20, 0.5)
    moved = np.zeros(3)
    for _ in range(40):
        step = moment_step(
            jacobian, fisher, deviation + jacobian @ moved, error,
            largest_divergence=100.0, prior=1.0, moved=moved, anchor=2.0,
        )  # fmt: skip
        moved = moved + step.shift
    # The minimum of |(deviation + J m) / error|^2 + 2 m.F m.
    normal = jacobian.T @ jacobian / 0.25 + 2.0 * fisher
    expected = -np.linalg.solve(normal, jacobian.T @ deviation / 0.25)
    np.testing.assert_allclose(moved, expected, rtol=1e-3, atol=1e-5)


def test_members_have_the_covariance_of_the_fit():
    random = np.random.default_rng(4)
    jacobian = random.normal(size=(30, 4))
    mixing = random.normal(size=(4, 4))
    fisher = 50.0 * (mixing @ mixing.T + np.eye(4))
    error = random.uniform(0.5, 2.0, size=30)
    found = determined_directions(jacobian, fisher, error, prior=1e-6)
    information = (jacobian / error[:, None] ** 2).T @ jacobian
    np.testing.assert_allclose(found.T @ found, np.linalg.inv(information), rtol=1e-3, atol=1e-6)
    # What the data say nothing of does not move, nor what they say less of than the prior.
    jacobian[:, 2] = 0.0
    assert np.abs(determined_directions(jacobian, np.eye(4), error, prior=1e-3)[:, 2]).max() < 1e-9
    assert len(determined_directions(jacobian, np.eye(4), error, prior=1e6)) == 0


def test_whitened_quantities_are_independent():
    random = np.random.default_rng(2)
    mixing = random.normal(size=(4, 3))
    covariance = mixing @ mixing.T  # of rank 3
    jacobian, deviation = whitened(np.eye(4), mixing @ [1.0, -2.0, 0.5], np.zeros(4), covariance)
    assert jacobian.shape == (3, 4)
    np.testing.assert_allclose(jacobian @ covariance @ jacobian.T, np.eye(3), atol=1e-9)
    # chi squared does not depend on the combination: that of independent unit deviations
    np.testing.assert_allclose(deviation @ deviation, 1.0 + 4.0 + 0.25)


def test_what_earlier_steps_tell_is_carried_along():
    random = np.random.default_rng(3)
    jacobian, covariance = random.normal(size=(6, 2)), np.diag(np.full(6, 0.01))
    truth, at = np.array([0.3, -0.2]), np.zeros(2)
    sample = (jacobian, np.eye(2), np.zeros(6), covariance)
    memory = None
    for _ in range(200):
        deviation = jacobian @ (at - truth) + 0.1 * random.normal(size=6)
        measured = (*sample[:2], deviation, covariance)
        if memory is None:
            memory = MomentMemory(0.9, *(x.copy() for x in measured))
        else:
            memory.add(*measured)
        step = 0.3 * (truth - at)
        at = at + step
        memory.move(step)
    # The weights of many steps add up to (1 - m) / (1 + m) of one step's variance.
    assert memory.variance == pytest.approx(0.1 / 1.9, rel=1e-3)
    expected = jacobian @ (at - truth)
    # 6 values within 4.2 standard deviations: false alarm 1e-4.
    assert np.abs(memory.deviation - expected).max() < 4.2 * 0.1 * np.sqrt(memory.variance)


def test_correlations_of_an_event():
    # Two events: a pi+ and a pi-; a pi+ and a proton.
    offsets = np.array([0, 2, 4])
    ids = np.array([211, -211, 211, 2212], dtype=np.int32)
    p = np.array([[0.0, 0.0, 3.0], [0.0, 0.0, -3.0], [0.0, 1.0, 0.0], [0.0, -1.0, 0.0]])
    mass = np.array([0.1396, 0.1396, 0.1396, 0.9383])
    momenta = np.concatenate([np.hypot(mass, np.linalg.norm(p, axis=1))[:, None], p], axis=1)
    found = EventCorrelations.of_sample(offsets, ids, momenta, {211: 1.0, 2212: 1.0})
    assert found.species == (211, 2212)
    names = found.names()
    values = dict(zip(names, found.evaluate(offsets, ids, momenta).T, strict=True))
    # Numbers of pions are 2, 1, of protons 0, 1: both one standard deviation from their mean.
    np.testing.assert_allclose(values["number of 211 x number of 2212"], [-1.0, -1.0], rtol=1e-6)
    np.testing.assert_allclose(values["number of 211 x number of 211"], [1.0, 1.0], rtol=1e-6)
    energy = momenta[:2, 0].sum()
    np.testing.assert_allclose(values["xi of 211"][0], 2 * np.log(energy / 3.0), rtol=1e-6)
    # The momenta of the first event make up more of its energy.
    np.testing.assert_allclose(values["sum of momenta"], [1.0, -1.0], rtol=1e-6)


def test_steps_stay_in_the_trust_region():
    step = moment_step(
        np.eye(3), np.eye(3), np.array([5.0, 0.0, 0.0]), np.full(3, 0.1),
        largest_divergence=0.02, prior=1.0,
    )  # fmt: skip
    assert step.divergence <= 0.0201
    assert step.shift[0] < 0


def test_fitting_lowers_the_deviation(restored, zpole, tmp_path):
    start = {name: value.clone() for name, value in restored.state_dict().items()}
    card = EventFitCard(settings=tuple(zpole), events=600, steps=2, last_divergence=1.5)
    fit = EventFit(FittedClusters(restored), card, seed=3, folder=tmp_path)
    fit.run(lambda *_: None)
    assert fit.curve[-1]["chi2"] < 0.8 * fit.curve[0]["chi2"]
    with pytest.raises(CheckpointError, match="different: networks"):
        EventFit(FittedClusters(restored), card, seed=3, folder=tmp_path).resume()
    restored.load_state_dict(start)
    again = EventFit(FittedClusters(restored), card, seed=3, folder=tmp_path)
    assert again.resume()
    assert again.curve == fit.curve


@pytest.mark.parametrize(
    ("to", "bound"),
    [
        ({"correlations": True}, 0.9),
        # Measured shapes are far from random weights: one step within the trust region is less.
        ({"measured": SHIPPED_TABLE, "measured_shapes": True}, 0.97),
    ],
)
def test_a_fit_with_memory_goes_on_bit_for_bit(restored, zpole, tmp_path, to, bound):
    start = {name: value.clone() for name, value in restored.state_dict().items()}
    card = EventFitCard(
        settings=tuple(zpole), events=500, steps=3, directions=1, averaged=2, thrust=True,
        memory=0.5, prior=300.0, first_divergence=1.0, last_divergence=0.5, **to,
    )  # fmt: skip
    whole = EventFit(FittedClusters(restored), card, seed=5, folder=tmp_path)
    whole.run(lambda *_: None)
    assert whole.curve[-1]["chi2"] < bound * whole.curve[0]["chi2"]
    end = {name: value.clone() for name, value in restored.state_dict().items()}

    def stop(done, *_):
        if done == 2:
            raise KeyboardInterrupt

    folder = tmp_path / "again"
    folder.mkdir()
    restored.load_state_dict(start)
    with pytest.raises(KeyboardInterrupt):
        EventFit(FittedClusters(restored), card, seed=5, folder=folder).run(stop)
    restored.load_state_dict(start)
    again = EventFit(FittedClusters(restored), card, seed=5, folder=folder)
    assert again.resume()
    again.run(lambda *_: None)
    assert again.curve == whole.curve
    for name, value in restored.state_dict().items():
        assert torch.equal(value, end[name]), name


def test_a_discriminator_improves_the_model(restored, zpole, tmp_path):
    card = EventFitCard(
        settings=tuple(zpole), events=600, steps=2, loss="adversarial", epochs=8,
        first_divergence=3.0, last_divergence=3.0,
    )  # fmt: skip
    fit = EventFit(FittedClusters(restored), card, seed=4, folder=tmp_path)
    fit.run(lambda *_: None)
    first, last = (entry["discriminator_auc"] for entry in fit.curve)
    # Random weights are told from Pythia at once, and less well after a step.
    assert first > 0.75
    assert last < first


def test_equal_events_cannot_be_told_apart(zpole):
    chain = PythiaChain([*zpole, "HadronLevel:Decay = off"], seed=6)
    halves = list(chain.generate(2000, batch_size=1000))
    vocabulary = np.unique(np.concatenate([batch.pdg_id for batch in halves])).astype(np.int64)
    first, second = halves
    sets = HadronSets.of_events(
        np.concatenate([first.offsets, first.offsets[-1] + second.offsets[1:]]),
        np.concatenate([first.pdg_id, second.pdg_id]),
        np.concatenate([first.momenta, second.momenta]),
        vocabulary,
    )
    target = np.arange(2000) >= 1000
    logits = cross_fitted_logits(sets, target, species=len(vocabulary), seed=1, epochs=2)
    # Standard deviation of the area 0.013; false alarm 1e-4.
    assert abs(auc(logits[target], logits[~target]) - 0.5) < 3.9 * 0.013


def test_decay_products():
    table = decay_products([111, 211, 311, 333, 310], decays=400, seed=1)
    assert table[211] == {211: 1.0, CHARGED: 1.0}
    assert table[111][111] == 1.0
    assert table[111][CHARGED] < 0.1  # Dalitz pairs
    # phi: 49% charged kaons in pairs; binomial error of 400 decays 0.05, false alarm 1e-4.
    assert table[333][321] == pytest.approx(2 * 0.49, abs=0.2)
    # A K0 is what ends as K0S or K0L, whether it was one before or not.
    assert table[311][311] == table[311][310] + table[311][130] == 1.0
    assert table[333][311] == 2 * table[333][310] == pytest.approx(2 * 0.34, abs=0.2)


def test_measured_multiplicities(tmp_path):
    table = MeasuredMultiplicities.read(SHIPPED_TABLE)
    assert dict(zip(table.names, table.means, strict=True))["charged particles"] == 20.76
    assert table.chi2(table.means, 0 * table.errors) == 0.0
    bad = tmp_path / "bad.csv"
    bad.write_text("name,pdg_id,mean\nx,1,2\n")
    with pytest.raises(HadronizationError, match="mean_per_event"):
        MeasuredMultiplicities.read(bad)
    bad.write_text("name,pdg_id,mean_per_event,error\nx,1,2,0\n")
    with pytest.raises(HadronizationError, match="not positive"):
        MeasuredMultiplicities.read(bad)
    with pytest.raises(HadronizationError, match="cannot be read"):
        MeasuredMultiplicities.read(tmp_path / "none.csv")


def test_recordings_of_strings_are_refused(zpole, tmp_path):
    path = tmp_path / "breaks.safetensors"
    chain = PythiaChain(
        [*hadronization_settings("lund"), f"MCSurrogate:record = {path}", *zpole], seed=1
    )
    chain.generate(5, batch_size=5)
    del chain
    with pytest.raises(HadronizationError):
        ClusterRecording.read(path)
    with safe_open(path, framework="np") as file:
        assert file.metadata()["mcsurrogate.recording"] == "string_breaks"
