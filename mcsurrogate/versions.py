# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of what decides a result."""

import platform
import re
from importlib.metadata import PackageNotFoundError, requires, version

__all__ = ["versions"]


def versions() -> dict[str, str]:
    """Version of Python, of mcsurrogate and of every package that it requires at run time."""
    found = {"python": platform.python_version()}
    required = [line for line in requires("mcsurrogate") or () if "extra ==" not in line]
    for package in ("mcsurrogate", *(re.split(r"[^\w.-]", line)[0] for line in required)):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
