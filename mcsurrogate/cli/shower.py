# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate shower``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar, progress_bars
from mcsurrogate.cli.faults import begin, end_strictly
from mcsurrogate.cli.options import (
    ExecutorOption,
    OutOption,
    ResumeOption,
    SchedulerOption,
    SeedOption,
    StrictOption,
    WorkersOption,
    read_card,
)
from mcsurrogate.cli.summary import print_chains, print_verdict, warn_of_chain
from mcsurrogate.errors import CardError

__all__ = ["shower"]


def shower(
    source: Annotated[
        Path,
        typer.Argument(
            help="Les Houches events (.lhe, .gz, .zst, .xz, .h5), or a card (.toml) with them."
        ),
    ],
    hadronization: Annotated[
        str, typer.Option(help="Weights that hadronize; 'lund' for Pythia's own strings.")
    ] = "string_breaks",
    events: Annotated[
        int | None, typer.Option(min=1, help="Number of events; all if not given.")
    ] = None,
    setting: Annotated[
        list[str] | None, typer.Option(help="Pythia setting, e.g. 'TimeShower:alphaSvalue = 0.13'.")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(
            help="Also hadronize the same events with Pythia's strings and compare: observables."
        ),
    ] = None,
    seed: SeedOption = None,
    out: OutOption = None,
    resume: ResumeOption = False,
    workers: WorkersOption = None,
    executor: ExecutorOption = None,
    scheduler: SchedulerOption = None,
    strict: StrictOption = False,
) -> None:
    """Pass anyone's hard events through Pythia with neural hadronization: HepMC3.

    A card whose section process has `events = "FILE"` says the same, options of the chain too.

    Examples: mcsurrogate shower events.lhe.gz; mcsurrogate shower events.lhe.gz --preset pp_top
    """
    path = out if out is not None else Path("runs") / source.name.partition(".")[0]
    begin(path, resumable=True)
    from mcsurrogate.cards import replace_values
    from mcsurrogate.executors import open_executor
    from mcsurrogate.run_folder import RunFolder
    from mcsurrogate.stages import (
        events_card,
        require_chain,
        require_chains,
        run_chains,
        run_shower,
        run_validation,
    )

    if source.suffix == ".toml":
        if hadronization != "string_breaks" or setting or preset:
            raise CardError(
                "--hadronization, --setting and --preset belong to event files; write "
                "chain.surrogate.hadronization, chain.settings and validation.preset into the card"
            )
        card = read_card(source, seed=seed, generation={"events": events})
        if card.process.events is None:
            raise CardError(f"{source}: [process] events is missing; `run` takes this card")
    else:
        card = events_card(
            source,
            seed=1 if seed is None else seed,
            events=events,
            hadronization=hadronization,
            settings=setting or [],
            preset=preset,
        )
    compare = card.chain.standard is not None
    (require_chains if compare else require_chain)(card)
    execution = {"executor": executor, "workers": workers, "scheduler": scheduler}
    card = replace_values(card, {"execution": execution})
    with RunFolder(path, card, resume=resume) as folder, open_executor(card.execution) as pool:
        if not compare:
            with progress_bar("shower") as progress:
                chain = run_shower(folder, progress, executor=pool)
            console.print(
                f"{chain['events']} events, {chain['failed_events']} failed, "
                f"{chain['cross_section_pb']:.6g} +- {chain['cross_section_error_pb']:.2g} pb"
            )
            warn_of_chain(chain)
        else:
            with progress_bars("surrogate chain", "standard chain") as bars:
                chain, reference = run_chains(folder, *bars, executor=pool)
            print_chains(chain, reference)
            with progress_bar("report") as progress:
                report = run_validation(folder, progress, executor=pool)
            print_verdict(report)
            console.print(f"Report: {path / report['report']}")
        if chain["file"] is not None:
            console.print(f"HepMC3: {path / chain['file']}")
    end_strictly(strict)
