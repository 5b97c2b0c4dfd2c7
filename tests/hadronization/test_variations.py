# SPDX-License-Identifier: GPL-3.0-or-later
"""Event weights of other models: exact in the mean, and they give what a run with them gives."""

import hashlib
import re

import numpy as np
import pytest
import pythia8mc
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import attach_hadronization, hadronization_settings
from mcsurrogate.generators.weights_file import weights_path

EVENTS = 4000
KAONS = (311, 313, 321, 323)


def rewrite(path, *, name, shift=0.0, drop_range=False, without=None):
    """Shipped weights with the logit of strange quarks moved, under another name."""
    source = weights_path("string_breaks_monash")
    tensors = load_file(source)
    with safe_open(source, framework="np") as file:
        metadata = dict(file.metadata())
    tensors["pick.1.bias"] = tensors["pick.1.bias"] + np.eye(33, dtype=np.float32)[2] * shift
    if drop_range:
        tensors["fraction.range"] = tensors["fraction.range"] * np.float32(0.5)
    if without is not None:
        keep = tensors["meson.vocabulary"] != without
        for tensor in ("meson.vocabulary", "meson.1.weight", "meson.1.bias"):
            tensors[tensor] = np.ascontiguousarray(tensors[tensor][keep])
    save_file(tensors, path, metadata={**metadata, "mcsurrogate.name": name})
    return path


def run(settings, seed):
    (batch,) = PythiaChain([*settings, "HadronLevel:Decay = off"], seed=seed).generate(
        EVENTS, batch_size=EVENTS
    )
    event = np.repeat(np.arange(EVENTS), np.diff(batch.offsets))
    kaons = np.bincount(event[np.isin(np.abs(batch.pdg_id), KAONS)], minlength=EVENTS)
    return batch, kaons


def test_weights_give_the_varied_model(zpole, tmp_path):
    more = rewrite(tmp_path / "more.safetensors", name="more_strange", shift=0.05)
    same = rewrite(tmp_path / "same.safetensors", name="same")
    lines = [
        *hadronization_settings("string_breaks"),
        f"MCSurrogate:variations = {{{more},{same}}}",
        *zpole,
    ]
    batch, kaons = run(lines, seed=3)
    assert "MCSurrogate.more_strange" in batch.weight_names
    weight = batch.weights[:, batch.weight_names.index("MCSurrogate.more_strange")]
    np.testing.assert_allclose(
        batch.weights[:, batch.weight_names.index("MCSurrogate.same")], 1.0, atol=1e-6
    )
    # False alarms of 1e-4 each: 3.9 standard deviations.
    assert weight.std() > 0.01
    assert abs(weight.mean() - 1.0) < 3.9 * weight.std() / np.sqrt(EVENTS)

    _, direct = run([*hadronization_settings(more), *zpole], seed=4)
    reweighted = (weight * kaons).mean()
    error = np.hypot((weight * kaons).std(), direct.std()) / np.sqrt(EVENTS)
    assert abs(reweighted - direct.mean()) < 3.9 * error
    # The variation itself is visible with the weights: the same events, so a small error.
    shift = (weight - 1.0) * (kaons - kaons.mean())
    assert shift.mean() > 5.0 * shift.std() / np.sqrt(EVENTS)


def test_variations_do_not_change_the_events(zpole, tmp_path):
    same = rewrite(tmp_path / "same.safetensors", name="same")
    lines = hadronization_settings("string_breaks")
    plain, _ = run([*lines, *zpole], seed=5)
    varied, _ = run([*lines, f"MCSurrogate:variations = {{{same}}}", *zpole], seed=5)
    np.testing.assert_array_equal(plain.momenta, varied.momenta)


def coverage(nominal, variation, zpole, *, seed, events=100):
    """What is said of the coverage of a variation, and its weights."""
    lines = [*hadronization_settings(nominal, [variation]), *zpole]
    chain = PythiaChain([*lines, "HadronLevel:Decay = off"], seed=seed)
    (batch,) = chain.generate(events, batch_size=events)
    said = [text for text in chain.statistics.messages if "do not cover the variation" in text]
    return said, batch.weights[:, -1]


@pytest.mark.parametrize(
    "change",
    [{"shift": 3.0}, {"drop_range": True}, {"without": 213}],
    ids=["far away", "other masses", "no rho"],
)
def test_variations_without_coverage_are_said(change, zpole, tmp_path):
    other = rewrite(tmp_path / "other.safetensors", name="other", **change)
    said, _ = coverage("string_breaks", other, zpole, seed=1)
    assert len(said) == 1
    assert "MCSurrogate.other" in said[0]


def test_hadrons_that_only_the_variation_makes_are_said(zpole, tmp_path):
    nominal = rewrite(tmp_path / "nominal.safetensors", name="nominal", without=333)
    said, weight = coverage(nominal, "string_breaks_monash", zpole, seed=1, events=400)
    assert weight.mean() < 0.95
    assert len(said) == 1


@pytest.mark.parametrize("seed", range(1, 5))
def test_variations_with_coverage_are_not(seed, zpole, tmp_path):
    near = rewrite(tmp_path / "near.safetensors", name="near", shift=0.1 * seed - 0.25)
    said, weight = coverage("string_breaks", near, zpole, seed=seed)
    assert said == []
    assert weight.std() > 0.0


