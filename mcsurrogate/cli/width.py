# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate width``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cli.console import output
from mcsurrogate.cli.faults import begin

__all__ = ["width"]


def width(
    decay: Annotated[str, typer.Argument(help="Decay in MadGraph's syntax, 't > b e+ ve'.")],
    card: Annotated[
        Path | None,
        typer.Option(help="Run card whose [model], labels and bwcutoff are taken."),
    ] = None,
    precision: Annotated[float, typer.Option(help="Relative error to reach.")] = 0.001,
    seed: Annotated[int, typer.Option(help="Seed of the integration.")] = 1,
) -> None:
    """Compute the partial width of a decay in GeV at lowest order.

    Example: mcsurrogate width 'w+ > l+ vl'
    """
    begin()
    from mcsurrogate.cards import RunCard, load_card
    from mcsurrogate.hard_process import partial_width, standard_model
    from mcsurrogate.matrix_elements import ProcessDefinition, StandardModel

    model, labels, flavours, bwcutoff = StandardModel(), {}, 4, 15.0
    if card is not None:
        found = load_card(card, RunCard)
        model, bwcutoff = standard_model(found.model), found.process.bwcutoff
        labels, flavours = found.process.labels, found.process.light_flavours
    definition = ProcessDefinition.parse(decay, flavours, labels)
    result = partial_width(definition, model, precision=precision, bwcutoff=bwcutoff, seed=seed)
    for part in (*result.parts, result):
        error = f" +- {part.error:.2g}" if part.error else ""
        output.print(f"{part.name}: {part.value:.9g}{error} GeV", markup=False, highlight=False)
