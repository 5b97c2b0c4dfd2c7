# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate run``."""

from mcsurrogate.cli.console import console, progress_bar, progress_bars
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
from mcsurrogate.cli.summary import (
    print_chains,
    print_costs,
    print_cross_section,
    print_events,
    print_verdict,
)

__all__ = ["run"]


def run(
    card: CardArgument,
    seed: SeedOption = None,
    out: OutOption = None,
    resume: ResumeOption = False,
    workers: WorkersOption = None,
    executor: ExecutorOption = None,
    scheduler: SchedulerOption = None,
    device: DeviceOption = None,
    strict: StrictOption = False,
) -> None:
    """Do the whole job: cross section, events, both Pythia chains, jets and the report.

    With `[process] pythia = [...]` in the card, Pythia makes the hard process of both chains,
    and the run starts with the chains.

    Examples: mcsurrogate run cards/ttbar.toml --out runs/ttbar; mcsurrogate run cards/zpole.toml
    """
    resolved = read_card(
        card,
        seed=seed,
        integration={"device": device},
        execution={"executor": executor, "workers": workers, "scheduler": scheduler},
    )
    path = run_path(card, out)
    begin(path, resumable=True)
    from mcsurrogate.executors import open_executor
    from mcsurrogate.run_folder import RunFolder
    from mcsurrogate.stages import (
        require_chains,
        run_chains,
        run_generation,
        run_integration,
        run_validation,
    )

    require_chains(resolved)
    with (
        RunFolder(path, resolved, resume=resume) as folder,
        open_executor(resolved.execution) as pool,
    ):
        if resolved.process.definition is not None:
            with progress_bar("integrate") as progress:
                result = run_integration(folder, progress, executor=pool)
            print_cross_section(result)
            with progress_bar("generate") as progress:
                generation = run_generation(folder, progress, executor=pool)
            print_events(generation)
        with progress_bars("surrogate chain", "standard chain") as bars:
            print_chains(*run_chains(folder, *bars, executor=pool))
        with progress_bar("report") as progress:
            report = run_validation(folder, progress, executor=pool)
        print_verdict(report)
        console.print(f"Report: {path / report['report']}")
        print_costs(folder.records)
    end_strictly(strict)
