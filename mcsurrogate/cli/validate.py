# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate validate``."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, output, progress_bar, warn
from mcsurrogate.cli.faults import ExitCode, begin, end_strictly
from mcsurrogate.cli.options import (
    ExecutorOption,
    JetAlgorithmOption,
    JetPtOption,
    JetRadiusOption,
    JetRapidityOption,
    MaxEventsOption,
    ObservableOption,
    ObservablesFileOption,
    PdfErrorOption,
    PresetOption,
    SchedulerOption,
    StrictOption,
    WorkersOption,
    jets_of,
)
from mcsurrogate.cli.summary import print_verdict
from mcsurrogate.errors import ValidationError

__all__ = ["validate"]

_SIDES = {"A": 0, "candidate": 0, "B": 1, "reference": 1}


class Side(StrEnum):
    """One of the samples."""

    CANDIDATE = "candidate"
    REFERENCE = "reference"


def _weights(given: list[str]) -> list[str | None]:
    """Weights of candidate and reference from NAME, A=NAME and B=NAME.

    Raises
    ------
    ValidationError
        A weight is given twice.
    """
    both: list[str] = []
    single: list[str | None] = [None, None]
    for text in given:
        side, equals, name = text.partition("=")
        if not equals or side not in _SIDES:
            both.append(text)
        elif single[_SIDES[side]] is not None:
            raise ValidationError(f"--weight {text}: the {side} has a weight already")
        else:
            single[_SIDES[side]] = name
    if len(both) > 1:
        raise ValidationError(
            f"--weight {both[1]}: both files have {both[0]!r} already; give --weight A=NAME and "
            "--weight B=NAME for different ones"
        )
    return [name if name is not None else (both[0] if both else None) for name in single]


def _list_observables(wanted: bool) -> None:
    """Print all presets and observables, and leave."""
    if not wanted:
        return
    from mcsurrogate.validation import observables as registry

    for name in registry.presets():
        members = ", ".join(o.name for o in registry.preset(name))
        output.print(f"[bold]{name}[/]: {members}\n", highlight=False)
    for name in registry.names():
        found = registry.get(name)
        unit = f" [{found.unit}]" if found.unit else ""
        output.print(f"[bold]{name}[/]{unit}", highlight=False)
        output.print(f"    {found.title}: {found.definition}", markup=False, highlight=False)
    raise typer.Exit


def _samples(
    candidate: Path, reference: Path | None, against: Path | None
) -> tuple[Path, Path, tuple[Path, Path] | None]:
    """Event files of candidate and reference, and both folders where two runs are compared."""
    from mcsurrogate.validation import events_of

    if against is not None:
        if reference is not None:
            raise ValidationError("give either a second file or --against RUN, not both")
        runs = (candidate, against) if candidate.is_dir() and against.is_dir() else None
        return events_of(candidate), events_of(against), runs
    if reference is None:
        if not candidate.is_dir():
            raise ValidationError(f"{candidate}: needs a second file, or --against RUN")
        return events_of(candidate), events_of(candidate, "standard"), None
    return events_of(candidate), events_of(reference), None


def _names(candidate: Path, reference: Path) -> tuple[str, str]:
    """Names of two runs that tell them apart."""
    a, b = candidate.resolve().name, reference.resolve().name
    return (a, b) if a != b else (str(candidate), str(reference))


