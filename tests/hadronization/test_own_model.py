# SPDX-License-Identifier: GPL-3.0-or-later
"""A hadronization model of one's own: one new file with one registration, the package untouched."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from mcsurrogate.errors import CardError, PythiaError
from mcsurrogate.generators import (
    PythiaChain,
    hadronization_settings,
    plugin_library,
    read_model_card,
    write_weights,
)
from mcsurrogate.hadronization import read_hadronization_card, train_hadronization
from mcsurrogate.hadronization.cards import HadronizationCard
from mcsurrogate.hadronization.train import MODEL_KINDS, ModelKind

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "cpp_bindings"
EVENTS = 100


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The model, compiled into a library that is linked to the plugin."""
    pythia = json.loads(
        subprocess.run(
            [sys.executable, ROOT / "cmake" / "find_pythia.py"],
            check=True, capture_output=True, text=True,
        ).stdout
    )  # fmt: skip
    plugin = plugin_library()
    path = tmp_path_factory.mktemp("own") / "libflat_fractions.so"
    subprocess.run(
        [
            *("c++", "-std=c++20", "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Werror"),
            f"-D_GLIBCXX_USE_CXX11_ABI={pythia['cxx11_abi']}",
            *("-isystem", pythia["include"]),
            *(f"-I{SOURCES / room}" for room in ("hadronization", "networks")),
            Path(__file__).parent / "toy_model" / "flat_fractions.cpp",
            *(plugin, f"-Wl,-rpath,{plugin.parent}", "-o", path),
        ],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return path


def lines(library, *more):
    return [
        f"Init:plugins += {{{library}::SurrogateHadronization}}",
        "MCSurrogate:model = flat_fractions",
        *more,
    ]


def test_its_events_weights_and_recording(library, zpole, tmp_path):
    record = tmp_path / "singlets.txt"
    chain = PythiaChain([*lines(library, f"MCSurrogate:record = {record}"), *zpole], seed=1)
    (batch,) = chain.generate(EVENTS, batch_size=EVENTS)
    assert chain.statistics.failed == 0
    total = np.add.reduceat(batch.momenta, batch.offsets[:-1])
    np.testing.assert_allclose(total, [[91.2, 0.0, 0.0, 0.0]] * EVENTS, atol=1e-6)
    singlets = 2.0 * np.log(batch.weights[:, batch.weight_names.index("singlets")])
    np.testing.assert_allclose(singlets, singlets.round(), atol=1e-9)
    assert singlets.min() >= 1.0
    del chain
    assert int(record.read_text(encoding="utf-8")) == singlets.sum().round()
    (lund,) = PythiaChain([*hadronization_settings("lund"), *zpole], seed=1).generate(
        EVENTS, batch_size=EVENTS
    )
    assert len(lund.pdg_id) != len(batch.pdg_id)


def test_its_own_errors_and_the_models_that_there_are(library, zpole):
    with pytest.raises(PythiaError, match="flat_fractions has no weights"):
        PythiaChain([*lines(library, "MCSurrogate:weights = none"), *zpole], seed=1)
    with pytest.raises(PythiaError, match="clusters, flat_fractions, lund, string_breaks"):
        PythiaChain([*lines(library, "MCSurrogate:model = other"), *zpole], seed=1)


def test_without_its_library_it_is_unknown(zpole):
    with pytest.raises(PythiaError, match="it can be clusters, lund, string_breaks"):
        PythiaChain([*lines(plugin_library()), *zpole], seed=1)


class FlatCard(HadronizationCard):
    kind: Literal["flat_fractions"]
    width: float


def train_flat(card, out, *, progress, resume):
    assert not resume
    progress(1, 1, "done")
    write_weights(
        out / f"{card.name}.safetensors", model=card.kind, metadata={}, card={"name": card.name},
        tensors={"width": np.array([card.width], np.float32)},
    )  # fmt: skip


def test_its_training(tmp_path, monkeypatch):
    path = tmp_path / "flat.toml"
    path.write_text('kind = "flat_fractions"\nname = "flat"\nwidth = 0.3\n', encoding="utf-8")
    with pytest.raises(CardError, match="it can be string_breaks, clusters"):
        read_hadronization_card(path)
    monkeypatch.setitem(MODEL_KINDS, "flat_fractions", ModelKind(FlatCard, train_flat))
    weights = train_hadronization(read_hadronization_card(path), tmp_path / "run")
    assert weights.name == "flat.safetensors"
    assert read_model_card(weights)["training_seconds"] >= 0.0
    assert "MCSurrogate:model = flat_fractions" in hadronization_settings(weights)
