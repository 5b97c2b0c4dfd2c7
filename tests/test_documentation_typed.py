# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages are typed from top to bottom, in a fresh folder with cards whose numbers are small."""

import dataclasses
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import tomli_w
from page_blocks import PAGES, ROOT, Block, blocks

RUN = [page for page in PAGES if any(not block.not_run for block in blocks(page, "console"))]


def small(card: dict) -> dict:
    """The card with numbers that take seconds."""

    def at_most(section: str, key: str, limit: float) -> None:
        if key in card.get(section, {}):
            card[section][key] = min(card[section][key], limit)

    at_most("generation", "events", 100)
    at_most("integration", "max_evaluations", 20_000)
    if "precision" in card.get("integration", {}):
        card["integration"]["precision"] = 0.02
    if "validation" in card:
        card["validation"]["plots"] = False
    at_most("points", "count", 2000)
    at_most("training", "epochs", 2)
    at_most("training", "steps", 20)
    for recording in card.get("recordings", ()):
        recording |= {"events": min(recording["events"], 50), "repeats": 2}
    return card


def smaller(text: str) -> str:
    return tomli_w.dumps(small(tomllib.loads(text)))


def shape(text: str) -> str:
    """Text without its numbers and its line ends."""
    return re.sub(r"\s+", " ", re.sub(r"[+-]?\d[\d.,]*(e[+-]?\d+)?", "#", text)).strip()


def cheaper(block: Block) -> list[tuple[str, str]]:
    """What is typed for a block, with small numbers, and what the page shows of its output."""
    if block.language == "console":
        return [(re.sub(r"--events (\d{3,})\b", "--events 100", command), shown)
                for command, shown in block.steps]  # fmt: skip
    code = smaller(block.code) if block.language == "toml" and block.title else block.code
    return [(dataclasses.replace(block, code=code).shell, "")] if block.title else []


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_runs_as_it_is_typed(page, readers_files, tmp_path):
    for path in readers_files.iterdir():
        (tmp_path / path.name).symlink_to(path)
    for name in ("batch", "benchmarks", "cpp_bindings"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "cards").mkdir()
    for path in (ROOT / "cards").glob("*.toml"):
        (tmp_path / "cards" / path.name).write_text(smaller(path.read_text(encoding="utf-8")))
    binaries = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ['PATH']}", "COLUMNS": "80"}
    for block in blocks(page, "console", "toml", "python"):
        if block.not_run:
            continue
        for command, shown in cheaper(block):
            ended = subprocess.run(
                ["bash", "-ec", command], cwd=tmp_path, env=environment, text=True, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1800,
            )  # fmt: skip
            told = f"{block}: {command}\n{ended.stdout}"
            assert (ended.returncode != 0) == ("error: " in shown), told
            if shown:
                assert shape(shown) in shape(ended.stdout), told
