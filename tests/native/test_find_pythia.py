# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own Pythia is used when it is named, and every failure is one line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import pythia8mc

CONFIG = """#!/bin/sh
case "$1" in
  --libdir) echo {lib} ;;
  --includedir) echo {include} ;;
esac
"""


@pytest.fixture
def own_pythia(tmp_path):
    """An installation as Pythia's `make install` leaves it, around the library of the wheel."""
    for folder in ("bin", "lib", "include/Pythia8"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "lib" / "libpythia8.so").symlink_to(pythia8mc.__file__)
    release = round(1000 * pythia8mc.Pythia("", False).parm("Pythia:versionNumber"))
    header = tmp_path / "include" / "Pythia8" / "Pythia.h"
    header.write_text(f"#define PYTHIA_VERSION_INTEGER {release}\n")
    config = tmp_path / "bin" / "pythia8-config"
    config.write_text(CONFIG.format(lib=tmp_path / "lib", include=tmp_path / "include"))
    config.chmod(0o755)
    return tmp_path, release


def run(script: Path, *arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, str(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def complaint(script: Path, *arguments: object) -> str:
    result = run(script, *arguments)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_named_pythia_is_taken(own_pythia, build_scripts):
    prefix, release = own_pythia
    result = run(build_scripts / "find_pythia.py", "--config", prefix / "bin" / "pythia8-config")
    assert json.loads(result.stdout) == {
        "origin": "config",
        "include": str(prefix / "include"),
        "library": str(prefix / "lib" / "libpythia8.so"),
        "release": release,
        "cxx11_abi": 0,
    }


def test_headers_and_library_must_fit(own_pythia, build_scripts):
    prefix, release = own_pythia
    header = prefix / "include" / "Pythia8" / "Pythia.h"
    header.write_text("#define PYTHIA_VERSION_INTEGER 8313\n")
    config = prefix / "bin" / "pythia8-config"
    text = complaint(build_scripts / "find_pythia.py", "--config", config)
    assert "are of Pythia 8313" in text
    assert f"is Pythia {release}" in text


def test_what_is_missing_is_named(own_pythia, build_scripts):
    prefix, _ = own_pythia
    script, config = build_scripts / "find_pythia.py", prefix / "bin" / "pythia8-config"
    assert "PYTHIA8_CONFIG=/no/where is no program" in complaint(script, "--config", "/no/where")
    (prefix / "include" / "Pythia8" / "Pythia.h").unlink()
    assert "holds no Pythia8/Pythia.h" in complaint(script, "--config", config)
    (prefix / "lib" / "libpythia8.so").unlink()
    assert "with its shared library" in complaint(script, "--config", config)
    config.write_text("#!/bin/sh\necho unknown option >&2\nexit 1\n")
    assert "gives no answer: unknown option" in complaint(script, "--config", config)


def test_libraries_of_wheels_have_the_abi_of_pythia(build_scripts):
    script = build_scripts / "find_wheel_libraries.py"
    text = complaint(script, "--cxx11-abi", 1)
    if "not installed" in text:
        pytest.skip("the build requirements are only in the build environment")
    assert "_GLIBCXX_USE_CXX11_ABI=0 and Pythia has 1; set HEPMC3_ROOT" in text
    found = json.loads(run(script, "--cxx11-abi", 0).stdout)
    assert all(Path(path).exists() for path in found.values())


def test_a_named_hepmc3_must_be_there(build_scripts, tmp_path):
    script = build_scripts / "find_wheel_libraries.py"
    text = complaint(script, "--cxx11-abi", 0, "--hepmc3-root", tmp_path)
    assert f"HEPMC3_ROOT={tmp_path} holds no HepMC3" in text
