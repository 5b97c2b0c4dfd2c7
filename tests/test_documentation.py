# SPDX-License-Identifier: GPL-3.0-or-later
"""What README and the pages of docs/ name is there: modules, imports, files, links, commands."""

import ast
import pydoc
import re
from pathlib import Path

import pytest
import typer
from page_blocks import FENCE, PAGES, ROOT, blocks

from mcsurrogate.cli import app

FOLDERS = {
    path.name
    for path in ROOT.iterdir()
    if path.is_dir() and not path.name.startswith(".") and path.name not in ("build", "runs")
}
SUFFIXES = (".py", ".cpp", ".h")
SOURCES = [
    path.relative_to(ROOT)
    for folder in ("mcsurrogate", "cpp_bindings", "generators", "validation", "benchmarks", "tests")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in SUFFIXES
]
# Pages that the site makes from the code.
MADE = {"command_line.md", "changelog.md", "../api/matrix_elements.md", "../api/pdf.md"}
# Files that a page has its reader write: what its blocks are saved as, and what it leaves to them.
READERS_OWN = {block.title for page in PAGES for block in blocks(page)} | {
    "scales.py",
    "my_model.cpp",
}


def imports(code: str) -> list[str]:
    """Dotted names that a piece of Python imports from mcsurrogate."""
    return [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mcsurrogate")
        for alias in node.names
    ]


def absent_names(text: str) -> set[str]:
    """Names of modules, functions and classes of ours that a page has and the package has not."""
    named = re.findall(r"(?<![\w/.-])mcsurrogate(?:\.[A-Za-z_]\w*)+(?![\w/])", text)
    for block in FENCE.finditer(text):
        if block["language"] == "python":
            named += imports(block["code"])
    return {name for name in named if pydoc.locate(name) is None}


def absent_files(page: Path, text: str) -> set[str]:
    """Files of ours that a page names or links to, and that do not lie there."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    absent = {link for link in links if link not in MADE and not (page.parent / link).exists()}
    for quoted in re.findall(r"`([^`\n]+)`|^([\w$./ -][^`\n]*)$", text, re.MULTILINE):
        for word in re.findall(r"(?<![\w/.<$-])[\w.*-]+(?:/[\w.*-]+)*/?(?![\w/])", "".join(quoted)):
            path = word.rstrip("./")
            ours = "/" in path and path.split("/")[0] in FOLDERS
            if (ours or Path(path).suffix in SUFFIXES) and not (
                path in READERS_OWN
                or any(ROOT.glob(path))
                or any(f"/{source}".endswith(f"/{path}") for source in SOURCES)
            ):
                absent.add(path)
    return absent


def commands(text: str) -> list[list[str]]:
    """Command lines of mcsurrogate, in lists of commands and in a sentence."""
    lines = re.findall(r"^(?:\.venv/bin/|\$ )?mcsurrogate +([^#\n]+)", text, re.MULTILINE)
    return [line.split() for line in lines + re.findall(r"`mcsurrogate ([^`\n]+)`", text)]


def unknown_words(line: list[str]) -> list[str]:
    """Words of a command line that are neither a command nor an option of it."""
    command, unknown = typer.main.get_command(app), []
    for word in line:
        below = getattr(command, "commands", {})
        if word.startswith("--"):
            options = {o for p in command.params for o in (*p.opts, *p.secondary_opts)}
            if word.split("=")[0] not in options | {"--help"}:
                unknown.append(word)
        elif below and word not in ("info", "debug") and not word.startswith("-"):
            if word in below:
                command = below[word]
            else:
                unknown.append(word)
    return unknown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page):
    text = page.read_text(encoding="utf-8")
    assert not absent_names(text)
    assert not absent_files(page, text)
    assert not [line for line in commands(text) if unknown_words(line)]
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"^make ([\w-]+)|`make ([\w-]+)`", text, re.MULTILINE)) <= {
        *((target, "") for target in targets),
        *(("", target) for target in targets),
    }


def test_what_is_not_there_is_found():
    text = (
        "`mcsurrogate.emulation.two_stage`, [gone](docs/gone.md), `mcsurrogate/gone.py`, `gone.h`\n"
        "```python\nfrom mcsurrogate.flows import Flow, HypercubeFlaw\n```\n"
        "```\nmcsurrogate integrate cards/gone.toml --gone\nmcsurrogate vanish x\n```\n"
    )
    assert absent_names(text) == {
        "mcsurrogate.emulation.two_stage",
        "mcsurrogate.flows.HypercubeFlaw",
    }
    assert absent_files(ROOT / "README.md", text) == {
        "docs/gone.md",
        "mcsurrogate/gone.py",
        "gone.h",
        "cards/gone.toml",
    }
    assert [unknown_words(line) for line in commands(text)] == [["--gone"], ["vanish", "x"]]
    assert len(commands((ROOT / "README.md").read_text(encoding="utf-8"))) > 12


def renamed() -> list[tuple[list[str], list[str]]]:
    """Names of ours in both columns of the changelog's table of renamed things, row by row."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    table = text.split("### Renamed since ")[1].split("\n### ")[0]
    rows = []
    for row in re.findall(r"^\| (.*?) \| (.*?) \|$", table, re.MULTILINE)[1:]:
        sides: tuple[list[str], list[str]] = ([], [])
        for side, cell in zip(sides, row, strict=True):
            for room, names in re.findall(r"`(mcsurrogate[\w.]*)`(?:: ((?:`\w+`(?:, )?)+))?", cell):
                side += [f"{room}.{name}" for name in re.findall(r"`(\w+)`", names)] or [room]
        if "the old names work" not in row[1] and "(the module)" not in row[0]:
            rows.append(sides)
    return rows


def test_what_was_renamed_is_gone_and_its_successor_is_there():
    rows = renamed()
    assert sum(bool(was) for was, _ in rows) > 15
    assert not [name for was, _ in rows for name in was if pydoc.locate(name) is not None]
    assert not [name for _, now in rows for name in now if pydoc.locate(name) is None]
