# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate fill``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import console, progress_bar
from mcsurrogate.cli.faults import begin, end_strictly
from mcsurrogate.cli.options import (
    JetAlgorithmOption,
    JetPtOption,
    JetRadiusOption,
    JetRapidityOption,
    MaxEventsOption,
    ObservableOption,
    ObservablesFileOption,
    PdfErrorOption,
    PresetOption,
    StrictOption,
    jets_of,
)

__all__ = ["fill"]


def fill(
    source: Annotated[Path, typer.Argument(help="HepMC3 file.")],
    target: Annotated[Path, typer.Argument(help="Ends in .observables.")],
    plan: Annotated[
        Path | None,
        typer.Option(
            help="File that was filled before: the same observables, grids, jets and seed, as all "
            "files need that are merged or compared."
        ),
    ] = None,
    preset: PresetOption = None,
    observable: ObservableOption = None,
    observables_file: ObservablesFileOption = None,
    weight: Annotated[
        str | None, typer.Option(help="Name of the event weight; the nominal one if not given.")
    ] = None,
    max_events: MaxEventsOption = None,
    jet_algorithm: JetAlgorithmOption = None,
    jet_radius: JetRadiusOption = None,
    jet_pt: JetPtOption = None,
    jet_rapidity: JetRapidityOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what is chosen and projected.")] = 1,
    pdf_error: PdfErrorOption = None,
    strict: StrictOption = False,
) -> None:
    """Fill the observables of a HepMC3 file where it lies, to be merged and validated elsewhere.

    The first file decides on observables and grids; give it to the others by --plan. `merge` puts
    files together, and `validate` takes them in place of events: its verdict, metrics and
    histograms are those of all events.

    Example: mcsurrogate fill reference_0.hepmc.zst plan.observables --max-events 2000

    Example: mcsurrogate fill events_7.hepmc.zst part_7.observables --plan plan.observables
    """
    begin()
    from mcsurrogate.stages import reading_progress
    from mcsurrogate.validation import ValidationSettings, fill_partial

    settings = ValidationSettings(
        preset=preset,
        observables=observable or None,
        observables_file=observables_file,
        weight=weight,
        max_events=max_events,
        jets=jets_of(jet_algorithm, jet_radius, jet_pt, jet_rapidity),
        seed=seed,
        pdf_error=None if pdf_error is None else pdf_error.value,
    )
    with progress_bar("fill") as progress:
        made = fill_partial(
            source, target, settings, plan=plan, progress=reading_progress(progress, files=1)
        )
    count = f"{made.sample.file.events} events, {len(made.filling.names)} observables"
    console.print(f"{count}: {target}")
    end_strictly(strict)
