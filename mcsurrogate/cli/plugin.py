# SPDX-License-Identifier: GPL-3.0-or-later
"""``mcsurrogate plugin``."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["plugin"]

_MODEL = "string_breaks"


def plugin(
    model: Annotated[
        str | None,
        typer.Option(
            help="Shipped weights, path of a weights file, or 'lund' (Pythia's own); "
            "string_breaks if no --emulator is given."
        ),
    ] = None,
    variation: Annotated[
        list[str] | None,
        typer.Option(help="Further weights that become an event weight; may be repeated."),
    ] = None,
    onnx: Annotated[
        list[Path] | None,
        typer.Option(help="NETWORK.onnx in place of that network; may be repeated."),
    ] = None,
    emulator: Annotated[
        list[Path] | None,
        typer.Option(
            help="Emulator of a hard process's matrix element: prints the lines of the user hook; "
            "may be repeated."
        ),
    ] = None,
) -> None:
    """Print the .cmnd lines that load the plugins into a Pythia 8 run.

    Example: mcsurrogate plugin >> run.cmnd
    """
    from mcsurrogate.generators import hadronization_settings, matrix_element_settings

    lines = matrix_element_settings(emulator) if emulator else []
    if model is not None or not emulator:
        lines += hadronization_settings(model or _MODEL, variation or (), onnx or ())
    for line in lines:
        typer.echo(line)
