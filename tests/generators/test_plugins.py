# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin that comes too late, is discarded or does not load is said, never left out."""

import pytest
import pythia8mc

from mcsurrogate.errors import EmulationError, HadronizationError, PythiaError
from mcsurrogate.generators import (
    PythiaChain,
    Rehadronizer,
    attach_hadronization,
    attach_matrix_element,
    hadronization_settings,
    plugin_library,
)
from mcsurrogate.generators.plugins import find_library, make_symbols_global

LEVELS = ("ProcessLevel:all = off",)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{library}::SurogateHadronization", "class SurogateHadronization not available"),
        ("/none/libother.so::SurrogateHadronization", "did not load a plugin"),
        ("{library}", "must at least specify library and class"),
    ],
)
@pytest.mark.parametrize("run", [PythiaChain, Rehadronizer])
def test_one_that_does_not_load_is_named(run, value, words):
    line = f"Init:plugins += {{{value.format(library=plugin_library())}}}"
    levels = LEVELS if run is PythiaChain else ()
    with pytest.raises(PythiaError, match=words):
        run([line, *levels], seed=1)


def test_a_second_line_must_not_discard_the_first():
    first, *rest = hadronization_settings()
    with pytest.raises(PythiaError, match="discards the plugin"):
        PythiaChain([first, *rest, "Init:plugins = {other.so::Other}", *LEVELS], seed=1)
    PythiaChain([first.replace("+=", "="), *rest, *LEVELS], seed=1)


MODEL, HOOK = "SurrogateHadronization", "SurrogateMatrixElement"
LIBRARIES = {
    "hadronization": "libmcsurrogate_hadronization.so",
    "matrix_element": "libmcsurrogate_matrix_element.so",
}


@pytest.mark.parametrize(
    ("lines", "missing"),
    [
        (["+= {hadronization}::SurogateHadronization"], MODEL),
        (["+= {hadronization}"], MODEL),
        (["+= {matrix_element}::SurrogateMatrixElements"], HOOK),
        ([f"= {{hadronization}}::{MODEL}", f"= {{matrix_element}}::{HOOK}"], MODEL),
        ([f"= {{matrix_element}}::{HOOK}", f"= {{hadronization}}::{MODEL}"], HOOK),
        ([f"+= {{hadronization}}::{MODEL}"], None),
        ([f"+= {{hadronization}}::{MODEL}::set"], None),
    ],
)
def test_pythia_by_itself_does_not_go_on_without_a_class_of_ours(lines, missing, capfd):
    make_symbols_global()
    pythia = pythia8mc.Pythia("", False)
    paths = {key: find_library(name) for key, name in LIBRARIES.items()}
    for line in lines:
        assert pythia.readString("Init:plugins " + line.format(**paths))
    for line in (*LEVELS, "Print:quiet = on"):
        assert pythia.readString(line)
    assert pythia.init() == (missing is None)
    said = capfd.readouterr().out
    assert ("does not name the class" in said) == (missing is not None)
    if missing is not None:
        assert f"does not name the class {missing}" in said


@pytest.mark.parametrize(
    ("attach", "argument", "error"),
    [
        (attach_hadronization, "lund", HadronizationError),
        (attach_matrix_element, "emulator.safetensors", EmulationError),
    ],
)
def test_attaching_after_init_is_refused(attach, argument, error):
    pythia = pythia8mc.Pythia("", False)
    for line in (*LEVELS, "Print:quiet = on"):
        assert pythia.readString(line)
    assert pythia.init()
    with pytest.raises(error, match="comes too late"):
        attach(pythia, argument)


def test_a_kind_of_model_and_a_folder_are_told_what_they_are(tmp_path):
    with pytest.raises(HadronizationError, match="clusters_ahadic or clusters_lep or clusters_mon"):
        hadronization_settings("clusters")
    with pytest.raises(HadronizationError, match="it is a folder"):
        hadronization_settings(tmp_path)
    with pytest.raises(HadronizationError, match="there is no such file"):
        hadronization_settings(tmp_path / "none.safetensors")
