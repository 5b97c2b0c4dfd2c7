"""``mcsurrogate plugin``."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.generators.hadronization import hadronization_settings

__all__ = ["plugin"]


def plugin(
    model: Annotated[
        str,
        typer.Option(help="Shipped weights, path of a weights file, or 'lund' (Pythia's own)."),
    ] = "string_breaks",
    variation: Annotated[
        list[str] | None,
        typer.Option(help="Further weights that become an event weight; may be repeated."),
    ] = None,
    onnx: Annotated[
        list[Path] | None,
        typer.Option(help="NETWORK.onnx in place of that network; may be repeated."),
    ] = None,
) -> None:
    """Print the .cmnd lines that load the hadronization plugin into a Pythia 8 run.

    Example: mcsurrogate plugin >> run.cmnd
    """
    for line in hadronization_settings(model, variation or (), onnx or ()):
        typer.echo(line)
