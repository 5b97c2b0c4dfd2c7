# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of the package: from git's last tag ``vX.Y.Z``, or from the package information.

A commit after the tag is ``X.Y.(Z+1).devN`` with N commits since; without any tag the version is
the ``fallback`` of pyproject.toml.  A source package has its version in PKG-INFO.
"""

import re
import subprocess
from collections.abc import Mapping
from email.parser import HeaderParser
from pathlib import Path

__all__ = ["dynamic_metadata", "version"]


def dynamic_metadata(settings: Mapping[str, str], _project: Mapping[str, object]) -> dict[str, str]:
    """Return what ``[[tool.dynamic-metadata]]`` asks for: the version."""
    return {"version": version(Path.cwd(), settings["fallback"])}


def version(folder: Path, fallback: str) -> str:
    """Return the version of the sources in a folder."""
    information = folder / "PKG-INFO"
    if information.exists():
        return HeaderParser().parsestr(information.read_text("utf-8"))["Version"]
    try:
        described = subprocess.run(
            ["git", "describe", "--tags", "--long", "--match", "v[0-9]*"],  # noqa: S607
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return fallback
    found = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)-(\d+)-g[0-9a-f]+\n", described)
    if found is None:
        raise ValueError(f"the tag in {described.strip()!r} is not of the form vX.Y.Z")
    major, minor, patch, commits = map(int, found.groups())
    return f"{major}.{minor}.{patch + 1}.dev{commits}" if commits else f"{major}.{minor}.{patch}"