def test_a_hadron_that_the_variation_never_makes_has_no_weight(zpole, tmp_path):
    other = rewrite(tmp_path / "other.safetensors", name="other", without=213)
    lines = [*hadronization_settings("string_breaks", [other]), *zpole]
    (batch,) = PythiaChain([*lines, "HadronLevel:Decay = off"], seed=2).generate(
        200, batch_size=200
    )
    event = np.repeat(np.arange(200), np.diff(batch.offsets))
    rhos = np.bincount(event[np.abs(batch.pdg_id) == 213], minlength=200)
    assert (rhos > 0).sum() > 20
    assert (batch.weights[rhos > 0, -1] == 0.0).all()


def test_statistics_have_the_coverage_of_each_variation(zpole, tmp_path, capfd):
    near = rewrite(tmp_path / "near.safetensors", name="near", shift=0.2)
    far = rewrite(tmp_path / "far.safetensors", name="far", shift=3.0)
    pythia = pythia8mc.Pythia("", False)
    attach_hadronization(pythia, "string_breaks", [near, far])
    for line in [*zpole, "Print:quiet = on", "HadronLevel:Decay = off"]:
        assert pythia.readString(line)
    assert pythia.init()
    weights = []
    for _ in range(150):
        assert pythia.next()
        weights.append(list(pythia.infoPython().weightValueVector())[1:])
    capfd.readouterr()
    pythia.stat()
    printed = capfd.readouterr().out
    rows = re.findall(r"MCSurrogate\.(\w+) +(\d+) +(\S+) +(\S+) +(\S+) +(\d+)$", printed, re.M)
    assert [row[:2] for row in rows] == [("near", "150"), ("far", "150")]
    for row, w in zip(rows, np.array(weights).T, strict=True):
        found = [float(number) for number in row[2:5]]
        expected = [w.sum() ** 2 / (w**2).sum(), w.max(), w.mean()]
        np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert printed.count("no coverage") == 1
    digest = hashlib.sha256(weights_path("string_breaks_monash").read_bytes()).hexdigest()
    assert f"weights: string_breaks_monash, SHA-256 {digest}" in printed


def of_clusters(path, *, name, source="clusters_monash", masses=1.0, shift=0.0, order=1):
    """Shipped weights with other masses, rates of popped flavours, and order of the vertices."""
    file = weights_path(source)
    tensors = load_file(file)
    with safe_open(file, framework="np") as stream:
        metadata = dict(stream.metadata())
    tensors["vertex.mass"] = tensors["vertex.mass"] * np.float32(masses)
    tensors["pop.2.bias"] = tensors["pop.2.bias"] + np.eye(9, dtype=np.float32)[2] * shift
    for tensor in ("vertex.code", "vertex.mass", "formation.single_hadron", "hadron.2.weight",
                   "hadron.2.bias", "peel.2.weight", "peel.2.bias"):  # fmt: skip
        tensors[tensor] = np.ascontiguousarray(tensors[tensor][::order])
    save_file(tensors, path, metadata={**metadata, "mcsurrogate.name": name})
    return path


def cluster_weights_of(nominal, variation, zpole, *, seed, events):
    lines = [*hadronization_settings(nominal, [variation]), *zpole, "HadronLevel:Decay = off"]
    chain = PythiaChain(lines, seed=seed)
    (batch,) = chain.generate(events, batch_size=events)
    said = [text for text in chain.statistics.messages if "do not cover the variation" in text]
    return batch, batch.weights[:, -1], said


def test_vertices_are_known_by_what_they_are(zpole, tmp_path):
    other = of_clusters(tmp_path / "backwards.safetensors", name="backwards", order=-1)
    _, weight, said = cluster_weights_of("clusters_monash", other, zpole, seed=1, events=100)
    np.testing.assert_allclose(weight, 1.0, atol=1e-4)
    assert said == []


def test_clusters_with_other_masses_and_rates_are_reweighted(zpole, tmp_path):
    """Thresholds and bounds differ, densities are in GeV: the mean weight is 1 all the same."""
    nominal = of_clusters(tmp_path / "nominal.safetensors", name="nominal", masses=0.999)
    other = of_clusters(tmp_path / "other.safetensors", name="other", shift=0.15)
    events = 2500
    batch, weight, said = cluster_weights_of(nominal, other, zpole, seed=2, events=events)
    assert said == []
    assert weight.std() > 0.02
    # False alarms of 1e-4 each: 3.9 standard deviations.
    assert abs(weight.mean() - 1.0) < 3.9 * weight.std() / np.sqrt(events) + 0.005
    event = np.repeat(np.arange(events), np.diff(batch.offsets))
    kaons = np.bincount(event[np.isin(np.abs(batch.pdg_id), KAONS)], minlength=events)
    _, direct = run([*hadronization_settings(other), *zpole], seed=5)
    error = np.hypot((weight * kaons).std() / np.sqrt(events), direct.std() / np.sqrt(EVENTS))
    assert abs((weight * kaons).mean() - direct.mean()) < 3.9 * error


def test_clusters_with_more_hadrons_are_not_covered(zpole):
    _, weight, said = cluster_weights_of(
        "clusters_monash", "clusters_lep", zpole, seed=3, events=100
    )
    assert len(said) == 1
    assert np.isfinite(weight).all()
