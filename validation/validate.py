# SPDX-License-Identifier: GPL-3.0-or-later
"""`validate`: two event files in, a verdict, a page and metrics out."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mcsurrogate.analysis import JetDefinition
from mcsurrogate.atomic import write_text
from mcsurrogate.errors import ValidationError
from mcsurrogate.executors import LocalProcesses
from mcsurrogate.validation.amplification import Amplification, amplification
from mcsurrogate.validation.comparison import Comparison, compare
from mcsurrogate.validation.data_comparison import compare_data
from mcsurrogate.validation.histogram_file import write_histograms
from mcsurrogate.validation.histogram_table import arrow, write_table
from mcsurrogate.validation.metrics import comparison_metrics, dumps
from mcsurrogate.validation.parallel import can_divide, fill_both, fill_on
from mcsurrogate.validation.partial import (
    Partial,
    is_partial,
    read_partial,
    refuse_planned,
    require_alike,
)
from mcsurrogate.validation.plan import Planner
from mcsurrogate.validation.planning import own_observables, planner_for
from mcsurrogate.validation.report import FigureShelf, render
from mcsurrogate.validation.rivet import find_rivet, run_rivet
from mcsurrogate.validation.runs import summarize_run
from mcsurrogate.validation.sample import Progress, Reading, Sample, fill_sample
from mcsurrogate.validation.settings import ValidationSettings
from mcsurrogate.validation.supplement import Supplement
from mcsurrogate.validation.timing import timing_of
from mcsurrogate.validation.verdict import Verdict
from mcsurrogate.validation.yoda import write_samples

__all__ = ["ValidationResult", "validate", "validate_samples"]

_MANY_FIGURES = 40
"""Figures whose drawing takes longer than the start of the processes that share it."""


@dataclass(frozen=True, kw_only=True)
class ValidationResult:
    """Outcome of `validate`.

    Attributes
    ----------
    verdict
        The verdict.
    report, metrics_file
        The files that were written.
    comparison
        All samples, tests and histograms.
    metrics
        What `metrics_file` holds.
    amplification
        What the candidate is worth, where it was said what it was trained on.
    """

    verdict: Verdict
    report: Path
    metrics_file: Path
    comparison: Comparison
    metrics: dict[str, Any]
    amplification: Amplification | None = None


def validate(
    candidate: Path,
    reference: Path,
    out: Path,
    settings: ValidationSettings | None = None,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    tell: Callable[[str], None] | None = None,
    **changed: Any,  # noqa: ANN401 - whatever the settings hold
) -> ValidationResult:
    """Compare two event samples and write ``report.html``, ``metrics.json``, ``histograms.json``.

    Parameters
    ----------
    candidate, reference
        HepMC3 or HepMC2 files, plain or compressed; each is read once, in a stream.  Or files of
        sums (`fill_partial`, `merge_partials`), whose plan the other side shares or is given.
    out
        Folder for the report; made where it does not exist.
    settings
        What else there is to say; by default nothing.
    executor
        Whose workers read the files, one each, and draw figures; processes of this machine by
        default (``workers``).  Results do not depend on it.
    progress
        Called after each chunk with label, events read and fraction of the file.
    tell
        Called with the name of each test that takes longer, before it.
    changed
        Single fields of `ValidationSettings`, as ``preset="ee_z"``.

    Returns
    -------
    ValidationResult
        Also when the samples differ; look at its `verdict`.

    Raises
    ------
    EventFileError
        A file is missing or damaged; nothing is written.
    ValidationError
        Samples that cannot be compared or unknown names; nothing is written.
    """
    asked = replace(settings or ValidationSettings(), **changed)
    candidate, reference, out = Path(candidate), Path(reference), Path(out)
    if asked.rivet:
        find_rivet()
    if asked.parquet:
        arrow()
    if asked.runs is not None:
        for run in asked.runs:
            summarize_run(run)  # what is no run is found before hours of reading
    asked.allowed(own_observables(asked))
    if is_partial(candidate) or is_partial(reference):
        samples, asked = _filled(candidate, reference, asked, progress)
    else:
        samples = _read(candidate, reference, asked, planner_for(asked), executor, progress)
    with _drawers(asked, samples[1], executor) as drawers:
        return validate_samples(*samples, out, asked, executor=drawers, tell=tell)


@contextmanager
def _drawers(
    asked: ValidationSettings, sample: Sample, executor: Executor | None
) -> Iterator[Executor | None]:
    """Give the executor whose workers draw, of this machine where that is worth their start."""
    own = executor is None and asked.workers > 1
    if not own or len(sample.plan.observables) < _MANY_FIGURES:
        yield executor
        return
    processes = LocalProcesses(asked.workers, bare=True)
    try:
        yield processes
    finally:
        processes.shutdown(cancel_futures=True)


def validate_samples(
    first: Sample,
    second: Sample,
    out: Path,
    asked: ValidationSettings,
    *,
    executor: Executor | None = None,
    tell: Callable[[str], None] | None = None,
) -> ValidationResult:
    """Compare samples that are filled already, of one plan, and write as `validate` does.

    Parameters
    ----------
    first, second
        Candidate and reference.
    out, tell
        As of `validate`.
    asked
        The settings that the samples were filled by.
    executor
        Whose workers draw the figures; this process by default.

    Raises
    ------
    ValidationError
        Samples that cannot be compared; nothing is written.
    """
    candidate, reference = first.file.path, second.file.path
    runs = asked.runs
    summaries = (summarize_run(runs[0]), summarize_run(runs[1])) if runs is not None else None
    found = compare(
        first,
        second,
        asked.allowed(own_observables(asked)),
        seed=asked.seed,
        family_wise_error=asked.family_wise_error,
        normalise_to=asked.normalise_to,
        progress=tell,
    )
    supplement = Supplement(
        measured=compare_data(first.measured, second.measured, asked.labels),
        timing=timing_of(candidate, reference),
        files=(
            write_histograms(found, out),
            *(write_samples(found, out) if asked.yoda else ()),
            *((write_table(found, out),) if asked.parquet else ()),
            *(("plots/",) if asked.plots else ()),
        ),
        rivet=run_rivet(
            candidate,
            reference,
            asked.rivet,
            out / "rivet",
            labels=asked.labels,
            max_events=asked.max_events,
        )
        if asked.rivet
        else None,
        amplification=amplification(found, asked.trained_on) if asked.trained_on else None,
        runs=summaries,
    )
    return _write(found, asked, supplement, out, executor)


def _filled(
    candidate: Path, reference: Path, asked: ValidationSettings, progress: Progress | None
) -> tuple[tuple[Sample, Sample], ValidationSettings]:
    """Take samples of which one or both were filled before, and the settings with their jets."""
    paths = (candidate, reference)
    weights = (asked.candidate_weight, asked.reference_weight)
    known: list[tuple[Path, Partial]] = []
    for path, label, weight in zip(paths, asked.labels, weights, strict=True):
        if is_partial(path):
            refuse_planned(asked, path, also=("weight", "rivet"))
            if weight is not None:
                raise ValidationError(f"{path} was filled with its weight; leave {weight!r} out")
            known.append((path, read_partial(path, label)))
    require_alike(known[0], known[-1], weights=False)
    if len(known) == 2:
        refuse_planned(asked, candidate, also=("max_events",))
    plan, jets = known[0][1].filling.plan, known[0][1].jets
    filled = {path: own.sample for path, own in known}
    first, second = (
        filled[path]
        if path in filled
        else fill_sample(
            Reading(path, label, weight),
            lambda _: plan,
            jets=jets,
            max_events=asked.max_events,
            progress=progress,
        )
        for path, label, weight in zip(paths, asked.labels, weights, strict=True)
    )
    return (first, second), replace(asked, jets=jets)


def _read(
    candidate: Path,
    reference: Path,
    asked: ValidationSettings,
    planner: Planner,
    executor: Executor | None,
    progress: Progress | None,
) -> tuple[Sample, Sample]:
    """Fill both samples, on two workers or in two processes where that is wanted and possible."""
    readings = (
        Reading(candidate, asked.labels[0], asked.candidate_weight or asked.weight),
        Reading(reference, asked.labels[1], asked.reference_weight or asked.weight),
    )
    options: dict[str, Any] = {"jets": asked.jets, "max_events": asked.max_events}
    divisible = can_divide(planner, asked.observables_file)
    if executor is not None and divisible:
        return fill_on(executor, readings, planner, asked.observables_file, options, progress)
    if asked.workers > 1 and divisible:
        return fill_both(readings, planner, asked.observables_file, options, progress)
    # the reference first: its events decide the preset
    second = fill_sample(readings[1], planner, progress=progress, **options)
    return fill_sample(readings[0], planner, progress=progress, **options), second


def _write(
    found: Comparison,
    asked: ValidationSettings,
    supplement: Supplement,
    out: Path,
    executor: Executor | None,
) -> ValidationResult:
    """Write page and metrics."""
    created = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    words = _in_words(asked, found)
    shelf = FigureShelf(out / "plots" if asked.plots else None)
    metrics = comparison_metrics(found, words, asked.parts, created) | supplement.metrics()
    report, metrics_file = out / "report.html", out / "metrics.json"
    page = render(found, words, created, asked.parts, supplement, shelf, executor)
    write_text(report, page)
    write_text(metrics_file, dumps(metrics))
    return ValidationResult(
        verdict=found.verdict,
        report=report,
        metrics_file=metrics_file,
        comparison=found,
        metrics=metrics,
        amplification=supplement.amplification,
    )


def _in_words(asked: ValidationSettings, found: Comparison) -> list[tuple[str, str]]:
    """Return what was compared, for page and metrics."""
    plan, tolerance = found.reference.plan, found.tolerance
    allowed = [f"{k}: {v:.3g}" for k, v in (tolerance.by_name or {}).items()]
    if tolerance.default:
        allowed.append(f"{tolerance.default:.3g} for all others")
    return [
        ("candidate", str(found.candidate.file.path)),
        ("reference", str(found.reference.file.path)),
        ("preset", plan.preset or "none, observables were named"),
        ("observables", str(len(plan.observables))),
        ("jets", f"{asked.jets or JetDefinition()}, of visible final-state particles"),
        ("events read", f"at most {asked.max_events} a file" if asked.max_events else "all"),
        ("tolerance", ", ".join(allowed) or "none: any significant deviation is 'differs'"),
        ("family-wise error", f"{found.family_wise_error:g}"),
        (
            "cross section",
            f"both normalised to that of the {asked.normalise_to}"
            if asked.normalise_to
            else "each file has its own",
        ),
        ("seed of the bootstrap", str(asked.seed)),
    ]
