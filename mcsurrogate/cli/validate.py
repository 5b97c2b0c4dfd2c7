"""``mcsurrogate validate``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.summary import print_verdict
from mcsurrogate.stages.report import reading_progress, summarize
from mcsurrogate.validation import Verdict
from mcsurrogate.validation import validate as compare

__all__ = ["validate"]

_DIFFERS_EXIT = 1


def validate(
    candidate: Annotated[Path, typer.Argument(help="HepMC3 file of the sample on trial.")],
    reference: Annotated[Path, typer.Argument(help="HepMC3 file it is compared with.")],
    preset: Annotated[
        str | None,
        typer.Option(help="Preset of observables; the one that fits the events if not given."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(help="Relative deviation that is within tolerance; none by default."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the report.")] = Path("report"),
) -> None:
    """Compare two HepMC3 files (plain, .gz or .zst): DIR/report.html and DIR/metrics.json.

    Exit code 0 if the samples are indistinguishable or within tolerance, 1 if they differ,
    2 for bad input.

    Example: mcsurrogate validate candidate.hepmc.zst reference.hepmc.zst --out report
    """
    with progress_bar("validate") as progress:
        result = compare(
            candidate,
            reference,
            out,
            preset=preset,
            tolerance=tolerance,
            progress=reading_progress(progress),
        )
    print_verdict(summarize(result))
    console.print(f"Report: {result.report}")
    if result.verdict is Verdict.DIFFERS:
        raise typer.Exit(_DIFFERS_EXIT)
