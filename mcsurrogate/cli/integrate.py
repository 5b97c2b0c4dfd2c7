# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate integrate``."""

from typing import Annotated, Literal

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.faults import begin, end_strictly
from mcsurrogate.cli.options import (
    CardArgument,
    DeviceOption,
    ExecutorOption,
    OutOption,
    ResumeOption,
    SchedulerOption,
    SeedOption,
    StrictOption,
    WorkersOption,
    read_card,
    run_path,
)
from mcsurrogate.cli.summary import print_costs, print_cross_section

__all__ = ["integrate"]


def integrate(
    card: CardArgument,
    method: Annotated[
        Literal["auto", "madnis", "vegas"] | None,
        typer.Option(help="Sampler: normalizing flow, VEGAS+, or the cheaper one, measured."),
    ] = None,
    precision: Annotated[
        float | None, typer.Option(help="Relative error to reach, e.g. 0.001.")
    ] = None,
    seed: SeedOption = None,
    out: OutOption = None,
    resume: ResumeOption = False,
    workers: WorkersOption = None,
    executor: ExecutorOption = None,
    scheduler: SchedulerOption = None,
    device: DeviceOption = None,
    plots: Annotated[
        bool,
        typer.Option("--plots", help="Draw training, weights and sampler into DIR/plots."),
    ] = False,
    strict: StrictOption = False,
) -> None:
    """Compute the cross section of a card; DIR/result.json holds it.

    Example: mcsurrogate integrate cards/ttbar.toml --precision 0.001
    """
    resolved = read_card(
        card,
        seed=seed,
        integration={"method": method, "precision": precision, "device": device},
        execution={"executor": executor, "workers": workers, "scheduler": scheduler},
    )
    path = run_path(card, out)
    begin(path, resumable=True)
    from mcsurrogate.executors import open_executor
    from mcsurrogate.run_folder import RunFolder
    from mcsurrogate.stages import run_integration

    with (
        RunFolder(path, resolved, resume=resume) as folder,
        open_executor(resolved.execution) as pool,
    ):
        with progress_bar("integrate") as progress:
            result = run_integration(folder, progress, executor=pool, plots=plots)
        print_cross_section(result)
        console.print(f"Result: {path / 'result.json'}")
        print_costs(folder.records)
    end_strictly(strict)
