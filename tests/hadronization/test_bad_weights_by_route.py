# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad weights on every road into Pythia: lines of a card, `attach_hadronization`, the command."""

import sys

import numpy as np
import pytest
import pythia8mc
from safetensors.numpy import load_file, save_file

from mcsurrogate.cli import main
from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators.hadronization import attach_hadronization, plugin_library
from mcsurrogate.generators.plugins import make_symbols_global
from mcsurrogate.generators.weights_file import read_weights_header

MODELS = ("string_breaks", "clusters")
BIAS = {"string_breaks": "pick.1.bias", "clusters": "kind.2.bias"}
CARD = """seed = 1
[process]
pythia = ["WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 1 2 3 4 5"]
[beams]
particles = ["e-", "e+"]
sqrt_s = "91.2 GeV"
[generation]
events = 10
[chain.surrogate]
hadronization = "{path}"
[chain.standard]
"""


@pytest.fixture(params=MODELS)
def model(request):
    return request.param


@pytest.fixture
def weights(model, good, cluster_weights):
    return {"string_breaks": good, "clusters": cluster_weights}[model]


def truncated(weights, path, _model):
    path.write_bytes(weights.read_bytes()[:5000])


def of_another_format(weights, path, _model):
    header = {**read_weights_header(weights), "mcsurrogate.format": "99"}
    save_file(load_file(weights), path, metadata=header)


def with_a_bias(weights, path, model, values):
    tensors = load_file(weights)
    tensors[BIAS[model]] = values(tensors[BIAS[model]])
    save_file(tensors, path, metadata=read_weights_header(weights))


def not_a_number(weights, path, model):
    with_a_bias(weights, path, model, lambda bias: np.full_like(bias, np.nan))


def of_another_shape(weights, path, model):
    with_a_bias(weights, path, model, lambda bias: bias[:-1])


def exit_code(card, out, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["mcsurrogate", "run", str(card), "--out", str(out)])
    with pytest.raises(SystemExit) as stop:
        main()
    return stop.value.code


FAULTS = {
    truncated: "truncated",
    of_another_format: "format 99",
    not_a_number: "NaN",
    of_another_shape: "shape",
}


@pytest.fixture(params=FAULTS, ids=lambda fault: fault.__name__)
def fault(request, weights, model, tmp_path):
    """A bad weights file and what must be said of it."""
    path = tmp_path / "bad.safetensors"
    request.param(weights, path, model)
    return path, FAULTS[request.param]


def lines(path, model, zpole):
    return [
        f"Init:plugins += {{{plugin_library()}::SurrogateHadronization}}",
        f"MCSurrogate:model = {model}",
        f"MCSurrogate:weights = {path}",
        *zpole,
    ]


def test_lines_of_a_card(fault, model, zpole, capfd):
    path, words = fault
    make_symbols_global()
    pythia = pythia8mc.Pythia("", False)
    for line in lines(path, model, zpole):
        pythia.readString(line)
    assert pythia.init() is False
    printed = "".join(capfd.readouterr())
    assert "bad.safetensors" in printed
    assert words in printed


def test_attach_hadronization(fault, zpole, capfd):
    path, words = fault
    pythia = pythia8mc.Pythia("", False)
    try:
        attach_hadronization(pythia, path)
    except HadronizationError as error:
        # What the header shows is told before Pythia begins.
        printed = str(error)
    else:
        for line in zpole:
            pythia.readString(line)
        assert pythia.init() is False
        printed = "".join(capfd.readouterr())
    assert "bad.safetensors" in printed
    assert words in printed or "deserializing" in printed


def test_command(fault, tmp_path, monkeypatch, capsys):
    path, _ = fault
    card = tmp_path / "card.toml"
    card.write_text(CARD.format(path=path), encoding="utf-8")
    assert exit_code(card, tmp_path / "run", monkeypatch) == 2
    printed = capsys.readouterr()
    assert "bad.safetensors" in printed.out + printed.err
    assert not (tmp_path / "run" / "events" / "surrogate.hepmc.zst").exists()


def test_unknown_name(model, zpole, tmp_path, monkeypatch, capfd):
    make_symbols_global()
    pythia = pythia8mc.Pythia("", False)
    for line in lines("no_such_weights", model, zpole):
        pythia.readString(line)
    assert pythia.init() is False
    assert "no_such_weights" in "".join(capfd.readouterr())
    with pytest.raises(HadronizationError, match="no_such_weights"):
        attach_hadronization(pythia8mc.Pythia("", False), "no_such_weights")
    card = tmp_path / "card.toml"
    card.write_text(CARD.format(path="no_such_weights"), encoding="utf-8")
    assert exit_code(card, tmp_path / "run", monkeypatch) == 2
    assert "no weights 'no_such_weights'" in "".join(capfd.readouterr())


def test_weights_of_the_other_model(model, good, cluster_weights, zpole, capfd):
    path = {"string_breaks": cluster_weights, "clusters": good}[model]
    make_symbols_global()
    pythia = pythia8mc.Pythia("", False)
    for line in lines(path, model, zpole):
        pythia.readString(line)
    assert pythia.init() is False
    assert "holds a model of kind" in "".join(capfd.readouterr())


def test_hadrons_that_pythia_does_not_know(cluster_weights, zpole, tmp_path, capfd):
    tensors = load_file(cluster_weights)
    codes = tensors["vertex.code"]
    # An excited proton, uud like the proton that it replaces.
    codes[codes[:, 2] == 2212, 2] = 9902212
    path = tmp_path / "excited.safetensors"
    save_file(tensors, path, metadata=read_weights_header(cluster_weights))
    make_symbols_global()
    pythia = pythia8mc.Pythia("", False)
    for line in lines(path, "clusters", zpole):
        pythia.readString(line)
    assert pythia.init() is False
    assert "9902212" in "".join(capfd.readouterr())
