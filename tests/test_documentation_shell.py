# SPDX-License-Identifier: GPL-3.0-or-later
"""What README and pages have their reader type is understood by the parser that will parse it.

Files that it names lie in the sources, or an earlier line of the page has made them.
`test_documentation_typed.py` types the pages.
"""

import argparse
import contextlib
import fnmatch
import importlib.util
import os
import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
import typer
from page_blocks import FENCE, PAGES, ROOT, blocks

from mcsurrogate.cli import app

# What the pages suppose that their reader has: the fixture `readers_files` makes it.
READERS_FILES = {
    "events.lhe.gz", "events.hepmc", "events.hepmc.zst", "candidate.hepmc.zst",
    "reference.hepmc.zst", "candidate_7.hepmc.zst", "reference_0.hepmc.zst",
}  # fmt: skip
# Programs whose arguments are not checked, and what they leave.
OTHERS = {"sbatch": "parts", "pip": "", ".": "", "cd": "", "mkdir": "", "c++": ""}
BUILT = "build/"  # what CMake makes of cpp_bindings/examples


class Shelf:
    """Files that a reader has at a place of a page."""

    def __init__(self, *made: str) -> None:
        self.made = {*READERS_FILES, *made}

    def __contains__(self, name: str) -> bool:
        """Whether a file, or one that a pattern matches, lies in the sources or was made before."""
        parts = Path(name).parts
        # what somebody ran here is none of the sources
        lies_here = parts[:1] != ("runs",) and any(ROOT.glob(name))
        return lies_here or any(
            fnmatch.fnmatch(made, "/".join(parts[: len(Path(made).parts)]))
            or made.startswith(f"{name}/")
            for made in self.made
        )


# typer brings click with it, or its own copy of it
ClickException = typer.BadParameter.__mro__[2]


def parsed(words: list[str]) -> tuple[str, dict]:
    """Name and arguments of the command that a line of mcsurrogate calls, which is not called."""
    found = []

    def stop(command) -> None:
        for below in getattr(command, "commands", {}).values():
            stop(below)
        if not hasattr(command, "commands"):
            command.invoke = lambda context: found.append((context.info_name, context.params))

    command = typer.main.get_command(app)
    command.callback = None
    stop(command)
    command.main(list(words), prog_name="mcsurrogate", standalone_mode=False)
    return found[0] if found else ("", {})


def files_of(command: str, values: dict) -> tuple[list[str], list[str]]:
    """Files that a command reads, and those that it makes."""
    paths = {
        name: [str(path) for path in (value if isinstance(value, list | tuple) else [value])]
        for name, value in values.items()
        if isinstance(value, Path)
        or (isinstance(value, list | tuple) and value and isinstance(value[0], Path))
    }
    made = [path for name in ("out", "target") for path in paths.pop(name, [])]
    read = [path for given in paths.values() for path in given]
    if not made and command == "pack":
        made = [f"{Path(read[0]).name}.pack"]
    elif not made:
        made = [f"runs/{Path(path).name.partition('.')[0]}" for path in read]
    return read, made


def script_mistake(words: list[str]) -> str:
    """What is wrong with a call of Python, its script's own parser asked; empty for nothing."""
    if words[0] == "-m":
        return "" if importlib.util.find_spec(words[1]) else f"no module {words[1]}"
    if not (ROOT / words[0]).is_file():
        return f"no file {words[0]}"

    class Parsed(Exception):  # noqa: N818 - tells that the script has got as far as we want
        pass

    own = argparse.ArgumentParser.parse_args

    def parse(self, *arguments, **named):
        own(self, *arguments, **named)
        raise Parsed

    said = open(os.devnull, "w")  # noqa: PTH123, SIM115
    with pytest.MonkeyPatch.context() as patch, said, contextlib.redirect_stderr(said):
        patch.setattr(argparse.ArgumentParser, "parse_args", parse)
        patch.setattr(sys, "argv", words)
        patch.syspath_prepend(ROOT / "benchmarks")
        try:
            runpy.run_path(str(ROOT / words[0]), run_name="__main__")
        except Parsed:
            return ""
        except SystemExit:
            return f"options of {words[0]}"
    return f"{words[0]} has no options"


