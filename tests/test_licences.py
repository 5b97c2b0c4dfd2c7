# SPDX-License-Identifier: GPL-3.0-or-later
"""Every source file says under which licence it is, as SPDX asks: https://spdx.dev/learn/handling-license-info."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
LINE = "SPDX-License-Identifier: GPL-3.0-or-later"
SUFFIXES = {".py", ".pyi", ".cpp", ".h", ".cmake"}
# Others' sources and files that a test reads byte by byte.
WITHOUT = ("tests/data/",)


def sources() -> list[Path]:
    """Source files that git keeps, links left out."""
    listing = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [
        ROOT / name
        for name in listing.stdout.splitlines()
        if (Path(name).suffix in SUFFIXES or Path(name).name == "CMakeLists.txt")
        and not name.startswith(WITHOUT)
        and not (ROOT / name).is_symlink()
    ]


def test_every_source_file_names_its_licence():
    files = sources()
    assert len(files) > 300
    without = [
        str(path.relative_to(ROOT))
        for path in files
        if LINE not in "\n".join(path.read_text(encoding="utf-8").split("\n")[:3])
    ]
    assert not without
