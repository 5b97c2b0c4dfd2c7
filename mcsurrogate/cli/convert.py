# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate convert``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.faults import begin, end_strictly
from mcsurrogate.cli.options import StrictOption
from mcsurrogate.errors import EventFileError

__all__ = ["convert"]


def _bounds(text: str) -> tuple[int, int | None]:
    """First event and the one behind the last, of ``A:B`` where each may be missing."""
    first, colon, stop = text.partition(":")
    numbers = [word.strip() for word in (first, stop)]
    if not colon or any(word and not word.isdecimal() for word in numbers):
        raise EventFileError(
            f"--events: '{text}' is not A:B, the first event and the one behind the last, from 0"
        )
    return int(numbers[0] or 0), int(numbers[1]) if numbers[1] else None


def convert(
    source: Annotated[
        Path,
        typer.Argument(
            help="Hard events (LHE, LHEH5, MadGraph's events.npy) or generated ones (HepMC 2, "
            "3), plain or compressed, or columns of either (Parquet, ROOT)."
        ),
    ],
    target: Annotated[
        Path,
        typer.Argument(
            help="Ends in .lhe, .hepmc (and .gz, .zst, .xz), .h5, .hdf5, .lheh5, .parquet, .root."
        ),
    ],
    events: Annotated[
        str, typer.Option(metavar="A:B", help="Events A to B - 1, counted from 0, as in Python.")
    ] = ":",
    strict: StrictOption = False,
) -> None:
    """Write events in another format, or a part of them: Les Houches, LHEH5, HepMC3, columns.

    All weights, headers, attributes and comments are kept. Generated events become no hard ones.

    Examples: mcsurrogate convert events.lhe.gz events.h5;
    mcsurrogate convert events.hepmc.zst events.parquet;
    mcsurrogate convert events.h5 part.lhe --events 1000:2000
    """
    first, stop = _bounds(events)
    begin()
    from mcsurrogate.events import convert_events

    if target.exists() and source.exists() and target.samefile(source):
        raise EventFileError(f"{target}: is the file that is read; give another name")
    with progress_bar("convert") as progress:
        count = convert_events(source, target, first, stop, progress)
    console.print(f"{count} events: {target}")
    end_strictly(strict)
