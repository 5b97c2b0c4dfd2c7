# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate resample``."""

import math
from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.faults import begin, end_strictly
from mcsurrogate.cli.options import StrictOption

__all__ = ["resample"]


def resample(
    source: Annotated[
        Path, typer.Argument(help="Events with negative weights, in any format that convert reads.")
    ],
    target: Annotated[
        Path,
        typer.Argument(
            help="File of the same kind: .lhe, .h5, .hepmc, .parquet, .root, also .lhe.gz."
        ),
    ],
    largest_cell: Annotated[
        float, typer.Option(min=0.0, metavar="GEV", help="Radius that no cell exceeds.")
    ] = math.inf,
    jet_radius: Annotated[float, typer.Option(min=0.01, help="Radius of anti-kt jets.")] = 0.4,
    jet_pt: Annotated[
        float, typer.Option(min=0.0, help="Smallest transverse momentum of jets in GeV.")
    ] = 10.0,
    strict: StrictOption = False,
) -> None:
    """Share out negative weights among the nearest events (arXiv:2109.07851, 2303.15246).

    Sums of weights stay in every cell, and with them the cross section; every event stays. Compare
    the result with the source, or better with an independent sample, by `mcsurrogate validate`.

    Example: mcsurrogate resample nlo.lhe.gz positive.lhe.gz
    """
    begin()
    from dataclasses import replace

    from mcsurrogate.resampling import JETS, resample_events

    jets = replace(JETS, radius=jet_radius, min_pt=jet_pt)
    with progress_bar("resample") as progress:
        found = resample_events(
            source, target, largest_cell=largest_cell, jets=jets, progress=progress
        )
    console.print(str(found), highlight=False)
    console.print(f"Events: {target}")
    end_strictly(strict)
