# SPDX-License-Identifier: GPL-3.0-or-later
"""The first hour of a stranger: follow docs/getting_started.md in a bare folder, and time it.

A copy of what git keeps, a virtual environment of its own, no cache of downloads, nothing of the
caller's environment but PATH.  Every command, card and piece of Python of the page is run as it
stands there, by one shell, and the seconds of each are printed.  ``--most`` is how long all but the
installation may take; beyond it, or when a command fails, the exit code is 1.
"""

import argparse
import shlex
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from page_blocks import ROOT, blocks

PAGE = ROOT / "docs" / "getting_started.md"


def steps() -> list[tuple[str, str]]:
    """Return what the page has its reader do: what each step is called, and its shell code."""
    found: list[tuple[str, str]] = []
    for block in blocks(PAGE):
        if block.language == "console":
            found += [(command, command) for command, _ in block.steps]
        elif block.shell:
            found.append((f"save {block.title}" if block.title else block.language, block.shell))
    return found


def script() -> str:
    """Return the shell script of the page, which tells after each step how long it took."""
    lines = ["set -e", "exec 3>> steps"]
    for name, code in steps():
        tell = f"printf 'STEP %s %s\\n' $((($(date +%s%N) - begin) / 1000000)) {shlex.quote(name)}"
        lines += ["begin=$(date +%s%N)", code, f"{tell} >&3"]
    return "\n".join(lines)


def main() -> int:
    """Follow the page and print the seconds of each step."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--most", type=float, default=600, help="seconds without installation")
    parser.add_argument("--keep", type=Path, help="folder to work in, kept; else a temporary one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True,
                                 stdout=subprocess.PIPE).stdout  # fmt: skip
        (folder / "sources.tar").write_bytes(archive)
        with tarfile.open(folder / "sources.tar") as sources:
            sources.extractall(folder, filter="data")
        home = folder / "home"
        home.mkdir()
        ended = subprocess.run(
            ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin:" + str(Path(sys.executable).parent),
             f"HOME={home}", "PIP_NO_CACHE_DIR=1", "bash", "-c",
             script()],
            cwd=folder,
            check=False,
        )  # fmt: skip
        times = [line.split(" ", 2)[1:] for line in (folder / "steps").read_text().splitlines()]
    install, rest = 0.0, 0.0
    for milliseconds, name in times:
        seconds = int(milliseconds) / 1000
        if name.startswith(("pip ", "python3 -m venv")):
            install += seconds
        else:
            rest += seconds
        print(f"{seconds:8.1f} s  {name}")
    print(f"installation {install:.0f} s, all else {rest:.0f} s (at most {options.most:.0f})")
    return int(ended.returncode != 0 or rest > options.most)


if __name__ == "__main__":
    raise SystemExit(main())
