# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate train``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.faults import begin, guarded
from mcsurrogate.cli.options import (
    ExecutorOption,
    OutOption,
    ResumeOption,
    SchedulerOption,
    WorkersOption,
    run_path,
)
from mcsurrogate.cli.summary import print_emulator

__all__ = ["train"]

train = typer.Typer(
    name="train",
    help="Train a surrogate from a card: an emulator of |M|^2, or hadronization.",
    no_args_is_help=True,
)

CardArgument = Annotated[Path, typer.Argument(help="Training card (TOML).")]


def emulator(
    card: CardArgument,
    out: OutOption = None,
    resume: ResumeOption = False,
    workers: WorkersOption = None,
    executor: ExecutorOption = None,
    scheduler: SchedulerOption = None,
) -> None:
    """Train an emulator of a squared matrix element; DIR holds model, metrics and plots.

    Example: mcsurrogate train emulator cards/emulator_gg_ttxg.toml
    """
    from mcsurrogate.cards import EmulatorCard, ExecutionSection, load_card, replace_values

    path, content = run_path(card, out), load_card(card, EmulatorCard)
    place = replace_values(
        ExecutionSection(), {"executor": executor, "workers": workers, "scheduler": scheduler}
    )
    begin(path, resumable=True)
    from mcsurrogate.executors import open_executor
    from mcsurrogate.stages import EMULATOR, train_emulator

    with open_executor(place) as pool, progress_bar("train emulator") as progress:
        trained = train_emulator(content, path, progress, resume=resume, executor=pool)
    print_emulator(trained.metrics)
    console.print(f"Emulator: {path / EMULATOR}; plots: {path / 'plots'}")


def hadronization(card: CardArgument, out: OutOption = None, resume: ResumeOption = False) -> None:
    """Train a hadronization model; DIR holds weights, model card and learning curve.

    The card's kind says which: string_breaks or clusters.

    Example: mcsurrogate train hadronization cards/string_breaks_monash.toml
    """
    from mcsurrogate.hadronization import read_hadronization_card, train_hadronization

    path, content = run_path(card, out), read_hadronization_card(card)
    begin(path, resumable=True)
    with progress_bar("train hadronization") as progress:
        weights = train_hadronization(content, path, progress=progress, resume=resume)
    console.print(f"Weights: {weights}")


for command in (emulator, hadronization):
    train.command()(guarded(command))
