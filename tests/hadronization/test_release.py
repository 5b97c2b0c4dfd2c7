# SPDX-License-Identifier: GPL-3.0-or-later
"""A plugin that was compiled for another Pythia release is refused, in Python and by Pythia."""

import subprocess

import pytest
import pythia8mc

from mcsurrogate.errors import NativeModuleError, PythiaError
from mcsurrogate.generators import PythiaChain, attach_hadronization, hadronization

SOURCE = """
extern "C" bool CHECK_COMPILED_VERSION(int release) { return release == 8300; }
extern "C" bool CHECK_VERSION(int release) { return release == 8300; }
"""


@pytest.fixture(scope="module")
def other_release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("other")
    source, library = folder / "other.cpp", folder / "libmcsurrogate_hadronization.so"
    source.write_text(SOURCE, encoding="utf-8")
    subprocess.run(["c++", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def test_attaching_it_is_an_error(other_release, monkeypatch):
    monkeypatch.setattr(hadronization, "plugin_library", lambda: other_release)
    pythia = pythia8mc.Pythia("", False)
    with pytest.raises(NativeModuleError, match="another Pythia release"):
        attach_hadronization(pythia)


def test_a_card_with_it_does_not_initialise(other_release, zpole):
    lines = [
        f"Init:plugins = {{{other_release}::SurrogateHadronization}}",
        "MCSurrogate:model = string_breaks",
    ]
    with pytest.raises(PythiaError):
        PythiaChain([*lines, *zpole], seed=1)
