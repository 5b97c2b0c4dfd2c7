# SPDX-License-Identifier: GPL-3.0-or-later
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
        typer.Argument(
            help="Ends in .lhe, .h5, .hdf5, .lheh5, or .hepmc, .hepmc3, .parquet, .root; after "
            ".lhe and .hepmc also .gz, .zst, .xz. Or in .observables."
        ),
    ],
    parts: Annotated[
        list[Path],
        typer.Argument(
            help="Files of one run, in order: hard events, or HepMC and columns, or what `fill` "
            "made of events."
        ),
    ],
) -> None:
    """Put the events of many jobs, or the sums of their observables, into one file.

    Hard events must be of one run: same beams, processes, cross sections, strategy and weights.
    Generated events (HepMC, Parquet, ROOT) must have the same weights; the cross section in each is
    that of the whole. Parts that hold the same events, by the seeds in their headers, are refused.

    Example: mcsurrogate merge sample.lhe.gz job*/events/hard_process.lhe.gz

    Example: mcsurrogate merge sample.hepmc.zst job*/events/surrogate.hepmc.zst

    Example: mcsurrogate merge sample.observables job*/part.observables
    """
    begin()
    from mcsurrogate.stages import merge_events

    with progress_bar("merge") as progress:
        count = merge_events(parts, target, progress)
    console.print(f"{count} events of {len(parts)} files: {target}")
