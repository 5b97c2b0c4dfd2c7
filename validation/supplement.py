# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report holds besides the comparison itself: data, speed, files for other tools."""

from dataclasses import dataclass
from typing import Any

from mcsurrogate.validation.amplification import Amplification
from mcsurrogate.validation.data_comparison import MeasuredResult, SampleAgainstData
from mcsurrogate.validation.rivet import RivetRun
from mcsurrogate.validation.runs import RunSummary
from mcsurrogate.validation.timing import Timing

__all__ = ["Supplement"]


def _side(side: SampleAgainstData) -> dict[str, Any]:
    return {
        "chi2": side.chi2,
        "ndf": side.ndf,
        "p_value": side.p_value,
        "mean": side.mean.tolist(),
        "error": side.error.tolist(),
        "pull": side.pulls.tolist(),
    }


def _measured(result: MeasuredResult) -> dict[str, Any]:
    measurement = result.measurement
    return {
        "name": measurement.name,
        "title": measurement.title,
        "source": measurement.source,
        "definition": measurement.definition,
        "labels": list(measurement.labels),
        "value": measurement.values.tolist(),
        "error": measurement.errors.tolist(),
        "candidate": _side(result.candidate),
        "reference": _side(result.reference),
        "notes": list(result.notes),
    }


def _run(run: RunSummary) -> dict[str, Any]:
    return {
        "folder": str(run.folder),
        "verdict": run.verdict,
        "significant": run.significant,
        "observables": run.observables,
        "cross_section_pb": run.cross_section_pb,
        "cross_section_error_pb": run.cross_section_error_pb,
        "unweighting_efficiency": run.efficiency,
        "speed_ratio": run.speed_ratio,
        "version": run.version,
    }


@dataclass(frozen=True, kw_only=True)
class Supplement:
    """Results that decide nothing about the verdict.

    Attributes
    ----------
    measured
        The samples against measured values.
    timing
        Speed of both chains, where a run folder states it.
    rivet
        What Rivet made, where it was asked for.
    files
        Names of further files in the report's folder, in order.
    amplification
        What the candidate is worth, where it was said what it was trained on.
    runs
        The runs that the samples come from, where two runs are compared.
    """

    measured: tuple[MeasuredResult, ...] = ()
    timing: Timing | None = None
    rivet: RivetRun | None = None
    files: tuple[str, ...] = ()
    amplification: Amplification | None = None
    runs: tuple[RunSummary, RunSummary] | None = None

    def metrics(self) -> dict[str, Any]:
        """Everything for metrics.json."""
        rivet = self.rivet
        return {
            "measured": [_measured(result) for result in self.measured],
            "timing": None if self.timing is None else self.timing.metrics(),
            "rivet": None
            if rivet is None
            else {
                "version": rivet.version,
                "analyses": list(rivet.analyses),
                "candidate": str(rivet.candidate),
                "reference": str(rivet.reference),
                "page": None if rivet.page is None else str(rivet.page),
            },
            "files": list(self.files),
            "amplification": None if self.amplification is None else self.amplification.metrics(),
            "runs": None if self.runs is None else [_run(run) for run in self.runs],
        }
