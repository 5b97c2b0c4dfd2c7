# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs and reports on disk: where their events lie, and what they found.

A run folder holds ``run.json``, and its report in ``report``; a report folder, as ``validate``
writes it, holds ``metrics.json``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcsurrogate.errors import ValidationError
from mcsurrogate.run_record import RESULT_FILE, RUN_FILE, check_files, read_result, read_run

__all__ = ["Chain", "RunSummary", "events_of", "find_runs", "summarize_run"]

METRICS, REPORT = "metrics.json", "report"
Chain = Literal["surrogate", "standard"]
_STAGES: dict[Chain, str] = {"surrogate": "shower", "standard": "reference"}
_SIDES: dict[Chain, str] = {"surrogate": "candidate", "standard": "reference"}
_DEPTH = 3


def _load(file: Path) -> dict[str, Any]:
    """Content of a JSON file that holds an object."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValidationError(f"{file}: cannot be read ({error})") from error
    if not isinstance(found, dict):
        raise ValidationError(f"{file}: does not hold an object")
    return found


def events_of(path: Path, chain: Chain = "surrogate") -> Path:
    """HepMC file of a run, of a report, or the file itself.

    Parameters
    ----------
    path
        A HepMC file, a run folder or the folder of a report.
    chain
        Which sample of a run: of the surrogate chain (the candidate of a report) or of the
        standard chain (its reference).

    Raises
    ------
    ValidationError
        There is no such path, it is no run, or the run's events are not there.
    RunFolderError
        The run's record is damaged, or its events are others than the run made.
    """
    if not path.is_dir():
        if not path.exists():
            raise ValidationError(f"{path}: no such file, run or report")
        return path
    if (path / RUN_FILE).is_file():
        run = read_run(path)
        stage = run["stages"].get(_STAGES[chain], {"finished": False})
        if not stage["finished"]:
            raise ValidationError(f"{path}: the run's {chain} chain is not finished")
        if stage["file"] is None:
            raise ValidationError(f"{path}: the run kept no events (chain.hepmc = 'none')")
        file = path / str(stage["file"])
        check_files(path, {stage["file"]: file}, run["files"], needed=False)
    elif (path / METRICS).is_file():
        samples = _load(path / METRICS).get("samples", {})
        file = Path(str(samples.get(_SIDES[chain], {}).get("file")))
    else:
        raise ValidationError(f"{path}: neither a run folder nor the folder of a report")
    if not file.is_file():
        raise ValidationError(f"{path}: the events {file} are not there any more")
    return file


@dataclass(frozen=True, kw_only=True)
class RunSummary:
    """What a run or a report found; None where it does not say.

    Attributes
    ----------
    folder
        The run folder, or the folder of the report.
    report
        The page, if there is one.
    labels
        Names of candidate and reference.
    verdict, created
        Of the report.
    observables, significant
        Number of observables, and of those that deviate significantly.
    worst, worst_sigma
        Title of the largest deviation, and its size.
    events
        Events of candidate and reference.
    sigmas
        Deviation of each observable by name.
    cross_section_pb, cross_section_error_pb
        Of the run's integration.
    efficiency
        Unweighting efficiency of the run's events.
    evaluations
        Integrand evaluations of the run.
    speed_ratio, break_even
        See `mcsurrogate.validation.timing.Timing`.
    process
        Of the run's card.
    version
        Of mcsurrogate.
    finished, begun
        Names of the run's stages that are finished, and of those that are not.
    cpu_seconds, chunks, repeated_chunks
        Of its finished stages: CPU with workers, chunks that these did, and how often one was
        repeated because a worker died.
    events_made, events_per_second
        Of the last finished stage that made events.
    """

    folder: Path
    report: Path | None
    labels: tuple[str, str] | None
    verdict: str | None
    created: str | None
    observables: int | None
    significant: int | None
    worst: str | None
    worst_sigma: float | None
    events: tuple[int, int] | None
    sigmas: dict[str, float]
    cross_section_pb: float | None
    cross_section_error_pb: float | None
    efficiency: float | None
    evaluations: int | None
    speed_ratio: float | None
    break_even: float | None
    process: str | None
    version: str | None
    finished: tuple[str, ...]
    begun: tuple[str, ...]
    cpu_seconds: float
    chunks: int
    repeated_chunks: int
    events_made: int | None
    events_per_second: float | None


def summarize_run(folder: Path) -> RunSummary:
    """Read what a run folder or a report folder says of itself.

    Raises
    ------
    ValidationError
        It is neither, or the report is damaged.
    RunFolderError
        The run's record is damaged.
    """
    run = read_run(folder) if (folder / RUN_FILE).is_file() else {}
    place = folder / REPORT if run else folder
    metrics = _load(place / METRICS) if (place / METRICS).is_file() else {}
    if not run and not metrics:
        raise ValidationError(f"{folder}: neither a run folder nor the folder of a report")
    try:
        return _summary(folder, place, run, metrics)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValidationError(f"{folder}: not the record of a run or report ({error!r})") from error


def _summary(folder: Path, place: Path, run: dict[str, Any], metrics: dict[str, Any]) -> RunSummary:
    stages = run.get("stages", {})
    result = read_result(folder) if run and (folder / RESULT_FILE).is_file() else {}
    samples, timing = metrics.get("samples"), metrics.get("timing") or {}
    rows = metrics.get("observables", [])
    process = stages.get("integrate", {}).get("card", {}).get("process", {})
    both = [samples["candidate"], samples["reference"]] if samples else None
    versions = metrics.get("versions") or run.get("versions") or {}
    page = place / "report.html"
    return RunSummary(
        folder=folder,
        report=page if page.is_file() else None,
        labels=(both[0]["label"], both[1]["label"]) if both else None,
        verdict=metrics.get("verdict"),
        created=metrics.get("created"),
        observables=len(rows) if metrics else None,
        significant=sum(bool(row["significant"]) for row in rows) if metrics else None,
        worst=rows[0]["title"] if rows else None,
        worst_sigma=rows[0]["sigma"] if rows else None,
        events=(both[0]["events"], both[1]["events"]) if both else None,
        sigmas={row["name"]: float(row["sigma"]) for row in rows},
        cross_section_pb=result.get("cross_section_pb"),
        cross_section_error_pb=result.get("error_pb"),
        efficiency=stages.get("generate", {}).get("efficiency"),
        evaluations=result.get("integrand_evaluations"),
        speed_ratio=timing.get("speed_ratio"),
        break_even=timing.get("break_even_events"),
        process=process.get("definition"),
        version=versions.get("mcsurrogate"),
        **_progress(stages),
    )


def _progress(stages: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the stages of a run have done so far."""
    finished = {name: stage for name, stage in stages.items() if stage["finished"]}
    work = [stage["work"] for stage in finished.values() if stage.get("work")]
    made = [s for n, s in finished.items() if n in ("generate", "shower", "reference")][-1:]
    return {
        "finished": tuple(finished),
        "begun": tuple(name for name in stages if name not in finished),
        "cpu_seconds": sum(entry["cpu_seconds"] for entry in work),
        "chunks": sum(entry["chunks"] for entry in work),
        "repeated_chunks": sum(entry["repeated_chunks"] for entry in work),
        "events_made": made[0]["events"] if made else None,
        "events_per_second": made[0]["events"] / max(made[0]["seconds"], 1e-9) if made else None,
    }


def find_runs(folder: Path) -> Iterator[Path]:
    """Run folders and report folders inside a folder, itself excepted, in order of their names.

    The report of a run is not listed beside its run.
    """

    def search(place: Path, depth: int) -> Iterator[Path]:
        for entry in sorted(p for p in place.iterdir() if p.is_dir()):
            if (entry / RUN_FILE).is_file() or (entry / METRICS).is_file():
                yield entry
            elif depth > 1 and not entry.name.startswith("."):
                yield from search(entry, depth - 1)

    yield from search(folder, _DEPTH)
