# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of events: their densities and scores are the plugin's own, event by event."""

import numpy as np
import pytest
import torch

from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import PythiaChain, write_weights
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.hadronization import BreakHistory, reweight
from mcsurrogate.hadronization.fitting.break_scores import break_parameters, break_scores
from mcsurrogate.hadronization.measured_tables import (
    STABLE,
    RecordedEvents,
    ratio_columns,
    read_tables,
    table_columns,
)
from mcsurrogate.hadronization.string_breaks.densities import history_log_densities
from mcsurrogate.hadronization.string_breaks.history import Draw
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks

EVENTS = 300


def recorded(settings, folder, variations=(), events=EVENTS):
    path = folder / "history.safetensors"
    chain = PythiaChain(
        [
            *hadronization_settings("string_breaks", variations),
            f"MCSurrogate:record = {path}",
            "MCSurrogate:recordEvents = on",
            *settings,
            "HadronLevel:Decay = off",
        ],
        seed=5,
    )
    (batch,) = chain.generate(events, batch_size=events)
    del chain
    return batch, BreakHistory.read(path)


def write(networks, path):
    write_weights(
        path, model="string_breaks", tensors=networks.tensors(), metadata=networks.metadata(),
        card={},
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def varied(zpole, tmp_path_factory):
    """Shipped weights moved along all parameters, events with their weight, and the change."""
    folder = tmp_path_factory.mktemp("history")
    networks = StringBreakNetworks.load("string_breaks")
    parameters = break_parameters(networks, recorded(zpole, folder)[1], 3)
    change = 3e-4 * np.random.default_rng(1).normal(size=parameters.size)
    parameters.shift(networks, change)
    path = write(networks, folder / "varied.safetensors")
    batch, history = recorded(zpole, folder, [path])
    weight = batch.weights[:, batch.weight_names.index("MCSurrogate.varied")]
    return parameters, change, path, history, weight


def test_histories_hold_every_draw_of_every_event(varied):
    _, _, _, history, _ = varied
    assert len(history) == EVENTS
    kinds, numbers = np.unique(history.codes[:, 0], return_counts=True)
    assert set(Draw) - set(kinds) <= {Draw.POPCORN}  # no diquark ends in Z decays
    # Calls of pick, pxy and zFrag in a Z event: 33, 30 and 27 (Pythia 8.317, 1000 events).
    per_event = dict(zip(kinds.tolist(), (numbers / EVENTS).tolist(), strict=True))
    assert per_event[Draw.PICK] == pytest.approx(33, rel=0.1)
    assert per_event[Draw.TRANSVERSE] == pytest.approx(30, rel=0.1)
    assert per_event[Draw.FRACTION] == pytest.approx(27, rel=0.1)


def test_reweighted_events_have_the_weights_of_the_run(varied):
    _, _, path, history, weight = varied
    found = reweight(history, path, drawn_from="string_breaks")
    assert np.abs(np.log(weight)).max() > 0.02
    # The plugin evaluates networks in float32: some 1e-6 for each of 150 draws.
    np.testing.assert_allclose(found.values, weight, rtol=2e-4)
    assert not found.fault
    assert found.effective_events > 0.99 * EVENTS


def test_scores_are_derivatives_of_the_densities_of_the_plugin(varied):
    parameters, change, _, history, weight = varied
    scores = break_scores(StringBreakNetworks.load("string_breaks"), history, parameters)
    # First order in the change, whose second order is some 1e-4.
    np.testing.assert_allclose(scores @ change, np.log(weight), atol=1e-3)


def test_events_of_pp_have_histories_too(tmp_path):
    settings = ["Beams:eCM = 13000", "PartonLevel:MPI = off"]
    jets = [*settings, "HardQCD:all = on", "PhaseSpace:pTHatMin = 20"]
    batch, history = recorded(jets, tmp_path, events=100)
    assert len(history) == len(batch)
    assert (history.codes[:, 0] == Draw.POPCORN).any()
    networks = StringBreakNetworks.load("string_breaks")
    assert np.isfinite(history_log_densities(networks, history)).all()
    # An event without strings has an empty history.
    batch, history = recorded([*settings, "SoftQCD:elastic = on"], tmp_path, events=5)
    assert np.diff(history.offsets).tolist() == [0] * len(batch)


def test_a_history_is_kept_as_npz(varied, tmp_path):
    _, _, _, history, _ = varied
    history.save(tmp_path / "history.npz")
    again = BreakHistory.load(tmp_path / "history.npz")
    for name in ("labels", "offsets", "codes", "values"):
        np.testing.assert_array_equal(getattr(again, name), getattr(history, name))
    content = (tmp_path / "history.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(content[: len(content) // 2])
    (tmp_path / "other.npz").write_bytes(b"")
    for name in ("cut.npz", "other.npz", "none.npz"):
        with pytest.raises(HadronizationError, match=name):
            BreakHistory.load(tmp_path / name)
    np.savez(tmp_path / "short.npz", labels=history.labels, offsets=history.offsets,
             codes=history.codes[:-1], values=history.values)  # fmt: skip
    with pytest.raises(HadronizationError, match="do not fit"):
        BreakHistory.load(tmp_path / "short.npz")


def test_uncovered_weights_are_told(varied, tmp_path):
    _, _, _, history, _ = varied
    networks = StringBreakNetworks.load("string_breaks")
    # Mesons of spin 1 alone: nearly all events hold a hadron that is never made.
    kept = [i for i, code in enumerate(networks.mesons) if code == 0 or code % 10 == 3]
    networks.mesons = tuple(networks.mesons[i] for i in kept)
    last = networks.meson.last
    last.weight.data, last.bias.data = last.weight.data[kept], last.bias.data[kept]
    found = reweight(history, write(networks, tmp_path / "few.safetensors"),
                     drawn_from="string_breaks")  # fmt: skip
    assert found.outside > 0.01 * found.draws
    assert "count for" in found.fault or "outside" in found.fault


def test_a_history_belongs_to_its_weights(varied):
    _, _, _, history, _ = varied
    with pytest.raises(HadronizationError, match="not string_breaks"):
        reweight(history, "clusters_monash", drawn_from="string_breaks")


def table_means(lines, events, seed, tables, history=None):
    """Event by event what tables hold, and the history if there is one."""
    chain = PythiaChain([*lines, *STABLE], seed=seed, keep_record=True)
    parts = [
        table_columns(RecordedEvents(batch.record), tables)
        for batch in chain.generate(events, batch_size=2000)
    ]
    del chain
    found, counts = (np.concatenate(x).astype(np.float64) for x in zip(*parts, strict=True))
    return ratio_columns(found, counts, tables), history and BreakHistory.read(history)


@pytest.mark.slow
def test_reweighted_spectra_are_those_of_new_events(zpole, tmp_path):
    # A quarter more strange quarks and 2% more transverse momentum: some 0.15 nats an event away.
    networks = StringBreakNetworks.load("string_breaks")
    with torch.no_grad():
        networks.pick.last.bias[2] += 0.25
        networks.transverse.last.bias[networks.components :] += 0.02
    other = write(networks, tmp_path / "other.safetensors")

    tables = [t for t in read_tables("ALEPH_1996_I428072") if t.definition.quantity != "mean"]
    path = tmp_path / "long.safetensors"
    record = [f"MCSurrogate:record = {path}", "MCSurrogate:recordEvents = on"]
    events = 20_000
    first = [*hadronization_settings("string_breaks"), *record, *zpole]
    before, history = table_means(first, events, 11, tables, path)
    after, _ = table_means([*hadronization_settings(other), *zpole], events, 12, tables)
    weights = reweight(history, other, drawn_from="string_breaks")
    assert events / 2 < weights.effective_events < 0.95 * events
    assert not weights.fault
    w = weights.values[:, None] / weights.values.mean()
    mean, wanted = (w * before).mean(axis=0), after.mean(axis=0)
    error = np.hypot((w * (before - mean)).std(axis=0), after.std(axis=0)) / np.sqrt(events)
    # Bins with at least some 25 entries: within 4.9 standard deviations (false alarm 1e-6 for each
    # of 500), and without a trend.
    used = error < 0.2 * wanted
    pull = (mean - wanted)[used] / error[used]
    assert used.sum() >= 300
    assert np.abs(pull).max() < 4.9
    assert (pull**2).mean() < 1.5
    before_pull = (before.mean(axis=0) - wanted)[used] / error[used]
    assert (before_pull**2).mean() > 1.6
