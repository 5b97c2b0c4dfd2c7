"""The exercises of CONTRIBUTING.md do what they say, and what it names is there."""

import re
from pathlib import Path

from mcsurrogate.validation import load_observables

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_the_files_that_it_names_are_there():
    named = re.findall(r"(?:mcsurrogate|tests|docs|validation|generators)/[\w./]+", PAGE)
    assert len(named) > 10
    assert not [path for path in named if not (ROOT / path.rstrip(".")).exists()]


def test_an_observable_is_one_file(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "photons.py"
    path.write_text(code, encoding="utf-8")
    (found,) = load_observables(path)
    assert (found.name, found.unit, len(found.edges)) == ("energy_in_photons", "GeV", 31)
    assert found.title.startswith("Energy in photons")


def test_pre_commit_makes_the_checks_of_make():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    checks = makefile.split("\ncheck:")[1].split("\nformat:")[0]
    made = re.findall(r"\$\(BIN\)/([\w-]+(?: check| format)?)", checks)
    assert made == ["ruff check", "ruff format", "clang-format", "mypy"]
    assert all(f"entry: .venv/bin/{check}" in hooks for check in made)
