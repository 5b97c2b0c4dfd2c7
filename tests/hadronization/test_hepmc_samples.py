# SPDX-License-Identifier: GPL-3.0-or-later
"""Training data from HepMC files: clusters as particle 81, and primary hadrons of events."""

import json

import numpy as np
import pyhepmc
import pytest
from safetensors.numpy import load_file

from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.weights_file import read_model_card, write_weights
from mcsurrogate.hadronization import decay_clusters, train_hadronization
from mcsurrogate.hadronization.clusters.hepmc_samples import read_clusters, read_primary_hadrons
from mcsurrogate.hadronization.clusters.stored_networks import read_cluster_networks
from mcsurrogate.hadronization.fit_cards import EventFitCard
from mcsurrogate.hadronization.fitting.event_fit import EventFit
from mcsurrogate.hadronization.fitting.fitted_models import FittedClusters


def boosted(p, velocity):
    """[E, px, py, pz] in a frame that moves with -velocity."""
    square = velocity @ velocity
    gamma = 1.0 / np.sqrt(1.0 - square)
    along = p[..., 1:] @ velocity
    energy = gamma * (p[..., 0] + along)
    space = p[..., 1:] + (
        ((gamma - 1.0) * along / square + gamma * p[..., 0])[..., None] * velocity
    )
    return np.concatenate([energy[..., None], space], axis=-1)


def rotation(random):
    return np.linalg.qr(random.normal(size=(3, 3)))[0]


def particle(p, pdg_id, status):
    return pyhepmc.GenParticle((p[1], p[2], p[3], p[0]), int(pdg_id), status)


def write_clusters(path, sample, *, fission=False):
    """Clusters of a sample, each in a frame of its own, as events of one e+ e- annihilation."""
    random = np.random.default_rng(3)
    with pyhepmc.open(path, "w") as stream:
        for i in range(len(sample)):
            start, stop = sample.offsets[i : i + 2]
            mass = sample.mass[i]
            ends = np.array([[mass / 2, 0, 0, mass / 2], [mass / 2, 0, 0, -mass / 2]])
            p = np.concatenate([ends, sample.momenta[start:stop]])
            p = np.concatenate([p[:, :1], p[:, 1:] @ rotation(random).T], axis=1)
            p = boosted(p, random.uniform(-0.5, 0.5, size=3))
            whole = p[2:].sum(axis=0)
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            event.event_number = i
            beams = [particle(p[k], 11 - 22 * k, 4) for k in (0, 1)]
            partons = [particle(p[k], sample.ends[i, k], 2) for k in (0, 1)]
            cluster = particle(whole, 81, 2)
            hadrons = [
                particle(p[2 + k], sample.hadron_id[start + k], 1) for k in range(stop - start)
            ]
            vertices = [(beams, partons), (partons, [cluster])]
            if fission and len(hadrons) > 2:
                rest = particle(p[3:].sum(axis=0), 81, 2)
                vertices += [([cluster], [hadrons[0], rest]), ([rest], hadrons[1:])]
            else:
                vertices.append(([cluster], hadrons))
            for incoming, outgoing in vertices:
                vertex = pyhepmc.GenVertex((0, 0, 0, 0))
                for entry in incoming:
                    vertex.add_particle_in(entry)
                for entry in outgoing:
                    vertex.add_particle_out(entry)
                event.add_vertex(vertex)
            stream.write(event)


@pytest.fixture(scope="module")
def sample():
    ends = np.array([[2, -1], [1, 2101], [-3, 3]] * 40)
    ends[1::3] = [2203, 1]
    return decay_clusters("clusters_ahadic", ends, np.linspace(1.8, 4.0, 120), seed=4)


@pytest.mark.parametrize("fission", [False, True])
def test_clusters_come_back_in_their_rest_frames(sample, tmp_path, fission):
    path = tmp_path / "clusters.hepmc3"
    write_clusters(path, sample, fission=fission)
    read = read_clusters(path)
    np.testing.assert_array_equal(read.ends, sample.ends)
    np.testing.assert_array_equal(read.offsets, sample.offsets)
    np.testing.assert_array_equal(read.hadron_id, sample.hadron_id)
    np.testing.assert_allclose(read.mass, sample.mass, rtol=1e-6)
    # The azimuth about the axis is arbitrary; what has physics is kept.
    p, q = read.momenta, sample.momenta
    np.testing.assert_allclose(p[:, [0, 3]], q[:, [0, 3]], atol=1e-5)
    np.testing.assert_allclose(np.hypot(p[:, 1], p[:, 2]), np.hypot(q[:, 1], q[:, 2]), atol=1e-5)
    # Relative azimuths within a cluster are kept too: invariant masses of neighbours.
    pairs = np.flatnonzero(np.diff(np.repeat(np.arange(len(read)), np.diff(read.offsets))) == 0)
    square = [(p[pairs, 1:] * p[pairs + 1, 1:]).sum(axis=1) for p in (read.momenta, sample.momenta)]
    np.testing.assert_allclose(*square, atol=1e-4)


