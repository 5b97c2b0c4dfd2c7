# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the cluster model: from recorded decays and from strings, resumable, checked."""

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mcsurrogate.cli import app
from mcsurrogate.errors import CardError, HadronizationError, RunFolderError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import hadronization_settings
from mcsurrogate.generators.weights_file import read_weights_header
from mcsurrogate.hadronization import decay_clusters, train_hadronization
from mcsurrogate.hadronization.clusters.flavours import CLUSTER_ENDS, POPPED
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks
from mcsurrogate.hadronization.clusters.steps import (
    ClusterSample,
    reference_masses,
    steps_of_clusters,
)
from mcsurrogate.hadronization.clusters.strings import steps_of_strings
from mcsurrogate.hadronization.clusters.tables import DecayTables, seen_vertices
from mcsurrogate.hadronization.clusters.training import ClusterTrainer

STEPS = {"kind": 40, "hadron": 40, "peel": 20, "pop": 20, "mass": 40, "angle": 40}


def some_clusters(count, seed=1):
    random = np.random.default_rng(seed)
    flavour = random.integers(1, 4, size=(count, 2))
    return np.stack([flavour[:, 0], -flavour[:, 1]], axis=1), random.uniform(1.5, 4.0, size=count)


@pytest.fixture(scope="module")
def sample():
    return decay_clusters("lund", *some_clusters(3000), seed=1)


def write_npz(sample, path, **changes):
    content = {
        "end_plus_z_id": sample.ends[:, 0],
        "end_minus_z_id": sample.ends[:, 1],
        "mass": sample.mass,
        "n_hadrons": np.diff(sample.offsets),
        "hadron_id": sample.hadron_id,
        "hadron_p4": sample.momenta,
        **changes,
    }
    np.savez(path, **{k: v for k, v in content.items() if v is not None})
    return path


def test_steps_balance(sample):
    steps = steps_of_strings(sample)
    number = np.diff(sample.offsets)
    # A chain of n hadrons has n - 1 steps; a few with popcorn mesons are left out.
    wanted = (number[number > 1] - 1).sum()
    assert 0.9 * wanted < len(steps) <= wanted
    assert (steps.mass > steps.masses.sum(axis=1) - 1e-6).all()
    assert (np.abs(steps.cosine) <= 1).all()
    assert ((steps.popped >= 0) & (steps.popped < len(POPPED))).all()
    assert (steps.first >= steps.second).all()
    singles = (steps.products != 0).sum(axis=1)
    np.testing.assert_array_equal(singles, np.array([2, 1, 1, 0])[steps.kind])


def test_popcorn_mesons_stay_where_they_are():
    # d, (ud)bar of the baryon's partner and so on: p, pi+ and an antiproton's isospin partner.
    ids = np.array([2212, 211, -2224])  # u (ud) | (ud)bar -> pi+ | ... Delta++bar
    ends, offsets = np.array([[2, -2]]), np.array([0, 3])
    pz = np.array([2.0, 0.0, -2.0])
    mass = np.array([0.938, 0.1396, 1.232])
    momenta = np.column_stack([np.sqrt(mass**2 + pz**2), 0 * pz, 0 * pz, pz])
    whole = momenta[:, 0].sum(keepdims=True)
    sample = ClusterSample(ends, whole, offsets, ids, momenta)
    steps = steps_of_strings(sample, popcorn=True)
    assert len(steps) == 2
    with pytest.raises(HadronizationError, match="order of flavours"):
        steps_of_strings(sample)


def test_two_hadrons_are_one_step(sample):
    pairs = sample.take(np.flatnonzero(np.diff(sample.offsets) == 2))
    steps = steps_of_clusters(pairs)
    assert len(steps) > 0.99 * len(pairs)
    assert (steps.kind == 0).all()
    # By hand: u dbar to pi+ pi0 has a popped u between u(pi0)... or d between u(pi+).
    ends, hadrons = np.array([[2, -1]]), np.array([211, 111])
    p = np.sqrt(1.0 - 0.13957**2)
    momenta = np.array([[1.0, 0, 0, p], [np.sqrt(p**2 + 0.13498**2), 0, 0, -p]])
    one = ClusterSample(ends, momenta[:, 0].sum(keepdims=True), np.array([0, 2]), hadrons, momenta)
    step = steps_of_clusters(one)
    assert CLUSTER_ENDS[int(step.first[0])] == 2
    assert POPPED[int(step.popped[0])] == 1
    assert step.products.tolist() == [[211, 111]]
    assert step.cosine[0] == pytest.approx(1.0)


