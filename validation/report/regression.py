# SPDX-License-Identifier: GPL-3.0-or-later
"""What two runs say of themselves, side by side."""

import math
from typing import Any

from mcsurrogate.validation.report.environment import (
    cross_section_text,
    number_text,
    significant_text,
    worst_text,
)
from mcsurrogate.validation.runs import RunSummary

__all__ = ["run_data"]

Runs = tuple[RunSummary, RunSummary]

_NONE = "–"
_SHOWN = 12
_CHANGE = 1.0
"""Observables whose deviation changed by at least so many standard deviations are listed."""


def _pull(a: RunSummary, b: RunSummary) -> str:
    """Difference of the cross sections in standard deviations."""
    if a.cross_section_pb is None or b.cross_section_pb is None:
        return ""
    error = math.hypot(a.cross_section_error_pb or 0.0, b.cross_section_error_pb or 0.0)
    return f"{(a.cross_section_pb - b.cross_section_pb) / error:+.1f} σ" if error else ""


def run_data(runs: Runs | None) -> dict[str, Any] | None:
    """Rows of both runs' own results; None where the samples are no runs.

    Returns
    -------
    dict
        ``folders``, ``rows`` (name, of the first, of the second, difference), ``common``
        observables of both reports and ``changes`` (name and deviations in standard deviations)
        of those whose deviation changed by ``least`` or more.
    """
    if runs is None:
        return None
    rows = [
        ("verdict of its own report", *(run.verdict or _NONE for run in runs), ""),
        ("significant observables", *map(significant_text, runs), ""),
        ("largest deviation", *map(worst_text, runs), ""),
        ("cross section in pb", *map(cross_section_text, runs), _pull(*runs)),
        ("integrand evaluations", *(number_text(run.evaluations, 7) for run in runs), ""),
        ("unweighting efficiency", *(number_text(run.efficiency, 4) for run in runs), ""),
        ("speed over standard chain", *(number_text(run.speed_ratio, 3) for run in runs), ""),
        ("version", *(run.version or _NONE for run in runs), ""),
    ]
    first, second = (run.sigmas for run in runs)
    common = [(name, first[name], second[name]) for name in first if name in second]
    common.sort(key=lambda row: -abs(row[1] - row[2]))
    return {
        "folders": [run.folder.name for run in runs],
        "rows": [row for row in rows if row[1:3] != (_NONE, _NONE)],
        "common": common,
        "changes": [row for row in common if abs(row[1] - row[2]) >= _CHANGE][:_SHOWN],
        "least": _CHANGE,
    }
