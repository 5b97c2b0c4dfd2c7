# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate pack``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console
from mcsurrogate.cli.faults import begin
from mcsurrogate.errors import RunFolderError

__all__ = ["pack"]


def pack(
    run: Annotated[Path, typer.Argument(help="Run folder with a finished integration.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="The pack; RUN.pack if not given.")
    ] = None,
) -> None:
    """Put what events need of a run into one file, for many seeds on many machines.

    The pack holds card, sampler, maxima, emulators, hadronization weights of your own, parton
    densities and their digests; nothing in it is code. Events are made of it wherever the same
    version of mcsurrogate is installed.

    Example: mcsurrogate pack runs/ttbar; mcsurrogate generate ttbar.pack --seed 7 --out job7
    """
    if not (run / "run.json").is_file():
        raise RunFolderError(f"{run}: is no run folder; make one with mcsurrogate integrate CARD")
    begin()
    from mcsurrogate.stages import pack_run

    target = out if out is not None else Path(f"{run.resolve().name}.pack")
    pack_run(run, target)
    console.print(f"Pack: {target} ({target.stat().st_size / 1e6:.2f} MB)")