def test_files_without_clusters_are_refused(zpole, tmp_path):
    path = tmp_path / "events.hepmc"
    for _ in PythiaChain(zpole, seed=1).generate(5, hepmc=path):
        pass
    with pytest.raises(HadronizationError, match="of 0 particles 81"):
        read_clusters(path)


def test_primary_hadrons_are_those_of_the_same_events_without_decays(zpole, tmp_path):
    path = tmp_path / "events.hepmc"
    # Decays come after hadronization, so the first event is the same with and without.
    for _ in PythiaChain(zpole, seed=7).generate(1, hepmc=path):
        pass
    (batch,) = PythiaChain([*zpole, "HadronLevel:Decay = off"], seed=7).generate(1)
    read = read_primary_hadrons(path)
    assert len(read) == 1
    order = [np.lexsort((b.momenta[:, 0], b.pdg_id)) for b in (read, batch)]
    np.testing.assert_array_equal(read.pdg_id[order[0]], batch.pdg_id[order[1]])
    np.testing.assert_allclose(read.momenta[order[0]], batch.momenta[order[1]], atol=1e-5)


def test_events_without_decays_are_refused(zpole, tmp_path):
    path = tmp_path / "events.hepmc"
    for _ in PythiaChain([*zpole, "HadronLevel:Decay = off"], seed=1).generate(5, hepmc=path):
        pass
    with pytest.raises(HadronizationError, match="no decays"):
        read_primary_hadrons(path)


def test_a_fit_to_a_hepmc_sample(cluster_networks, zpole, tmp_path):
    state = {name: value.clone() for name, value in cluster_networks.state_dict().items()}
    path = tmp_path / "events.hepmc"
    for _ in PythiaChain(zpole, seed=9).generate(600, hepmc=path):
        pass
    card = EventFitCard(
        settings=tuple(zpole), sample=path, events=500, steps=2, last_divergence=1.5
    )
    try:
        fit = EventFit(FittedClusters(cluster_networks), card, seed=3, folder=tmp_path)
        fit.run(lambda *_: None)
        assert fit.curve[-1]["chi2"] < 0.8 * fit.curve[0]["chi2"]
        assert fit.summary()["sample"] == "events.hepmc"
    finally:
        cluster_networks.load_state_dict(state)


def test_a_model_is_trained_on_a_hepmc_file_and_refined(zpole, tmp_path):
    random = np.random.default_rng(8)
    quark = random.integers(1, 4, size=(1300, 2))
    ends = np.stack([quark[:, 0], -quark[:, 1]], axis=1)
    mass = random.uniform(1.3, 3.5, size=1300)
    path = tmp_path / "clusters.hepmc"
    write_clusters(path, decay_clusters("clusters_ahadic", ends, mass, seed=6))
    fit = {"settings": zpole, "events": 500, "steps": 1}
    steps = dict.fromkeys(("kind", "hadron", "peel", "pop", "mass", "angle"), 3)
    card = {
        "kind": "clusters",
        "name": "small",
        "decays": {"file": str(path), "lowest_cosine": 0},
        "training": {"hidden": 8, "bins": 4, "batch_size": 64, "steps": steps},
        "fit": fit,
        "refine": [fit, {**fit, "correlations": True, "directions": 1, "prior": 300.0}],
    }
    weights = train_hadronization(card, tmp_path / "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert [len(metrics[name]) for name in ("fit", "refine_1", "refine_2")] == [1, 1, 1]
    about = read_model_card(weights)
    assert about["trained_on"] == {"cluster_decays": "clusters.hepmc"}
    assert about["refine_2"]["parameters"] > about["refine_1"]["parameters"]
    # What the file holds can be trained further: reading and writing it changes nothing.
    networks = read_cluster_networks(weights)
    again = tmp_path / "small.safetensors"
    write_weights(
        again, model="clusters", tensors=networks.tensors(), metadata=networks.metadata(), card={}
    )
    first, second = load_file(weights), load_file(again)
    # The training adds what it has seen, which is no part of the networks.
    assert first.keys() - second.keys() == {"domain.singlets", "domain.share"}
    for name, values in second.items():
        np.testing.assert_array_equal(values, first[name])