def trainer(sample, path):
    steps = steps_of_strings(sample)
    torch.manual_seed(3)
    networks = ClusterNetworks(
        DecayTables.build(seen_vertices(steps), reference_masses(sample, 0.02)),
        hidden=8, bins=4, lowest=-1.0, centre=0.7, scale=0.5,
    )  # fmt: skip
    return ClusterTrainer(
        networks, steps, steps.take(np.arange(0, len(steps), 5)), optimiser_steps=STEPS,
        batch_size=128, learning_rate=0.02, seed=2, checkpoint=path,
    )  # fmt: skip


def test_the_likelihood_rises(sample):
    run = trainer(sample, None)
    before = {name: run.held_out_loss(name) for name in ("hadron", "angle", "mass", "kind")}
    run.run()
    for name, loss in before.items():
        assert run.held_out_loss(name) < loss - 0.01


def test_a_killed_training_resumes_bit_for_bit(sample, tmp_path):
    whole = trainer(sample, None).run()

    class Killed(Exception):  # noqa: N818
        pass

    def kill(name, _done, _total):
        if name == "mass":
            raise Killed

    part = trainer(sample, tmp_path / "checkpoint")
    with pytest.raises(Killed):
        part.run(kill)
    again = trainer(sample, tmp_path / "checkpoint")
    assert again.resume()
    resumed = again.run()
    for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mass": None}, "lack the arrays mass"),
        ({"hadron_id": np.array([211, -211])}, "do not fit together"),
        ({"hadron_p4": np.zeros((3, 4))}, "hadron_p4"),
    ],
)
def test_bad_decay_files(sample, tmp_path, changes, words):
    path = write_npz(sample, tmp_path / "decays.npz", **changes)
    with pytest.raises(HadronizationError, match=words):
        ClusterSample.read(path)


def test_decays_that_do_not_conserve_momentum(sample, tmp_path):
    path = write_npz(sample, tmp_path / "decays.npz", hadron_p4=1.1 * sample.momenta)
    with pytest.raises(HadronizationError, match="do not conserve momentum"):
        ClusterSample.read(path)


def card(path):
    return (
        f'kind = "clusters"\nname = "tiny"\nseed = 3\n[decays]\nfile = "{path}"\n'
        "[training]\nhidden = 8\nbins = 4\nbatch_size = 64\n"
        "[training.steps]\nkind = 5\nhadron = 5\npeel = 5\npop = 5\nmass = 5\nangle = 5\n"
    )


def test_from_card_to_events(sample, zpole, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(card(write_npz(sample, tmp_path / "decays.npz")))
    arguments = ["train", "hadronization", str(path), "--out", str(tmp_path / "run")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    weights = tmp_path / "run" / "tiny.safetensors"
    assert read_weights_header(weights)["mcsurrogate.model"] == "clusters"
    lines = [*hadronization_settings(weights), *zpole]
    (batch,) = PythiaChain(lines, seed=1).generate(20, batch_size=20)
    assert len(batch) == 20
    with pytest.raises(RunFolderError, match="--resume"):
        train_hadronization(
            {"kind": "clusters", "name": "tiny", "seed": 3,
             "decays": {"file": str(tmp_path / "decays.npz")},
             "training": {"hidden": 8, "bins": 4, "batch_size": 64,
                          "steps": dict.fromkeys(STEPS, 5)}},
            tmp_path / "run",
        )  # fmt: skip


def test_cards_need_one_source(tmp_path):
    with pytest.raises(CardError, match="either"):
        train_hadronization({"kind": "clusters", "name": "none"}, tmp_path / "run")
