# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate index``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console

__all__ = ["index"]


def index(
    folder: Annotated[Path, typer.Argument(help="Folder that holds runs or reports.")] = Path(
        "runs"
    ),
) -> None:
    """Write FOLDER/index.html: all runs and reports in a folder with their verdicts.

    Looks three levels deep for run folders (run.json) and reports (metrics.json).

    Example: mcsurrogate index runs
    """
    from mcsurrogate.validation import write_index

    page, number = write_index(folder)
    console.print(f"{number} run{'' if number == 1 else 's'}: {page}")
