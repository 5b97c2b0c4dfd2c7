# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights are what their training wrote: digest, and no finite nonsense, in plugin and Python."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mcsurrogate.errors import HadronizationError, PythiaError
from mcsurrogate.generators import PythiaChain, write_weights
from mcsurrogate.generators.hadronization import hadronization_settings, plugin_library
from mcsurrogate.generators.weights_file import (
    read_model_card,
    read_weights_header,
    shipped_weights,
    weights_path,
)


def lines(path, model):
    return [
        f"Init:plugins += {{{plugin_library()}::SurrogateHadronization}}",
        f"MCSurrogate:model = {model}",
        f"MCSurrogate:weights = {path}",
    ]


def refused_everywhere(path, model, words, zpole):
    with pytest.raises(HadronizationError, match=words):
        hadronization_settings(path)
    with pytest.raises(PythiaError, match=words):
        PythiaChain([*lines(path, model), *zpole], seed=1)


@pytest.mark.parametrize("name", shipped_weights())
def test_shipped_weights_are_those_of_their_model_card(name):
    assert len(read_model_card(name)["weights_sha256"]) == 64
    read_weights_header(weights_path(name))


@pytest.mark.parametrize("model", ["string_breaks", "clusters"])
def test_one_changed_bit_is_noticed(model, good, cluster_weights, zpole, tmp_path):
    source = {"string_breaks": good, "clusters": cluster_weights}[model]
    path = tmp_path / source.name
    card = path.with_suffix(".json")
    content = bytearray(source.read_bytes())
    path.write_bytes(content)
    card.write_bytes(source.with_suffix(".json").read_bytes())
    PythiaChain([*hadronization_settings(path), *zpole], seed=1)
    content[len(content) // 2 & ~3] ^= 1  # the lowest bit of a number
    path.write_bytes(content)
    refused_everywhere(path, model, "digest", zpole)
    card.write_text("{")
    refused_everywhere(path, model, "random.json", zpole)
    # Without a card there is nothing to compare with.
    card.unlink()
    PythiaChain([*hadronization_settings(path), *zpole], seed=1)


@pytest.mark.parametrize(
    ("model", "tensor"),
    [
        ("string_breaks", "meson.0.bias"),
        ("string_breaks", "fraction.range"),
        ("clusters", "formation.absorb"),
        ("clusters", "angle.1.weight"),
    ],
)
@pytest.mark.parametrize("value", [1e30, -1e4])
def test_finite_nonsense_is_refused(model, tensor, value, good, cluster_weights, zpole, tmp_path):
    source = {"string_breaks": good, "clusters": cluster_weights}[model]
    tensors = load_file(source)
    tensors[tensor].reshape(-1)[0] = value
    path = tmp_path / "nonsense.safetensors"
    save_file(tensors, path, metadata=read_weights_header(source))
    refused_everywhere(path, model, f"{tensor}.*what a training gives", zpole)
    with pytest.raises(HadronizationError, match=tensor):
        write_weights(path, model=model, tensors=tensors, metadata={}, card={})


def test_networks_that_reject_every_hadron_are_refused(good, zpole, tmp_path):
    # Pythia would draw again for ever.
    tensors = load_file(good)
    tensors["meson.1.bias"][tensors["meson.vocabulary"] == 0] = np.float32(50.0)
    path = tmp_path / "rejecting.safetensors"
    save_file(tensors, path, metadata=read_weights_header(good))
    with pytest.raises(PythiaError, match="rejects nearly all"):
        PythiaChain([*lines(path, "string_breaks"), *zpole], seed=1)
