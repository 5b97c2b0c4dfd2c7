# SPDX-License-Identifier: GPL-3.0-or-later
"""Print what a build without isolation needs, a requirement a line."""

import shutil
import tomllib
from pathlib import Path

TOOLS = {"cmake": "cmake>=3.25", "ninja": "ninja>=1.11"}
# Dependencies that come as sources alone (normflows) are built in the same environment.
SOURCES = ["setuptools>=70.1"]  # makes wheels by itself

project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8"))
missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
print("\n".join([*project["build-system"]["requires"], *SOURCES, *missing]))
