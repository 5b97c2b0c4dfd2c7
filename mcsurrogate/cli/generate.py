"""``mcsurrogate generate``."""

from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.faults import begin, end_strictly
from mcsurrogate.cli.options import (
    CardArgument,
    OutOption,
    ResumeOption,
    SeedOption,
    StrictOption,
    WorkersOption,
    read_card,
    run_path,
)
from mcsurrogate.cli.summary import print_cross_section, print_events
from mcsurrogate.workers import worker_pool

__all__ = ["generate"]


def generate(
    card: CardArgument,
    events: Annotated[
        int | None, typer.Option(help="Number of unweighted events; the card's if not given.")
    ] = None,
    shower: Annotated[
        bool,
        typer.Option(help="Pass the events through Pythia to HepMC3, as the card's chain says."),
    ] = True,
    seed: SeedOption = None,
    out: OutOption = None,
    resume: ResumeOption = False,
    workers: WorkersOption = 1,
    strict: StrictOption = False,
) -> None:
    """Generate unweighted events: an LHE file, and HepMC3 through Pythia.

    An integration that the run folder holds already is used; without one it is done first.

    Example: mcsurrogate generate cards/ttbar.toml --events 10000
    """
    resolved = read_card(card, seed=seed, generation={"events": events})
    path = run_path(card, out)
    begin(path, resumable=True)
    from mcsurrogate.run_folder import RunFolder
    from mcsurrogate.stages import require_chain, run_generation, run_integration, run_shower

    if shower:
        require_chain(resolved)
    with RunFolder(path, resolved, resume=resume) as folder, worker_pool(workers) as pool:
        with progress_bar("integrate") as progress:
            result = run_integration(folder, progress, keep=True, executor=pool)
        print_cross_section(result)
        with progress_bar("generate") as progress:
            generation = run_generation(folder, progress, executor=pool)
        print_events(generation)
        if shower:
            with progress_bar("shower") as progress:
                chain = run_shower(folder, progress)
            console.print(f"HepMC3: {path / chain['file']}")
    end_strictly(strict)
