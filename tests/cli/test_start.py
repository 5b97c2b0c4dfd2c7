# SPDX-License-Identifier: GPL-3.0-or-later
"""The command starts light: what computes is imported when the input has been checked."""

import json
import os
import subprocess
import sys

import pytest

HEAVY = (
    "torch", "matplotlib", "scipy", "normflows", "awkward", "fastjet", "particle", "pyhepmc",
    "h5py", "pylhe", "pythia8mc",
)  # fmt: skip
# Prints, after each command in turn, its exit code and which heavy modules are there.
PROGRAM = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from mcsurrogate.cli import main

commands, heavy = json.loads(sys.argv[1])
found = []
for words in commands:
    sys.argv = ["mcsurrogate", *words]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
    found.append([words, code, sorted(set(heavy) & set(sys.modules))])
print(json.dumps(found))
"""
BAD_CARD = "seed = 1\n[process]\ndefinitoin = 'p p > t t~'\n"
COMMANDS = (
    "integrate",
    "generate",
    "run",
    "shower",
    "convert",
    "pack",
    "merge",
    "validate",
    "index",
    "plugin",
    "info",
    "train",
)
CARD_COMMANDS = (
    ["integrate"], ["generate"], ["run"], ["train", "emulator"], ["train", "hadronization"],
)  # fmt: skip
HADRONIZATION_CARDS = ("kind = 'string_breaks'\nsteps = 3\n", "kind = 'clusters'\nname = 3\n")


def start(commands):
    """Exit code and heavy modules of each command, all in one process."""
    arguments = json.dumps([commands, HEAVY])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, arguments], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_help_and_plugin_import_nothing_heavy():
    commands = [
        ["--version"],
        ["--help"],
        *([name, "--help"] for name in COMMANDS),
        ["train", "emulator", "--help"],
        ["train", "hadronization", "--help"],
        ["plugin"],
        ["plugin", "--model", "lund"],
    ]
    assert start(commands) == [[words, 0, []] for words in commands]


def test_a_mistake_is_found_before_anything_heavy_is_imported(tmp_path):
    card = tmp_path / "bad.toml"
    card.write_text(BAD_CARD, encoding="utf-8")
    for kind, content in enumerate(HADRONIZATION_CARDS):
        (tmp_path / f"{kind}.toml").write_text(content, encoding="utf-8")
    commands = [
        *(["train", "hadronization", str(tmp_path / f"{kind}.toml")] for kind in range(2)),
        ["--no-such-option"],
        ["no_such_command"],
        ["integrate"],
        ["plugin", "--model", "no_such_model"],
        ["plugin", "--emulator", str(tmp_path / "none.safetensors")],
        *([*words, str(card)] for words in CARD_COMMANDS),
        *([*words, str(tmp_path / "none.toml")] for words in CARD_COMMANDS),
    ]
    assert start(commands) == [[words, 2, []] for words in commands]


def test_the_package_alone_imports_not_even_numpy():
    names = (*HEAVY, "numpy")
    program = f"import sys, mcsurrogate; print(sorted({set(names)} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("word", "expected"), [("inte", "integrate"), ("val", "validate")])
def test_the_shell_completes(word, expected):
    environment = {
        **os.environ,
        "_MCSURROGATE_COMPLETE": "complete_bash",
        "COMP_WORDS": f"mcsurrogate {word}",
        "COMP_CWORD": "1",
    }
    program = "import sys; sys.argv[0] = 'mcsurrogate'; from mcsurrogate.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.stdout.split() == [expected]


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "mcsurrogate", "run", "no_such_card.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "no_such_card.toml" in done.stderr
