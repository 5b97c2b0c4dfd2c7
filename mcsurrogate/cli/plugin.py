"""``mcsurrogate plugin``."""

from typing import Annotated

import typer

from mcsurrogate.generators.hadronization import hadronization_settings

__all__ = ["plugin"]


def plugin(
    model: Annotated[
        str,
        typer.Option(help="Shipped weights, path of a weights file, or 'lund' (Pythia's own)."),
    ] = "string_breaks",
) -> None:
    """Print the .cmnd lines that load the hadronization plugin into a Pythia 8 run.

    Example: mcsurrogate plugin >> run.cmnd
    """
    for line in hadronization_settings(model):
        typer.echo(line)