def mistakes(command: str, shelf: Shelf) -> list[str]:
    """What is wrong with a line of shell; what it makes is put on the shelf."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="&;|<>")
    lexer.whitespace_split, lexer.commenters = True, "#"
    simple, found = [[]], []
    for word in lexer:
        if set(word) <= set("&;|"):
            simple.append([])
        else:
            simple[-1].append(word)
    for words in simple:
        if any(set(word) <= set(">") for word in words):
            cut = next(i for i, word in enumerate(words) if set(word) <= set(">"))
            shelf.made.add(words[cut + 1])
            words = words[:cut]
        found += simple_mistakes(words, shelf)
    return found


def simple_mistakes(words: list[str], shelf: Shelf) -> list[str]:
    """What is wrong with one command."""
    ours = [i for i, word in enumerate(words) if re.search(r"(^|/)mcsurrogate\)?$", word)]
    program, *rest = words
    if ours:
        try:
            read, made = files_of(*parsed(words[ours[-1] + 1 :]))
        except ClickException as error:
            return [error.format_message()]
        missing = [f"no file {path}" for path in read if path not in shelf]
        shelf.made.update(made)
        return missing
    if program == "make":
        targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        return [f"no target {word}" for word in rest if word not in targets]
    if re.fullmatch(r"(.*/)?python3?", program):
        return [said] if (said := script_mistake(rest)) else []
    if program in ("cp", "sh", "cmake"):
        given = [word for word in rest if "/" in word and not word.startswith(("-D", BUILT))]
        return [f"no file {word}" for word in given if word not in shelf]
    shelf.made.update({OTHERS.get(program, "")} - {""})
    return [] if program in OTHERS or program.startswith(BUILT) else [f"no program {program}"]


CONSOLE = [page for page in PAGES if blocks(page, "console")]
NAME = {"ids": lambda page: str(page.relative_to(ROOT))}


@pytest.mark.parametrize("page", CONSOLE, **NAME)
def test_each_line_of_a_page_is_understood(page):
    shelf, found, seen = Shelf(), [], 0
    for block in blocks(page, "console", "toml", "python"):
        shelf.made.update({block.title} - {""})
        for command, _ in block.steps:
            seen += 1
            found += [f"{block}: {command}: {said}" for said in mistakes(command, shelf)]
    assert seen
    assert not found


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mcsurrogate vanish x", "No such command"),
        ("mcsurrogate integrate cards/ttbar.toml --gone", "No such option"),
        ("mcsurrogate integrate cards/ttbar.toml --executor ask", "Invalid value for '--executor'"),
        ("mcsurrogate generate cards/ttbar.toml --events many", "Invalid value for '--events'"),
        ("mcsurrogate integrate", "Missing argument"),
        ("mcsurrogate integrate cards/gone.toml", "no file cards/gone.toml"),
        ("mcsurrogate pack runs/ttbar", "no file runs/ttbar"),
        ("mcsurrogate info && mcsurrogate merge all.lhe job*/x.lhe", "no file job*/x.lhe"),
        ("python benchmarks/coverage.py --gone 1", "options of benchmarks/coverage.py"),
        ("python benchmarks/gone.py", "no file"),
        ("python -m mcsurrogate.gone", "no module"),
        ("make gone", "no target"),
        ("gone x", "no program"),
    ],
)
def test_a_line_with_a_mistake_is_found(line, said):
    (found,) = mistakes(line, Shelf())
    assert said in found


def test_what_a_page_made_is_there_later():
    shelf = Shelf()
    for line in (
        "mcsurrogate integrate cards/ttbar.toml --seed 3",
        "mcsurrogate pack runs/ttbar; mcsurrogate generate ttbar.pack --out job7",
        "mcsurrogate merge all.lhe.gz job*/events/hard_process.lhe.gz",
        "mcsurrogate plugin >> run.cmnd && cp ./run.cmnd other",
    ):
        assert not mistakes(line, shelf)


@pytest.mark.parametrize("page", PAGES, **NAME)
def test_the_language_of_a_block_is_known(page):
    text = page.read_text(encoding="utf-8")
    assert 2 * len(list(FENCE.finditer(text))) == len(re.findall(r"^ *```", text, re.MULTILINE))
    assert {block.language for block in blocks(page)} <= {
        "console",
        "cpp",
        "python",
        "text",
        "toml",
    }
    # a block of commands in the clothes of text would not be tested
    assert not [b for b in blocks(page, "text") if re.match(r"\$ |mcsurrogate [a-z]", b.code)]


def test_few_blocks_are_not_run():
    every = [block for page in CONSOLE for block in blocks(page, "console")]
    left_out = [block for block in every if block.not_run]
    assert len(every) > 25
    assert len(left_out) <= len(every) / 3
    assert all(len(block.not_run.split()) > 3 for block in left_out)


FIGURES = tomllib.loads((ROOT / "docs" / "figures.toml").read_text(encoding="utf-8"))
# Pages of settings, whose numbers are defaults, and what a contributor reads.
WITHOUT_FIGURES = {
    "cards.md", "plugin_settings.md", "public_interface.md", "architecture.md", "CONTRIBUTING.md",
    "madgraph.md",
}  # fmt: skip
COMMAND = re.compile(r"`[^`]*(benchmarks/|mcsurrogate |make |\w+\.py)[^`]*`|^\$ ", re.MULTILINE)


def unnamed_figures(page: str, text: str) -> list[str]:
    """Beginnings of tables and blocks of output with figures whose section names no command."""
    known = [entry["quoted"] for kind in ("tables", "repeated") for entry in FIGURES[kind]
             if entry["page"] == page]  # fmt: skip
    return [
        part[:80]
        for section in re.split(r"^#+ ", text, flags=re.MULTILINE)
        if not COMMAND.search(section)
        for part in section.split("\n\n")
        if part.startswith(("|", "```text")) and re.search(r"\d\.\d", part)
        if not any(quoted in part for quoted in known)
    ]


@pytest.mark.parametrize("page", [p for p in PAGES if p.name not in WITHOUT_FIGURES], **NAME)
def test_figures_of_a_page_come_from_commands(page):
    assert not unnamed_figures(str(page.relative_to(ROOT)), page.read_text(encoding="utf-8"))


def test_a_figure_without_a_command_is_found():
    table = "# Words\n\n| a | b |\n|---|---|\n| 1.5 | 2 |\n\nMore."
    assert unnamed_figures("x.md", table)
    assert not unnamed_figures("x.md", table.replace("More", "By `benchmarks/pdf.py`"))
    assert not unnamed_figures("x.md", table.replace("1.5", "1"))


@pytest.mark.parametrize("kind", ["repeated", "tables"])
def test_figures_stand_where_they_are_said_to_stand(kind):
    assert len(FIGURES[kind]) > 8
    for figure in FIGURES[kind]:
        assert figure["quoted"] in (ROOT / figure["page"]).read_text(encoding="utf-8"), figure
        assert ("command" in figure) != ("without" in figure)
        shelf = Shelf(*(f"{block.page.relative_to(ROOT)}/{block.title}"
                        for page in PAGES for block in blocks(page) if block.title))  # fmt: skip
        assert not mistakes(figure.get("command", "make run"), shelf), figure
