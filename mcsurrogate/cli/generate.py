# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate generate``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.faults import begin, end_strictly
from mcsurrogate.cli.options import (
    DeviceOption,
    ExecutorOption,
    OutOption,
    ResumeOption,
    SchedulerOption,
    StrictOption,
    WorkersOption,
    read_card,
    run_path,
)
from mcsurrogate.cli.summary import (
    print_costs,
    print_cross_section,
    print_events,
    warn_of_chain,
)
from mcsurrogate.pack import is_pack

__all__ = ["generate"]


def generate(
    card: Annotated[
        Path,
        typer.Argument(help="Run card (TOML), or a pack (mcsurrogate pack)."),
    ],
    events: Annotated[
        int | None, typer.Option(help="Number of unweighted events; the card's if not given.")
    ] = None,
    shower: Annotated[
        bool,
        typer.Option(help="Pass the events through Pythia to HepMC3, as the card's chain says."),
    ] = True,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            help="Overrides the card's seed (1 to 900000000); of a pack, the seed of its events.",
        ),
    ] = None,
    first_event: Annotated[
        int | None,
        typer.Option(
            help="Number of the first event in the sequence of the seed, from 0: jobs of one seed "
            "make parts of one sample."
        ),
    ] = None,
    out: OutOption = None,
    resume: ResumeOption = False,
    workers: WorkersOption = None,
    executor: ExecutorOption = None,
    scheduler: SchedulerOption = None,
    device: DeviceOption = None,
    strict: StrictOption = False,
) -> None:
    """Generate unweighted events: an LHE file, and HepMC3 through Pythia.

    An integration that the run folder holds already is used; without one it is done first. A pack
    has its integration with it: jobs with other seeds make other events from the same training.

    Examples: mcsurrogate generate cards/ttbar.toml --events 10000;
    mcsurrogate generate ttbar.pack --events 10000 --seed 7 --out job7
    """
    path = run_path(card, out)
    generation: dict[str, object] = {"events": events, "first_event": first_event}
    integration = {"device": device}
    execution = {"executor": executor, "workers": workers, "scheduler": scheduler}
    packed = is_pack(card)
    if not packed:
        resolved = read_card(
            card, seed=seed, generation=generation, integration=integration, execution=execution
        )
    begin(path, resumable=True)
    from mcsurrogate.executors import open_executor
    from mcsurrogate.run_folder import RunFolder
    from mcsurrogate.stages import (
        open_pack,
        packed_card,
        require_chain,
        run_generation,
        run_integration,
        run_shower,
        unpack_run,
    )

    if packed:
        pack = open_pack(card)
        asked = {
            "generation": {**generation, "seed": seed},
            "integration": integration,
            "execution": execution,
        }
        resolved = packed_card(pack, path, asked)
    elif shower:
        require_chain(resolved)
    with (
        RunFolder(path, resolved, resume=resume) as folder,
        open_executor(resolved.execution) as pool,
    ):
        if packed:
            unpack_run(pack, folder)
            if shower:  # its chain needs the densities that came with the pack
                require_chain(resolved)
        with progress_bar("integrate") as progress:
            result = run_integration(folder, progress, keep=True, executor=pool)
        print_cross_section(result)
        with progress_bar("generate") as progress:
            generation = run_generation(folder, progress, executor=pool)
        print_events(generation)
        if shower:
            with progress_bar("shower") as progress:
                chain = run_shower(folder, progress, executor=pool)
            warn_of_chain(chain)
            if chain["file"] is not None:
                console.print(f"HepMC3: {path / chain['file']}")
        print_costs(folder.records)
    end_strictly(strict)
