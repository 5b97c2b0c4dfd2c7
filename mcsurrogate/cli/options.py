# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments and options that several commands share."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mcsurrogate.errors import ValidationError

if TYPE_CHECKING:
    from mcsurrogate.analysis import JetDefinition
    from mcsurrogate.cards import RunCard

__all__ = [
    "CardArgument",
    "DeviceOption",
    "ExecutorOption",
    "JetAlgorithmOption",
    "JetPtOption",
    "JetRadiusOption",
    "JetRapidityOption",
    "MaxEventsOption",
    "ObservableOption",
    "ObservablesFileOption",
    "OutOption",
    "PdfError",
    "PdfErrorOption",
    "PresetOption",
    "ResumeOption",
    "SchedulerOption",
    "SeedOption",
    "StrictOption",
    "WorkersOption",
    "jets_of",
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
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Exit with code 3 if there was a warning.")
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        min=1,
        help="Processes that share the work; the card's if not given. Changes no result.",
    ),
]
DeviceOption = Annotated[
    Literal["cpu", "cuda"] | None,
    typer.Option(
        "--device",
        help="Where the networks of the flow are trained and evaluated; the card's if not given.",
    ),
]
ExecutorOption = Annotated[
    Literal["local", "dask", "mpi"] | None,
    typer.Option(
        "--executor",
        help="Where the work is done: processes, a Dask cluster, the ranks of an MPI "
        "job; the card's if not given. Changes no result.",
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option("--scheduler", help="Address or file (.json) of a Dask scheduler."),
]

PresetOption = Annotated[
    str | None,
    typer.Option(
        "--preset", help="Preset of observables; the one that fits the events if not given."
    ),
]
ObservableOption = Annotated[
    list[str] | None,
    typer.Option("--observable", help="Observable instead of a preset, by name; can be repeated."),
]
ObservablesFileOption = Annotated[
    Path | None,
    typer.Option(
        "--observables-file", help="Python file with own observables: functions marked @observable."
    ),
]
MaxEventsOption = Annotated[
    int | None,
    typer.Option("--max-events", min=1, help="Read at most this many events of each file."),
]
JetAlgorithmOption = Annotated[
    str | None,
    typer.Option("--jet-algorithm", help="anti-kt (by default), Cambridge/Aachen or kt."),
]
JetRadiusOption = Annotated[float | None, typer.Option("--jet-radius", help="Radius of jets; 0.4.")]
JetPtOption = Annotated[
    float | None,
    typer.Option("--jet-pt", help="Smallest transverse momentum of jets in GeV; 25."),
]
JetRapidityOption = Annotated[
    float | None,
    typer.Option("--jet-rapidity", help="Largest absolute rapidity of jets; 4.5."),
]


class PdfError(StrEnum):
    """Rules of parton densities."""

    REPLICAS = "replicas"
    HESSIAN = "hessian"
    SYMMETRIC = "symmetric hessian"
    HESSIAN_90 = "hessian 90%"
    SYMMETRIC_90 = "symmetric hessian 90%"


PdfErrorOption = Annotated[
    PdfError | None,
    typer.Option(
        "--pdf-error",
        help="How weights of densities are combined; by the LHAPDF number of their set if not "
        "given.",
    ),
]


def jets_of(
    algorithm: str | None, radius: float | None, pt: float | None, rapidity: float | None
) -> "JetDefinition | None":
    """Jet definition of what was given; None where nothing was."""
    from mcsurrogate.analysis import JetAlgorithm, JetDefinition

    given = {"radius": radius, "min_pt": pt, "max_rapidity": rapidity}
    changed: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    for name, value in changed.items():
        if value <= 0.0:
            raise ValidationError(f"jets: {name} is {value}; it must be above zero")
    if algorithm is None and not changed:
        return None
    jets = replace(JetDefinition(), **changed)
    try:
        return jets if algorithm is None else replace(jets, algorithm=JetAlgorithm(algorithm))
    except ValueError:
        known = ", ".join(one.value for one in JetAlgorithm)
        raise ValidationError(f"--jet-algorithm {algorithm}: known are {known}") from None


def read_card(path: Path, **overrides: object) -> "RunCard":
    """Read a run card and replace values that the command line gives; None replaces nothing."""
    from mcsurrogate.cards import RunCard, load_card, own_functions, replace_values

    given = load_card(path, RunCard)
    card = replace_values(given, overrides)
    if card.process.events is not None:
        from mcsurrogate.events import require_hard_events

        events = (path.parent / card.process.events).resolve()
        card = replace_values(card, {"process": {"events": str(events)}})
        asked = overrides.get("generation")
        if "events" not in given.generation.model_fields_set and asked in ({"events": None}, None):
            card = replace_values(card, {"generation": {"events": require_hard_events(events)}})
    place, _, name = card.integration.flow.family.rpartition(":")
    if place.endswith(".py"):
        family = f"{(path.parent / place).resolve()}:{name}"
        flow = {"family": family, "options": card.integration.flow.options}
        card = replace_values(card, {"integration": {"flow": flow}})
    for section, key, place, name in own_functions(card):
        function = f"{(path.parent / place).resolve()}:{name}"
        if section == "cuts":
            cuts = [cut.model_dump() for cut in card.cuts]
            cuts[int(key)]["observable"] = function
            card = replace_values(card, {"cuts": cuts})
        else:
            card = replace_values(card, {section: {key: function}})
    if card.validation.observables_file is None:
        return card
    # mistakes in it are found now, not after hours of running
    from mcsurrogate.validation import load_observables

    own = (path.parent / card.validation.observables_file).resolve()
    load_observables(own)
    return replace_values(card, {"validation": {"observables_file": str(own)}})


def run_path(card: Path, out: Path | None) -> Path:
    """Return the run folder of a card."""
    return out if out is not None else Path("runs") / card.stem
