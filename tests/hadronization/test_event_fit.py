"""Fit to events: scores agree with the plugin's densities, steps lower chi squared."""

import numpy as np
import pytest
from safetensors import safe_open

from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.generators.hadronization.decay_products import CHARGED, decay_products
from mcsurrogate.generators.hadronization.event_fit import EventFit
from mcsurrogate.hadronization.closure import auc
from mcsurrogate.hadronization.cluster_cards import EventFitCard
from mcsurrogate.hadronization.cluster_scores import (
    ClusterRecording,
    event_scores,
    parameter_slices,
    shift_parameters,
)
from mcsurrogate.hadronization.measured import SHIPPED_TABLE, MeasuredMultiplicities
from mcsurrogate.hadronization.moment_fit import moment_step
from mcsurrogate.hadronization.set_discriminator import HadronSets, cross_fitted_logits
from mcsurrogate.hadronization.weights_file import write_weights

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


def test_scores_are_derivatives_of_the_densities_of_the_plugin(restored, zpole, tmp_path):
    nominal = write(restored, tmp_path / "nominal.safetensors")
    slices = parameter_slices(restored)
    random = np.random.default_rng(1)
    shift = np.zeros(max(part.stop for part in slices.values()))
    for part in slices.values():
        shift[part] = 1e-3 * random.normal(size=part.stop - part.start)
    shift_parameters(restored, shift)
    varied = write(restored, tmp_path / "varied.safetensors")
    shift_parameters(restored, -shift)
    recording = tmp_path / "recording.safetensors"
    chain = PythiaChain(
        [
            *hadronization_settings(nominal),
            f"MCSurrogate:record = {recording}",
            f"MCSurrogate:variations = {{{varied}}}",
            *zpole,
            "HadronLevel:Decay = off",
        ],
        seed=2,
    )
    (batch,) = chain.generate(EVENTS, batch_size=EVENTS)
    weight = batch.weights[:, batch.weight_names.index("MCSurrogate.varied")]
    del chain
    recorded = ClusterRecording.read(recording)
    assert recorded.events == EVENTS
    scores = event_scores(restored, recorded)
    # First order in the shift; second order is some 1e-6 times the number of draws squared.
    expected = scores @ shift
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(np.log(weight), expected, atol=2e-3)
    # The mean of a score is zero: 4.5 standard deviations for some 400 parameters.
    error = scores.std(axis=0) / np.sqrt(EVENTS)
    used = (np.abs(scores) > 1e-3).sum(axis=0) > 50
    assert (np.abs(scores.mean(axis=0))[used] < 4.5 * error[used] + 1e-3).mean() > 0.97


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


def test_steps_stay_in_the_trust_region():
    step = moment_step(
        np.eye(3), np.eye(3), np.array([5.0, 0.0, 0.0]), np.full(3, 0.1),
        largest_divergence=0.02, prior=1.0,
    )  # fmt: skip
    assert step.divergence <= 0.0201
    assert step.shift[0] < 0


def test_fitting_lowers_the_deviation(restored, zpole, tmp_path):
    card = EventFitCard(settings=tuple(zpole), events=600, steps=2, last_divergence=1.5)
    fit = EventFit(restored, card, seed=3, folder=tmp_path)
    fit.run(lambda *_: None)
    assert fit.curve[-1]["chi2"] < 0.8 * fit.curve[0]["chi2"]
    again = EventFit(restored, card, seed=3, folder=tmp_path)
    assert again.resume()
    assert again.curve == fit.curve


def test_a_discriminator_improves_the_model(restored, zpole, tmp_path):
    card = EventFitCard(
        settings=tuple(zpole), events=600, steps=2, loss="adversarial", epochs=8,
        first_divergence=3.0, last_divergence=3.0,
    )  # fmt: skip
    fit = EventFit(restored, card, seed=4, folder=tmp_path)
    fit.run(lambda *_: None)
    first, last = (entry["discriminator_auc"] for entry in fit.curve)
    # Random weights are told from Pythia at once, and less well after a step.
    assert first > 0.75
    assert last < first


def test_equal_events_cannot_be_told_apart(zpole):
    chain = PythiaChain([*zpole, "HadronLevel:Decay = off"], seed=6)
    halves = list(chain.generate(2000, batch_size=1000))
    vocabulary = np.unique(np.concatenate([batch.pdg_id for batch in halves])).astype(np.int64)
    sets = [HadronSets.of_events(b.offsets, b.pdg_id, b.momenta, vocabulary) for b in halves]
    logits = cross_fitted_logits(sets[0], sets[1], species=len(vocabulary), seed=1, epochs=2)
    # Standard deviation of the area 0.013; false alarm 1e-4.
    assert abs(auc(*logits) - 0.5) < 3.9 * 0.013


def test_decay_products():
    table = decay_products([111, 211, 333, 310], decays=400, seed=1)
    assert table[211] == {211: 1.0, CHARGED: 1.0}
    assert table[111][111] == 1.0
    assert table[111][CHARGED] < 0.1  # Dalitz pairs
    # phi: 49% charged kaons in pairs; binomial error of 400 decays 0.05, false alarm 1e-4.
    assert table[333][321] == pytest.approx(2 * 0.49, abs=0.2)


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
