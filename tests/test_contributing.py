# SPDX-License-Identifier: GPL-3.0-or-later
"""The exercises of CONTRIBUTING.md do what they say, and what it names is there."""

import math
import re
from pathlib import Path

from page_blocks import ROOT, blocks
from safetensors.torch import load_file

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.progress import silent
from mcsurrogate.run_folder import RunFolder
from mcsurrogate.stages import run_integration
from mcsurrogate.validation import load_observables

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_files_that_it_names_are_there():
    named = re.findall(r"(?:mcsurrogate|tests|docs|validation|generators)/[\w./]+", PAGE)
    assert len(named) > 10
    assert not [path for path in named if not (ROOT / path.rstrip(".")).exists()]


def test_an_observable_is_one_file(tmp_path):
    (block,) = blocks(ROOT / "CONTRIBUTING.md", "python")
    path = tmp_path / block.title
    path.write_text(block.code, encoding="utf-8")
    (found,) = load_observables(path)
    assert (found.name, found.unit, len(found.edges)) == ("energy_in_photons", "GeV", 31)
    assert found.title.startswith("Energy in photons")


def test_a_flow_family_is_one_file_and_one_key_of_a_card(gluons_to_tops, tmp_path, monkeypatch):
    """The integral is that of VEGAS+ within 4 standard deviations: false alarm 6e-5."""
    (flow,) = [block for block in blocks(ROOT / "docs" / "integration.md") if block.title]
    monkeypatch.chdir(tmp_path)
    Path(flow.title).write_text(flow.code, encoding="utf-8")
    (key,) = blocks(ROOT / "CONTRIBUTING.md", "toml")
    found = {}
    for name, extra in {"vegas": "", "madnis": key.code}.items():
        card = tmp_path / f"{name}.toml"
        card.write_text(gluons_to_tops(method=name, precision=0.01) + extra, encoding="utf-8")
        with RunFolder(tmp_path / name, load_card(card, RunCard), resume=False) as folder:
            found[name] = run_integration(folder, silent)
    assert load_file(tmp_path / "madnis" / "sampler.safetensors").keys() >= {"flow.log_power"}
    difference = found["madnis"]["cross_section_pb"] - found["vegas"]["cross_section_pb"]
    assert abs(difference) < 4 * math.hypot(*(result["error_pb"] for result in found.values()))


def test_pre_commit_makes_the_checks_of_make():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    checks = makefile.split("\ncheck:")[1].split("\nformat:")[0]
    made = re.findall(r"\$\(BIN\)/([\w-]+(?: check| format)?)", checks)
    assert made == ["ruff check", "ruff format", "clang-format", "mypy"]
    assert all(f"entry: .venv/bin/{check}" in hooks for check in made)
