# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the quick figures of the pages again, and compare: docs/figures.toml says which.

Every command is run once, in a folder of its own with the cards and the files that the pages have
their reader save.  A figure that left its tolerance makes the exit code 1.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

from page_blocks import PAGES, ROOT, blocks

FIGURES = ROOT / "docs" / "figures.toml"


def place(folder: Path) -> None:
    """Lay out what the commands need: the sources, and PAGE/FILE for what a page has one save."""
    for name in ("benchmarks", "cards"):
        (folder / name).symlink_to(ROOT / name)
    for page in PAGES:
        for block in blocks(page):
            if block.title:
                target = folder / page.relative_to(ROOT) / block.title
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.code, encoding="utf-8")


def number(text: str) -> float:
    """Return the first number of a text."""
    return float(re.findall(r"\d[\d.,]*(?:e[+-]?\d+)?", text)[0].replace(",", ""))


def deviation(figure: dict[str, str | float], printed: str) -> float:
    """Return how far a figure is from that of its page, in units of its tolerance."""
    page = re.search(str(figure["found"]), str(figure["quoted"]))
    quoted = number(page[1] if page else str(figure["quoted"]))
    found = re.search(str(figure["found"]), printed)
    if found is None:
        return float("inf")
    return abs(number(found[1]) / quoted - 1) / float(figure["tolerance"])


def output(command: str) -> str:
    """Run a command in a folder of its own and return what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        place(Path(folder))
        ended = subprocess.run(
            ["bash", "-c", f'PATH="{Path(sys.executable).parent}:$PATH"; {command}'],
            cwd=folder, check=False, capture_output=True, text=True,
        )  # fmt: skip
    return ended.stdout + ended.stderr


def main() -> int:
    """Run the commands and print what became of each figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--page", help="figures of this page alone, for instance README.md")
    page = parser.parse_args().page
    figures = tomllib.loads(FIGURES.read_text(encoding="utf-8"))["repeated"]
    figures = [figure for figure in figures if page in (None, figure["page"])]
    outputs: dict[str, str] = {}
    wrong = 0
    for figure in figures:
        command = figure["command"]
        if command not in outputs:
            begin = time.monotonic()
            outputs[command] = output(command)
            print(f"{command}: {time.monotonic() - begin:.0f} s", flush=True)
        off = deviation(figure, outputs[command])
        wrong += off > 1
        said = "differs" if off > 1 else "as on the page"
        print(f"  {figure['page']}: {figure['quoted']}: {said} ({off:.2g} tolerances)", flush=True)
        if off > 1:
            print(outputs[command])
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
