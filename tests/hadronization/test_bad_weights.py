# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights that cannot be used stop Pythia's initialisation with a message that says why."""

import json
import struct

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from mcsurrogate.errors import HadronizationError, PythiaError
from mcsurrogate.generators import PythiaChain
from mcsurrogate.generators.hadronization import (
    attach_hadronization,
    hadronization_settings,
    plugin_library,
)
from mcsurrogate.generators.weights_file import write_weights


def lines(path, model="string_breaks"):
    library = plugin_library()
    return [
        f"Init:plugins = {{{library}::SurrogateHadronization}}",
        f"MCSurrogate:model = {model}",
        f"MCSurrogate:weights = {path}",
    ]


def header_of(path):
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length))["__metadata__"]


def changed(good, target, *, tensors=None, metadata=None, drop=()):
    content = {k: v for k, v in load_file(good).items() if k not in drop}
    content.update(tensors or {})
    header = {**header_of(good), **(metadata or {})}
    save_file(content, target, metadata={k: v for k, v in header.items() if v is not None})
    return target


def refusal(settings):
    with pytest.raises(PythiaError) as caught:
        PythiaChain(settings, seed=1)
    return str(caught.value)


def test_good_weights_generate_events(good, zpole):
    (batch,) = PythiaChain([*lines(good), *zpole], seed=1).generate(50, batch_size=50)
    assert len(batch) == 50


@pytest.mark.parametrize("keep", [0, 4, 100, 3000, 12000])
def test_truncated(good, zpole, tmp_path, keep):
    path = tmp_path / "cut.safetensors"
    path.write_bytes(good.read_bytes()[:keep])
    message = refusal([*lines(path), *zpole])
    assert "cut.safetensors" in message
    assert "truncated" in message


def test_damaged_header(good, zpole, tmp_path):
    path = tmp_path / "damaged.safetensors"
    content = bytearray(good.read_bytes())
    content[20:24] = b"\x00{{,"
    path.write_bytes(content)
    assert "JSON header" in refusal([*lines(path), *zpole])


def test_missing_file(zpole, tmp_path):
    assert "cannot be opened" in refusal([*lines(tmp_path / "none.safetensors"), *zpole])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"metadata": {"mcsurrogate.format": "2"}}, "format 2"),
        ({"metadata": {"mcsurrogate.format": None}}, "not written by mcsurrogate"),
        ({"metadata": {"mcsurrogate.model": "clusters"}}, 'kind "clusters"'),
        ({"metadata": {"fraction.bins": "many"}}, "fraction.bins"),
        ({"drop": ("pick.0.weight",)}, 'no network "pick"'),
        ({"drop": ("fraction.range",)}, "fraction.range"),
        ({"tensors": {"fraction.norm": np.array([0.0, np.nan], np.float32)}}, "NaN"),
        ({"tensors": {"fraction.norm": np.array([0.0, 0.0], np.float32)}}, "positive scale"),
        ({"tensors": {"fraction.norm": np.zeros(2, np.float64)}}, "type F64"),
        ({"tensors": {"pick.1.weight": np.zeros((33, 31), np.float32)}}, "31"),
        ({"tensors": {"pick.1.bias": np.zeros(32, np.float32)}}, "shape (32)"),
        ({"tensors": {"meson.vocabulary": np.array([0, -5], np.int32)}}, "-5"),
        ({"tensors": {"fraction.2.bias": np.full(25, 3e38, np.float32),
                      "fraction.2.weight": np.full((25, 16), 3e38, np.float32)}}, "overflows"),
    ],
)  # fmt: skip
def test_wrong_content(good, zpole, tmp_path, change, words):
    path = changed(good, tmp_path / "wrong.safetensors", **change)
    message = refusal([*lines(path), *zpole])
    assert words in message
    assert "wrong.safetensors" in message


def test_unknown_model(good, zpole):
    assert 'MCSurrogate:model is "nonsense"' in refusal([*lines(good, "nonsense"), *zpole])


def test_every_corrupted_byte_of_the_header_is_survived(good, zpole, tmp_path):
    # Initialisation may succeed (a digit of a name nobody reads) but must never crash.
    content = good.read_bytes()
    random = np.random.default_rng(5)
    path = tmp_path / "flipped.safetensors"
    for position in random.integers(0, 2500, size=12):
        path.write_bytes(
            content[:position]
            + bytes([content[position] ^ int(random.integers(1, 256))])
            + content[position + 1 :]
        )
        try:
            PythiaChain([*lines(path), *zpole], seed=1)
        except PythiaError as error:
            assert "MCSurrogate" in str(error) or "did not make sense" in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("Fragmentation:model = 1", "Fragmentation:model"),
        ("VariationFrag:z = on", "VariationFrag:z"),
    ],
)
def test_settings_that_the_networks_do_not_know_are_refused(good, zpole, setting, words):
    assert words in refusal([*lines(good), *zpole, setting])


def test_names_that_are_not_shipped(tmp_path):
    with pytest.raises(HadronizationError, match="no weights 'nonsense'"):
        hadronization_settings("nonsense")
    with pytest.raises(HadronizationError, match="no weights"):
        hadronization_settings(tmp_path / "nothing.safetensors")


def test_a_path_that_pythia_cannot_hold(good, tmp_path):
    folder = tmp_path / "with space"
    folder.mkdir()
    path = folder / "weights.safetensors"
    path.write_bytes(good.read_bytes())
    with pytest.raises(HadronizationError, match="space"):
        hadronization_settings(path)


def test_attach_only_to_pythia8mc(good):
    with pytest.raises(HadronizationError, match="pythia8mc"):
        attach_hadronization(object(), good)


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    with pytest.raises(HadronizationError, match="NaN"):
        write_weights(
            tmp_path / "x.safetensors", model="string_breaks", metadata={}, card={},
            tensors={"a": np.array([np.inf], np.float32)},
        )  # fmt: skip
