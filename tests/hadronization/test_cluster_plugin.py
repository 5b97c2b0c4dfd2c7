# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters in Pythia: conservation laws, masks, seeds, threads, bad weights."""

import json
import struct

import numpy as np
import pytest
import pythia8mc
from safetensors.numpy import load_file, save_file

from mcsurrogate.errors import HadronizationError, PythiaError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import attach_hadronization, hadronization_settings
from mcsurrogate.hadronization import decay_clusters
from mcsurrogate.hadronization.clusters.flavours import CLUSTER_ENDS


@pytest.fixture
def weights(cluster_weights):
    return cluster_weights


def quark_content(code):
    """Net number of d, u, s, c, b quarks by Pythia's codes."""
    size, sign = abs(code), 1 if code > 0 else -1
    digits = [(size // 10**k) % 10 for k in (3, 2, 1)]
    net = np.zeros(6, dtype=int)
    if size == 0:
        return net
    if size < 10:
        net[size] = sign
    elif (size // 10) % 10 == 0:  # diquark
        for q in digits[:2]:
            net[q] += sign
    elif digits[0]:
        for q in digits:
            net[q] += sign
    elif digits[1] != digits[2]:
        quark, anti = digits[1:] if digits[1] % 2 == 0 else digits[:0:-1]
        net[quark] += sign
        net[anti] -= sign
    return net


def all_ends():
    signed = [*CLUSTER_ENDS, *(-c for c in CLUSTER_ENDS)]
    triplets = [c for c in signed if (c > 0) == (abs(c) < 10)]
    return np.array(
        [pair for t in triplets for a in signed if a not in triplets for pair in ((t, a), (a, t))]
    )


@pytest.mark.parametrize("kind", ["cluster_weights", "popcorn_weights"])
def test_every_cluster_conserves_flavour_and_momentum(kind, request):
    weights = request.getfixturevalue(kind)
    ends = np.tile(all_ends(), (30, 1))
    mass = np.random.default_rng(1).uniform(12.5, 16.0, len(ends))
    light = np.abs(ends).max(axis=1) <= 3
    mass[light] = np.random.default_rng(2).uniform(2.2, 40.0, light.sum())
    sample = decay_clusters(weights, ends, mass, seed=1)
    assert len(sample) > 0.999 * len(ends)
    total = np.add.reduceat(sample.momenta, sample.offsets[:-1])
    np.testing.assert_allclose(total[:, 0], sample.mass, rtol=1e-10)
    np.testing.assert_allclose(total[:, 1:], 0.0, atol=1e-9)
    codes, index = np.unique(sample.hadron_id, return_inverse=True)
    content = np.array([quark_content(int(c)) for c in codes])[index]
    found = np.add.reduceat(content, sample.offsets[:-1])
    codes, index = np.unique(sample.ends, return_inverse=True)
    wanted = np.array([quark_content(int(c)) for c in codes])[index.reshape(sample.ends.shape)]
    np.testing.assert_array_equal(found, wanted.sum(axis=1))


def test_popcorn_puts_a_meson_between_baryons(popcorn_weights):
    # (ud) with (uu)bar: without popcorn the baryon holds u and d; K+ in place of the u leaves (ds).
    sample = decay_clusters(
        popcorn_weights, np.tile([2101, -2203], (4000, 1)), np.full(4000, 6.0), seed=2
    )
    three = sample.take(np.flatnonzero(np.diff(sample.offsets) == 3))
    ids = three.hadron_id.reshape(-1, 3)
    assert ((ids == 321).any(axis=1) & np.isin(ids, [3112, 3114]).any(axis=1)).sum() > 0
    # Two diquarks never annihilate into mesons.
    baryons = np.add.reduceat(np.abs(sample.hadron_id) > 1000, sample.offsets[:-1])
    assert baryons.min() >= 2


@pytest.mark.parametrize("process", ["zpole", "dijets"])
def test_whole_events(weights, request, process):
    settings = [*hadronization_settings(weights), *request.getfixturevalue(process)]
    count = 300 if process == "zpole" else 40
    chain = PythiaChain([*settings, "HadronLevel:Decay = off"], seed=3)
    (batch,) = chain.generate(count, batch_size=count)
    assert len(batch) == count
    assert chain.statistics.failed == 0
    total = np.add.reduceat(batch.momenta, batch.offsets[:-1])
    energy = 91.2 if process == "zpole" else 13000.0
    np.testing.assert_allclose(total, [[energy, 0.0, 0.0, 0.0]] * count, atol=1e-5 * energy)
    codes, index = np.unique(batch.pdg_id, return_inverse=True)
    hadrons = np.where(np.abs(codes) > 100, codes, 0)
    content = np.array([quark_content(int(c)) for c in hadrons])[index]
    baryon = np.add.reduceat(content.sum(axis=1), batch.offsets[:-1])
    np.testing.assert_array_equal(baryon, 0 if process == "zpole" else 6)


def test_equal_seeds_give_equal_events(weights, zpole):
    lines = [*hadronization_settings(weights), *zpole]
    one, two, other = (
        next(iter(PythiaChain(lines, seed=seed).generate(50, batch_size=50))) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.momenta, two.momenta)
    np.testing.assert_array_equal(one.pdg_id, two.pdg_id)
    assert len(one.pdg_id) != len(other.pdg_id) or (one.pdg_id != other.pdg_id).any()


def test_threads_reproduce_single_runs(weights, zpole):
    def fingerprint(pythia):
        last = pythia.event[pythia.event.size() - 1]
        return pythia.event.size(), last.id(), last.e()

    parallel = pythia8mc.PythiaParallel("", False)
    attach_hadronization(parallel, weights)
    for line in [*zpole, "Print:quiet = on", "Parallelism:numThreads = 2",
                 "Parallelism:seeds = {1,2}", "Parallelism:balanceLoad = on"]:  # fmt: skip
        assert parallel.readString(line)
    assert parallel.init()
    events = {0: [], 1: []}
    parallel.run(
        60,
        lambda pythia: events[pythia.settings.mode("Parallelism:index")].append(
            fingerprint(pythia)
        ),
    )
    for index, found in events.items():
        single = pythia8mc.Pythia("", False)
        attach_hadronization(single, weights)
        for line in [*zpole, "Print:quiet = on", "Random:setSeed = on",
                     f"Random:seed = {index + 1}"]:  # fmt: skip
            assert single.readString(line)
        assert single.init()
        expected = []
        for _ in range(30):
            assert single.next()
            expected.append(fingerprint(single))
        assert found == expected


def test_hadrons_have_status_lifetime_and_mothers(weights, zpole):
    pythia = pythia8mc.Pythia("", False)
    attach_hadronization(pythia, weights)
    for line in [*zpole, "Print:quiet = on", "HadronLevel:Decay = off"]:
        assert pythia.readString(line)
    assert pythia.init()
    assert pythia.next()
    event = pythia.event
    hadrons = [event[i] for i in range(event.size()) if event[i].status() == 82]
    assert len(hadrons) > 3
    assert any(hadron.tau() > 0 for hadron in hadrons)
    for hadron in hadrons:
        mother = event[hadron.mother1()]
        assert mother.isQuark() or mother.isGluon()
        assert mother.status() < 0
        assert mother.daughter1() <= hadron.index() <= mother.daughter2()


def test_same_weights_as_a_variation_weigh_one(weights, zpole):
    lines = [*hadronization_settings(weights), f"MCSurrogate:variations = {{{weights}}}", *zpole]
    (batch,) = PythiaChain(lines, seed=4).generate(50, batch_size=50)
    column = batch.weight_names.index("MCSurrogate.random")
    np.testing.assert_allclose(batch.weights[:, column], 1.0, atol=1e-5)


def test_clusters_that_are_no_singlets():
    with pytest.raises(HadronizationError, match="triplet"):
        decay_clusters("lund", np.array([[1, 2]]), np.array([2.0]), seed=1)


def changed(good, target, *, tensors=None, metadata=None, drop=()):
    content = {k: v for k, v in load_file(good).items() if k not in drop}
    content.update(tensors or {})
    with good.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))["__metadata__"]
    header = {k: v for k, v in {**header, **(metadata or {})}.items() if v is not None}
    save_file(content, target, metadata=header)
    return target


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metadata": {"mcsurrogate.format": "2"}}, "format 2"),
        ({"metadata": {"spline.bins": "many"}}, "spline.bins"),
        ({"drop": ("pop.0.weight",)}, 'no network "pop"'),
        ({"drop": ("formation.absorb",)}, "formation.absorb"),
        ({"tensors": {"mass.norm": np.array([0.0, 0.0], np.float32)}}, "positive scale"),
        ({"tensors": {"hadron.2.bias": np.full(1, np.nan, np.float32)}}, "hadron.2"),
        ({"tensors": {"vertex.code": np.zeros((4, 2), np.int32)}}, "vertex.code"),
        ({"tensors": {"vertex.code": np.array([[1, 0, 2212]], np.int32),
                      "vertex.mass": np.ones(1, np.float32)}}, "does not hold"),
        ({"tensors": {"formation.share": np.zeros(5, np.float32)}}, "formation.share"),
        ({"tensors": {"kind.2.bias": np.full(4, 3e38, np.float32)}}, "overflows"),
    ],
)  # fmt: skip
def test_wrong_content(weights, zpole, tmp_path, change, words):
    path = changed(weights, tmp_path / "wrong.safetensors", **change)
    with pytest.raises(PythiaError) as caught:
        PythiaChain([*hadronization_settings(weights)[:2], f"MCSurrogate:weights = {path}", *zpole],
                    seed=1)  # fmt: skip
    assert words in str(caught.value)
    assert "wrong.safetensors" in str(caught.value)


@pytest.mark.parametrize("keep", [0, 100, 3000, 20000])
def test_truncated(weights, zpole, tmp_path, keep):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(weights.read_bytes()[:keep])
    lines = [*hadronization_settings(weights)[:2], f"MCSurrogate:weights = {path}"]
    with pytest.raises(PythiaError, match="truncated"):
        PythiaChain([*lines, *zpole], seed=1)
