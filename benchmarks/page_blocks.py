# SPDX-License-Identifier: GPL-3.0-or-later
"""Fenced blocks of the pages, and what a reader does with them.

The language of a block says what it is: ``python``, ``toml`` and ``console`` are run, ``text`` is
what something prints.  In ``console`` a line after ``$ `` is typed, all others are printed.  A
title is the name under which the reader saves the block.  A comment ``<!-- not run: WHY -->`` above
a block says why no test can run it.

``page_blocks.py README.md`` runs the Python of a page and prints what it prints.
"""

import argparse
import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(
    r"^(?:<!-- not run: (?P<reason>[^>]+) -->\n\n?)?"
    r'```(?P<language>\w*)(?: title="(?P<title>[^"]+)")?\n(?P<code>.*?)^```$',
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes
    ----------
    line
        Line of the page on which it begins.
    title
        Name of the file that the reader saves it as; empty for none.
    not_run
        Why no test runs it; empty if one does.
    """

    page: Path
    line: int
    language: str
    title: str
    code: str
    not_run: str

    def __str__(self) -> str:
        """Return where it stands."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Commands of a ``console`` block, continued lines joined, each with what it prints."""
        code = self.code.replace("\\\n", " ")
        parts = re.split(r"^\$ (.*)\n?", code, flags=re.MULTILINE)[1:]
        return list(zip(parts[::2], parts[1::2], strict=True))

    @property
    def shell(self) -> str:
        """What the reader does with the block, as shell code that stops at a failure."""
        if self.language == "console":
            return "\n".join(command for command, _ in self.steps)
        if self.title:
            return f"cat > {self.title} <<'END'\n{self.code}END"
        return f"python - <<'END'\n{self.code}END" if self.language == "python" else ""


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the blocks of a page in these languages, all if none is given, from top to bottom."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, found.start("code")),
            found["language"],
            found["title"] or "",
            found["code"],
            found["reason"] or "",
        )
        for found in FENCE.finditer(text)
        if not languages or found["language"] in languages
    ]


def main() -> None:
    """Run the Python blocks of a page, from top to bottom, as one program."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("page", help="for instance README.md")
    names: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(ROOT / parser.parse_args().page, "python"):
        exec(compile(block.code, str(block), "exec"), names)


if __name__ == "__main__":
    main()
