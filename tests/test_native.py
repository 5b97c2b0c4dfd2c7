# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiled module is loaded against its own Pythia release or not at all."""

import importlib
import sys

import pytest

from mcsurrogate import native
from mcsurrogate.errors import NativeModuleError


@pytest.fixture
def fresh_loader():
    native.native_module.cache_clear()
    yield native.native_module
    native.native_module.cache_clear()


def test_releases_of_versions():
    assert native.pythia_release("8.317.2") == 8317
    assert native.pythia_release("8.316") == 8316
    with pytest.raises(NativeModuleError, match="no Pythia release"):
        native.pythia_release("unknown")


def test_another_release_is_refused_before_it_can_crash(fresh_loader, monkeypatch):
    build = importlib.import_module("mcsurrogate._native_build")
    installed = build.PYTHIA_VERSION_INTEGER
    monkeypatch.setattr(build, "PYTHIA_VERSION_INTEGER", 8999)
    words = rf"built for Pythia 8\.999 but .* is Pythia {installed / 1000:.3f}"
    with pytest.raises(NativeModuleError, match=words):
        fresh_loader()


@pytest.mark.parametrize(
    ("library", "words"),
    [("/no/libpythia8.so", "cannot open shared object"), ("libm.so.6", "undefined symbol")],
)
def test_a_library_that_is_no_pythia_is_refused(library, words, fresh_loader, monkeypatch):
    build = importlib.import_module("mcsurrogate._native_build")
    monkeypatch.setattr(build, "PYTHIA_LIBRARY", library)
    with pytest.raises(NativeModuleError, match=words):
        fresh_loader()


def test_a_missing_pythia_is_named(fresh_loader, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(NativeModuleError, match="pip install pythia8mc"):
        fresh_loader()


@pytest.mark.parametrize("name", ["mcsurrogate._native", "mcsurrogate._native_build"])
def test_a_missing_build_is_named(name, fresh_loader, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NativeModuleError, match="reinstall mcsurrogate"):
        fresh_loader()


def test_the_module_knows_its_release(fresh_loader):
    build = importlib.import_module("mcsurrogate._native_build")
    assert fresh_loader().PYTHIA_VERSION_INTEGER == build.PYTHIA_VERSION_INTEGER
