# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of string breaks to whole events of another tune."""

import json

import numpy as np
import pytest
import torch

from mcsurrogate.errors import CardError
from mcsurrogate.generators import PythiaChain, hadronization_settings
from mcsurrogate.hadronization import train_hadronization
from mcsurrogate.hadronization.fit_cards import AddedHadron
from mcsurrogate.hadronization.string_breaks.added_hadrons import add_hadrons
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks

OTHER_TUNE = ["StringZ:aLund = 0.4", "StringPT:sigma = 0.4", "StringFlav:probStoUD = 0.3"]


def card(settings, **fit):
    return {
        "kind": "string_breaks",
        "name": "fitted",
        "start": "string_breaks_monash",
        "fit": {"settings": tuple(settings), "first_divergence": 2.0, "last_divergence": 0.2,
                "prior": 20.0, **fit},
    }  # fmt: skip


def test_a_fit_moves_towards_another_tune(zpole, tmp_path):
    far = [*OTHER_TUNE[:2], "StringFlav:probStoUD = 0.6", "StringFlav:probQQtoQ = 0.2"]
    fit = card([*zpole, *far], events=500, steps=2, last_divergence=1.0)
    train_hadronization(fit, tmp_path)
    curve = json.loads((tmp_path / "metrics.json").read_text())["fit"]
    assert curve[1]["chi2"] < 0.6 * curve[0]["chi2"]
    about = json.loads((tmp_path / "fitted.json").read_text())
    assert about["start"] == "string_breaks_monash"
    assert len(about["start_sha256"]) == 64


def means(lines, events, seed):
    """Charged particles, kaons, protons, mean pT and xi of primary hadrons, with errors."""
    (batch,) = PythiaChain([*lines, "HadronLevel:Decay = off"], seed=seed).generate(
        events, batch_size=events
    )
    event = np.repeat(np.arange(events), np.diff(batch.offsets))
    code, size = np.abs(batch.pdg_id), np.linalg.norm(batch.momenta[:, 1:], axis=1)

    def total(values):
        return np.bincount(event, values, minlength=events)

    number = total(np.ones(len(event)))
    tensor = np.zeros((events, 3, 3))
    for i in range(3):
        for j in range(3):
            tensor[:, i, j] = total(batch.momenta[:, 1 + i] * batch.momenta[:, 1 + j])
    columns = [number, total(np.log(45.6 / size)) / number,
               np.log(np.maximum(np.linalg.eigvalsh(tensor)[:, 0], 1e-12) / number)]  # fmt: skip
    columns += [total(code == c) for c in (211, 213, 321, 313, 2212, 3122)]
    values = np.stack(columns, axis=1)
    return values.mean(axis=0), values.std(axis=0) / np.sqrt(events)


@pytest.mark.slow
def test_a_fit_recovers_another_tune(zpole, tmp_path):
    fit = card([*zpole, *OTHER_TUNE], events=8000, steps=10, directions=3, averaged=4)
    weights = train_hadronization(fit, tmp_path)
    wanted, error = means([*zpole, *OTHER_TUNE], 20_000, 101)
    start, _ = means([*hadronization_settings("string_breaks"), *zpole], 20_000, 102)
    found, own = means([*hadronization_settings(weights), *zpole], 20_000, 102)
    error = np.hypot(error, own)
    assert (np.abs(start - wanted) / error).max() > 20
    # Nine means within 1% or 4.3 standard deviations: false alarm 1e-4 at most.
    assert (np.abs(found - wanted) < np.maximum(4.3 * error, 0.01 * np.abs(wanted))).all()


def test_networks_are_read_as_they_were_written():
    networks = StringBreakNetworks.load("string_breaks")
    again = StringBreakNetworks(networks.mesons, networks.baryons, networks.fraction)
    again.load_state_dict(networks.state_dict())
    again.range = networks.range
    for name, tensor in networks.tensors().items():
        np.testing.assert_array_equal(again.tensors()[name], tensor)
    x = torch.tensor([0.1])
    index = torch.tensor([1])
    assert networks.fraction.log_density(index, index, x, torch.tensor([0.5])).isfinite().all()


def test_added_hadrons_are_made_like_others():
    networks = StringBreakNetworks.load("string_breaks")
    before = networks.meson(torch.eye(10)[:1])
    add_hadrons(networks, [AddedHadron(hadron=9000211, like=213, rate=0.5)])
    after = networks.meson(torch.eye(10)[:1])
    place = networks.mesons.index(213)
    torch.testing.assert_close(after[:, :-1], before)
    torch.testing.assert_close(after[:, -1], before[:, place] + np.log(0.5))
    for hadron, like, words in (
        (9000211, 213, "already"), (9010221, 213, "flavours"), (225, 999, "to be like"),
    ):  # fmt: skip
        with pytest.raises(CardError, match=words):
            add_hadrons(networks, [AddedHadron(hadron=hadron, like=like, rate=1.0)])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fit": None}, "start needs"),
        ({"recordings": ({"settings": ("a = b",), "events": 1},)}, "either"),
        ({"start": None}, "either"),
        ({"training": {"members": 2}}, "members"),
    ],
)
def test_bad_cards_are_refused(zpole, tmp_path, change, words):
    with pytest.raises(CardError, match=words):
        train_hadronization({**card(zpole), **change}, tmp_path)
