"""``mcsurrogate validate``."""

import os
from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, output, progress_bar, warn
from mcsurrogate.cli.faults import ExitCode, begin, end_strictly
from mcsurrogate.cli.options import StrictOption
from mcsurrogate.cli.summary import print_verdict
from mcsurrogate.errors import ValidationError

__all__ = ["validate"]


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
    preset: Annotated[
        str | None,
        typer.Option(help="Preset of observables; the one that fits the events if not given."),
    ] = None,
    observable: Annotated[
        list[str] | None,
        typer.Option(help="Observable instead of a preset, by name; can be repeated."),
    ] = None,
    observables_file: Annotated[
        Path | None,
        typer.Option(help="Python file with own observables: functions marked @observable."),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            help="Name of the event weight to use in both files; by default Weight, Default, "
            "nominal, 0 or the first."
        ),
    ] = None,
    candidate_weight: Annotated[
        str | None, typer.Option(help="Name of the event weight of the candidate alone.")
    ] = None,
    reference_weight: Annotated[
        str | None, typer.Option(help="Name of the event weight of the reference alone.")
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="Relative deviation that is within tolerance; none by default."),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Also train two networks on the particles; takes minutes."),
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, max=2, help="Processes that read; results do not depend on it.")
    ] = min(2, os.cpu_count() or 1),
    plots: Annotated[
        bool, typer.Option("--plots/--no-plots", help="Also write all figures as PDF and PNG.")
    ] = True,
    yoda: Annotated[
        bool, typer.Option("--yoda", help="Also write the histograms as YODA files.")
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

    Exit code 0 if the samples are indistinguishable, within tolerance or have too few events for
    a verdict (undecided, with a warning), 1 if they differ, 2 for bad input.

    A run folder stands for the events of its surrogate chain. With --against RUN two runs are
    compared with each other, to find what a change of cards, weights or versions changed.

    Example: mcsurrogate validate candidate.hepmc.zst reference.hepmc.zst --out report

    Example: mcsurrogate validate runs/new --against runs/old --out regression
    """
    begin(out)
    from mcsurrogate.stages import reading_progress, summarize
    from mcsurrogate.validation import ValidationSettings, Verdict
    from mcsurrogate.validation import validate as compare

    first, second, runs = _samples(candidate, reference, against)
    settings = ValidationSettings(
        labels=("candidate", "reference") if runs is None else _names(*runs),
        runs=runs,
        preset=preset,
        observables=observable or None,
        observables_file=observables_file,
        weight=weight,
        candidate_weight=candidate_weight,
        reference_weight=reference_weight,
        tolerance=tolerance,
        deep=deep,
        workers=workers,
        plots=plots,
        yoda=yoda,
        rivet=rivet or (),
    )
    with progress_bar("validate") as progress:
        result = compare(
            first,
            second,
            out,
            settings,
            progress=reading_progress(progress),
            tell=lambda test: progress(0.0, None, test),
        )
    print_verdict(summarize(result))
    if result.comparison.finer is not None:
        console.print(str(result.comparison.finer), highlight=False)
    for warning in result.comparison.warnings:
        warn(warning)
    console.print(f"Report: {result.report}")
    if result.verdict is Verdict.DIFFERS:
        raise typer.Exit(ExitCode.DIFFERENT)
    end_strictly(strict)