def validate(
    candidate: Annotated[
        Path, typer.Argument(help="HepMC3 file of the sample on trial, or a run folder.")
    ],
    reference: Annotated[
        Path | None,
        typer.Argument(help="HepMC3 file it is compared with; for a run its standard chain."),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Another run or report: compare the surrogate chains of both."),
    ] = None,
    preset: PresetOption = None,
    observable: ObservableOption = None,
    observables_file: ObservablesFileOption = None,
    weight: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of the event weight to use in both files, A=NAME of the first or B=NAME of "
            "the second; by default Weight, Default, nominal, 0 or the first."
        ),
    ] = None,
    candidate_weight: Annotated[
        str | None, typer.Option(help="Name of the event weight of the candidate, as A=NAME.")
    ] = None,
    reference_weight: Annotated[
        str | None, typer.Option(help="Name of the event weight of the reference, as B=NAME.")
    ] = None,
    max_events: MaxEventsOption = None,
    label: Annotated[
        tuple[str, str] | None, typer.Option(help="Names of candidate and reference in the report.")
    ] = None,
    jet_algorithm: JetAlgorithmOption = None,
    jet_radius: JetRadiusOption = None,
    jet_pt: JetPtOption = None,
    jet_rapidity: JetRapidityOption = None,
    error_rate: Annotated[
        float | None,
        typer.Option(help="Probability that equal samples are called different; 0.0027."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all random choices.")] = 1,
    pdf_error: PdfErrorOption = None,
    normalise_to: Annotated[
        Side | None,
        typer.Option(help="Normalise both samples to the cross section of this one."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="Relative deviation that is within tolerance; none by default."),
    ] = None,
    trained_on: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Events that the candidate was trained on, none of them in the reference: says "
            "in which observables it is worth more.",
        ),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also train two networks on the particles; takes minutes."),
    ] = False,
    workers: WorkersOption = None,
    executor: ExecutorOption = None,
    scheduler: SchedulerOption = None,
    plots: Annotated[
        bool, typer.Option("--plots/--no-plots", help="Also write all figures as PDF and PNG.")
    ] = True,
    yoda: Annotated[
        bool, typer.Option("--yoda", help="Also write the histograms as YODA files.")
    ] = False,
    parquet: Annotated[
        bool,
        typer.Option("--parquet", help="Also write the histograms as Parquet, a row a bin."),
    ] = False,
    rivet: Annotated[
        list[str] | None,
        typer.Option(help="Rivet analysis to run on both files; can be repeated; needs rivet."),
    ] = None,
    strict: StrictOption = False,
    out: Annotated[Path, typer.Option("--out", help="Folder of the report.")] = Path("report"),
    list_observables: Annotated[  # noqa: ARG001 - its callback prints and leaves
        bool,
        typer.Option(
            "--list",
            callback=_list_observables,
            is_eager=True,
            help="List presets and observables.",
        ),
    ] = False,
) -> None:
    """Compare two HepMC3 files (plain, .gz or .zst): DIR/report.html and DIR/metrics.json.

    Files of sums (.observables, of `fill` and `merge`) stand for the events that filled them.

    Exit code 0 if the samples are indistinguishable, within tolerance or have too few events for
    a verdict (undecided, with a warning), 1 if they differ, 2 for bad input.

    A run folder stands for the events of its surrogate chain. With --against RUN two runs are
    compared with each other, to find what a change of cards, weights or versions changed.

    Example: mcsurrogate validate candidate.hepmc.zst reference.hepmc.zst --out report

    Example: mcsurrogate validate runs/new --against runs/old --out regression
    """
    begin(out)
    from mcsurrogate.cards import ExecutionSection
    from mcsurrogate.executors import open_executor
    from mcsurrogate.stages import reading_progress, summarize
    from mcsurrogate.validation import FAMILY_WISE_ERROR, ValidationSettings, Verdict
    from mcsurrogate.validation import validate as compare

    if scheduler is not None and executor != "dask":
        raise ValidationError("--scheduler belongs to --executor dask")
    processes = min(2, os.cpu_count() or 1) if workers is None else workers
    place = ExecutionSection()  # this process, which starts those that read
    if executor is not None and executor != "local":
        place = ExecutionSection(executor=executor, workers=processes, scheduler=scheduler)
    first, second, runs = _samples(candidate, reference, against)
    names = ("candidate", "reference") if runs is None else _names(*runs)
    weights = _weights(weight or [])
    settings = ValidationSettings(
        labels=label or names,
        runs=runs,
        preset=preset,
        observables=observable or None,
        observables_file=observables_file,
        candidate_weight=candidate_weight or weights[0],
        reference_weight=reference_weight or weights[1],
        max_events=max_events,
        jets=jets_of(jet_algorithm, jet_radius, jet_pt, jet_rapidity),
        family_wise_error=FAMILY_WISE_ERROR if error_rate is None else error_rate,
        seed=seed,
        pdf_error=None if pdf_error is None else pdf_error.value,
        normalise_to=None if normalise_to is None else normalise_to.value,
        tolerance=tolerance,
        trained_on=trained_on,
        deep=deep,
        workers=processes,
        plots=plots,
        yoda=yoda,
        parquet=parquet,
        rivet=rivet or (),
    )
    with open_executor(place) as pool, progress_bar("validate") as progress:
        result = compare(
            first,
            second,
            out,
            settings,
            executor=pool,
            progress=reading_progress(progress),
            tell=lambda test: progress(0.0, None, test),
        )
    print_verdict(summarize(result))
    if result.comparison.finer is not None:
        console.print(str(result.comparison.finer), highlight=False)
    if result.amplification is not None:
        console.print(str(result.amplification), highlight=False)
    for warning in result.comparison.warnings:
        warn(warning)
    console.print(f"Report: {result.report}")
    if result.verdict is Verdict.DIFFERS:
        raise typer.Exit(ExitCode.DIFFERENT)
    end_strictly(strict)
