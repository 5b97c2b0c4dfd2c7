# SPDX-License-Identifier: GPL-3.0-or-later
"""Adversarial training of whole networks: moves all of them, resumes bit for bit, repairs."""

import copy

import numpy as np
import pytest
import torch

from mcsurrogate.classifiers import auc
from mcsurrogate.errors import CardError, HadronizationError
from mcsurrogate.hadronization import train_hadronization
from mcsurrogate.hadronization.clusters.stored_networks import read_cluster_networks
from mcsurrogate.hadronization.fit_cards import AdversarialCard
from mcsurrogate.hadronization.fitting.adversarial import AdversarialTraining
from mcsurrogate.hadronization.fitting.event_samples import hadronized_twice
from mcsurrogate.hadronization.fitting.fitted_models import FittedClusters
from mcsurrogate.hadronization.fitting.set_discriminator import (
    HadronSets,
    cross_fitted_logits,
    hadron_features,
)
from mcsurrogate.progress import silent

HEADS = ("kind", "hadron", "peel", "pop", "mass", "angle")


def training(networks, zpole, folder, **settings):
    card = AdversarialCard(settings=tuple(zpole), **settings)
    folder.mkdir(exist_ok=True)
    return AdversarialTraining(FittedClusters(networks), card, seed=7, folder=folder)


def test_a_killed_training_goes_on_bit_for_bit_and_moves_every_network(
    cluster_networks, zpole, tmp_path
):
    settings = {"events": 100, "steps": 2, "warm_up": 1, "averaged": 1, "learning_rate": 0.01}
    whole, killed = copy.deepcopy(cluster_networks), copy.deepcopy(cluster_networks)
    training(whole, zpole, tmp_path / "whole", **settings).run(silent)

    def stop(done, _total, _what):
        if done == 2:
            first._save()
            raise KeyboardInterrupt

    first = training(killed, zpole, tmp_path / "killed", **settings)
    with pytest.raises(KeyboardInterrupt):
        first.run(stop)
    resumed = copy.deepcopy(cluster_networks)
    second = training(resumed, zpole, tmp_path / "killed", **settings)
    assert second.resume()
    second.run(silent)
    before, after = cluster_networks.state_dict(), whole.state_dict()
    assert all(torch.equal(after[name], value) for name, value in resumed.state_dict().items())
    moved = {name for name, value in before.items() if not torch.equal(after[name], value)}
    for head in HEADS:
        assert {f"{head}.layers.{i}.weight" for i in range(3)} <= moved
    assert {"formation.flavour", "formation.absorb", "formation.share", "exponent"} <= moved
    assert [set(entry) >= {"auc"} for entry in second.curve] == [True] * 3


def test_features_have_the_derivatives_of_finite_differences():
    random = np.random.default_rng(4)
    p = random.normal(size=(12, 3)) * [1.0, 1.0, 8.0]
    momenta = np.column_stack([np.sqrt((p**2).sum(axis=1) + 0.02), p])
    offsets = torch.tensor([0, 7, 12])
    direction = torch.from_numpy(random.normal(size=momenta.shape))
    weight = torch.from_numpy(random.normal(size=(12, 6)))
    leaf = torch.from_numpy(momenta).requires_grad_()

    def value(x):
        return (hadron_features(x, offsets).double() * weight).sum()

    (gradient,) = torch.autograd.grad(value(leaf), leaf)
    step = 1e-3
    with torch.no_grad():
        expected = (value(leaf + step * direction) - value(leaf - step * direction)) / (2 * step)
    assert float((gradient * direction).sum()) == pytest.approx(float(expected), rel=5e-3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": "clusters_monash"}, "start needs"),
        ({}, "give either"),
        (
            {
                "start": "clusters_monash",
                "adversarial": {"settings": [], "steps": 10, "averaged": 20},
            },
            "averaged over 20 of 10",
        ),
    ],
)
def test_cards_that_cannot_be(change, said, tmp_path):
    with pytest.raises(CardError, match=said):
        train_hadronization({"kind": "clusters", "name": "x", **change}, tmp_path / "out")


def test_a_start_that_is_no_cluster_model(zpole, tmp_path):
    card = {
        "kind": "clusters",
        "name": "x",
        "start": "string_breaks_monash",
        "adversarial": {"settings": zpole, "steps": 1, "averaged": 1},
    }
    with pytest.raises(HadronizationError, match="not clusters"):
        train_hadronization(card, tmp_path / "out")


def told_apart(run, folder, zpole):
    """Area of a classifier that is trained for nothing else, on events that no training saw."""
    sample = hadronized_twice(run.model, zpole, 3000, seed=999, folder=folder)
    mine, other = sample.batch, sample.target
    vocabulary = np.unique(np.concatenate([mine.pdg_id, other.pdg_id]))
    sets = HadronSets.of_events(
        np.concatenate([mine.offsets, mine.offsets[-1] + other.offsets[1:]]),
        np.concatenate([mine.pdg_id, other.pdg_id]),
        np.concatenate([mine.momenta, other.momenta]),
        vocabulary,
    )
    logits = cross_fitted_logits(
        sets, np.arange(len(sets)) >= len(mine), species=len(vocabulary), seed=1, epochs=6
    )
    return auc(logits[len(mine) :], logits[: len(mine)])


@pytest.mark.slow
def test_training_repairs_a_bad_start(zpole, tmp_path):
    networks = read_cluster_networks("clusters_monash")
    torch.manual_seed(1)
    with torch.no_grad():
        for head in HEADS:
            bias = getattr(networks, head).last.bias
            bias.add_(0.4 * torch.randn_like(bias))
    folder = tmp_path / "run"
    run = training(networks, zpole, folder, events=1000, steps=20, warm_up=5, averaged=10)
    before = told_apart(run, folder, zpole)
    run.run(silent)
    after = told_apart(run, folder, zpole)
    # Each area has an error of 0.007: the difference below is seven standard deviations.
    assert before > 0.70
    assert after < before - 0.07
