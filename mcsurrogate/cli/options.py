"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.validation import load_observables

__all__ = [
    "CardArgument",
    "OutOption",
    "ResumeOption",
    "SeedOption",
    "WorkersOption",
    "read_card",
    "run_path",
]

CardArgument = Annotated[
    Path, typer.Argument(help="Run card (TOML); cards/ttbar.toml is one that works.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Run folder; runs/<name of the card> if not given."),
]
SeedOption = Annotated[
    int | None, typer.Option("--seed", help="Overrides the card's seed (1 to 900000000).")
]
ResumeOption = Annotated[
    bool,
    typer.Option("--resume", help="Continue a killed run; finished stages are kept."),
]
WorkersOption = Annotated[
    int,
    typer.Option(
        "--workers", min=1, help="Processes that evaluate the cross section; changes no result."
    ),
]


def read_card(path: Path, **overrides: dict[str, object] | object) -> RunCard:
    """Read a run card and replace values that the command line gives; None replaces nothing."""
    card = load_card(path, RunCard)
    content = card.model_dump()
    if card.validation.observables_file is not None:
        # mistakes in it are found now, not after hours of running
        own = (path.parent / card.validation.observables_file).resolve()
        load_observables(own)
        content["validation"]["observables_file"] = str(own)
    for section, values in overrides.items():
        if isinstance(values, dict):
            given = {key: value for key, value in values.items() if value is not None}
            content[section] = {**content[section], **given}
        elif values is not None:
            content[section] = values
    return RunCard.model_validate(content)


def run_path(card: Path, out: Path | None) -> Path:
    """Return the run folder of a card."""
    return out if out is not None else Path("runs") / card.stem
