# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the build, importable as they are when CMake runs them."""

import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "cmake"


@pytest.fixture(autouse=True)
def build_scripts(monkeypatch) -> Path:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    for name in ("library_symbols", "pythia_headers", "find_pythia", "find_wheel_libraries"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return SCRIPTS
