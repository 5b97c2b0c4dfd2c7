# SPDX-License-Identifier: GPL-3.0-or-later
"""A wheel holds every module and data file, and a source package what a wheel is made from.

Both are made without compiling; libraries and the native module are installed by CMake.
"""

import importlib.util
import os
import re
import subprocess
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from scikit_build_core.build import build_sdist, build_wheel

ROOT = Path(__file__).parents[1]
LINKED = ("generators", "validation")


def kept(top: str) -> set[str]:
    """Files of a folder that git keeps or would keep, by their path in the repository."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", top],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = listing.stdout.splitlines()
    return {name for name in names if (ROOT / name).exists() and not name.endswith(".gitignore")}


def test_a_wheel_holds_every_module_and_data_file(tmp_path, monkeypatch):
    """What the links point to is in it, in the folders of the links."""
    monkeypatch.chdir(ROOT)
    name = build_wheel(str(tmp_path), {"wheel.cmake": "false", "build-dir": str(tmp_path / "b")})
    with zipfile.ZipFile(tmp_path / name) as wheel:
        found = {entry for entry in wheel.namelist() if ".dist-info/" not in entry}
    expected = kept("mcsurrogate") - {f"mcsurrogate/{folder}" for folder in LINKED}
    for folder in LINKED:
        expected |= {f"mcsurrogate/{path}" for path in kept(folder)}
    assert found == expected
    suffixes = {Path(path).suffix for path in found}
    assert suffixes >= {".py", ".pyi", ".safetensors", ".csv", ".json", ".j2"}
    assert "mcsurrogate/py.typed" in found


def test_a_source_package_keeps_the_links(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    name = build_sdist(str(tmp_path), {"build-dir": str(tmp_path / "b")})
    with tarfile.open(tmp_path / name) as package:
        members = {entry.name.partition("/")[2]: entry for entry in package.getmembers()}
    for folder in LINKED:
        assert members[f"mcsurrogate/{folder}"].linkname == os.path.join("..", folder)  # noqa: PTH118
    assert {
        path for top in ("mcsurrogate", "cpp_bindings", "cmake", *LINKED) for path in kept(top)
    } <= set(members)
    assert {"CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE"} <= set(members)


def test_the_version_comes_from_the_last_tag(tmp_path):
    spec = importlib.util.spec_from_file_location("tag", ROOT / "cmake" / "version_from_tag.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def git(*words):
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    def commit():
        git("commit", "-q", "--allow-empty", "-m", "change")

    git("init", "-q")
    commit()
    assert module.version(tmp_path, "0.2.0.dev0") == "0.2.0.dev0"
    git("tag", "-a", "v1.4.2", "-m", "release")
    assert module.version(tmp_path, "0") == "1.4.2"
    commit()
    commit()
    assert module.version(tmp_path, "0") == "1.4.3.dev2"
    git("tag", "-a", "v2-beta", "-m", "release")
    with pytest.raises(ValueError, match="v2-beta"):
        module.version(tmp_path, "0")
    (tmp_path / "PKG-INFO").write_text("Metadata-Version: 2.2\nName: x\nVersion: 1.4.3\n\nText\n")
    assert module.version(tmp_path, "0") == "1.4.3"


# Where conda-forge calls a package by another name.
CONDA_NAMES = {
    "isal": "python-isal",
    "matplotlib": "matplotlib-base",
    "torch": "pytorch",
    "typing-extensions": "typing_extensions",
}


def test_the_conda_package_asks_for_what_the_wheel_asks_for():
    recipe = yaml.safe_load((ROOT / "batch" / "conda" / "recipe.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = " ".join(recipe["build"]["script"]).split()
    asked = {"python": project["requires-python"]}
    for line in project["dependencies"]:
        name, bounds = re.fullmatch(r"([\w.-]+)([<>=\d.,]+).*", line).groups()
        if name not in installed:
            asked[CONDA_NAMES.get(name, name)] = bounds
    assert dict(line.split() for line in recipe["requirements"]["run"]) == asked
