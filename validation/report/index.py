# SPDX-License-Identifier: GPL-3.0-or-later
"""Index page of a folder of runs: one static file without anything outside it."""

import os
from pathlib import Path

from mcsurrogate.atomic import write_text
from mcsurrogate.errors import RunFolderError, ValidationError
from mcsurrogate.validation.report.environment import page
from mcsurrogate.validation.runs import RunSummary, find_runs, summarize_run
from mcsurrogate.validation.verdict import Verdict

__all__ = ["write_index"]

_INDEX = "index.html"


def _row(run: RunSummary, folder: Path) -> tuple[RunSummary, str, str | None]:
    """Return a run with its name and the address of its report, seen from the folder."""
    link = None
    if run.report is not None:
        link = os.path.relpath(run.report, folder).replace(os.sep, "/")
    return run, str(run.folder.relative_to(folder)), link


def write_index(folder: Path) -> tuple[Path, int]:
    """Write ``index.html`` of the runs and reports in a folder.

    Parameters
    ----------
    folder
        Where to look, three levels deep.

    Returns
    -------
    The page, and the number of runs on it.

    Raises
    ------
    ValidationError
        There is no such folder, or no run in it.
    """
    if not folder.is_dir():
        raise ValidationError(f"{folder}: no such folder")
    runs, broken = [], []
    for place in find_runs(folder):
        try:
            runs.append(summarize_run(place))
        except (RunFolderError, ValidationError) as error:
            # one damaged run must not hide the others
            broken.append(str(error))
    if not runs and not broken:
        raise ValidationError(f"{folder}: holds no run and no report")
    runs.sort(key=lambda r: (r.created or "", str(r.folder)), reverse=True)
    text = page(
        "index",
        title=folder.resolve().name,
        verdicts=[verdict.value for verdict in Verdict],
        runs=[_row(run, folder) for run in runs],
        broken=broken,
    )
    write_text(folder / _INDEX, text)
    return folder / _INDEX, len(runs)
