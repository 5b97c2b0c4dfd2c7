"""``mcsurrogate merge``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.faults import begin

__all__ = ["merge"]


def merge(
    target: Annotated[
        Path,
        typer.Argument(help="Ends in .lhe, .lhe.gz, .lhe.zst, .lhe.xz, .h5, .hdf5 or .lheh5."),
    ],
    parts: Annotated[
        list[Path], typer.Argument(help="Les Houches or LHEH5 files of one run, in order.")
    ],
) -> None:
    """Put the hard events of many jobs into one file.

    The files must be of one run: same beams, processes, cross sections, strategy and weights. Parts
    that hold the same events, by seed and first event of the cards in their headers, are refused.

    Example: mcsurrogate merge sample.lhe.gz job*/events/hard_process.lhe.gz
    """
    begin()
    from mcsurrogate.stages import merge_events

    with progress_bar("merge") as progress:
        count = merge_events(parts, target, progress)
    console.print(f"{count} events of {len(parts)} files: {target}")
