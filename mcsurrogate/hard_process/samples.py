# SPDX-License-Identifier: GPL-3.0-or-later
"""The samples of a card: processes that are integrated apart, and whose events belong together."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mcsurrogate.cards import RunCard
from mcsurrogate.errors import CardError
from mcsurrogate.hard_process.definitions import read_definitions
from mcsurrogate.hard_process.model import standard_model
from mcsurrogate.matrix_elements import ProcessDefinition, as_number, with_more_particles

__all__ = ["Sample", "read_samples"]


class Sample(NamedTuple):
    """A part of a run with a phase space of its own.

    Attributes
    ----------
    name
        Of its folder.
    definitions
        Numbers of its definitions, counted from zero, among those of all samples.
    values
        What its card has in the place of the run's, by section and key.
    """

    name: str
    definitions: tuple[int, ...]
    values: Mapping[str, Any]


def read_samples(card: RunCard) -> list[Sample]:
    """Return the samples of a card, one for most.

    With a section ``[merging]`` there is one of each number of jets, kept apart from their soft and
    collinear limits by the merging scale; definitions whose outgoing particles differ in number or
    mass are samples of their own.

    Raises
    ------
    CardError
        If the card asks for what several samples do not have.
    ProcessError
        If a definition cannot be understood.
    """
    definitions = read_definitions(card)
    if card.merging is not None:
        return _of_each_number_of_jets(card)
    if len(definitions) == 1:
        return [Sample("", (0,), {})]
    kinds: dict[tuple[float, ...], list[int]] = {}
    for number, definition in enumerate(definitions):
        kinds.setdefault(_masses(card, definition), []).append(number)
    if len(kinds) == 1:
        return [Sample("", tuple(range(len(definitions))), {})]
    _require_whole_sequence(card)
    texts = card.process.definitions
    return [
        Sample(
            str(place),
            tuple(numbers),
            {"process": {"definition": [texts[number] for number in numbers]}},
        )
        for place, numbers in enumerate(kinds.values(), start=1)
    ]


def _masses(card: RunCard, definition: ProcessDefinition) -> tuple[float, ...]:
    model = standard_model(card.model)
    process = definition.partonic_processes()[0]
    return tuple(as_number(p.mass(model)) for p in process.particles[process.n_incoming :])


def _require_whole_sequence(card: RunCard) -> None:
    if card.generation.first_event:
        raise CardError(
            "generation.first_event: samples of several numbers of particles are mixed as a whole; "
            "give each job a generation.seed of its own"
        )


def _of_each_number_of_jets(card: RunCard) -> list[Sample]:
    section = card.merging
    if section is None or len(card.process.definitions) != 1:
        raise CardError("merging: write one process definition, without the jets that it gets")
    if card.jets is not None or any(_cuts_jets(cut.particles, cut.others) for cut in card.cuts):
        raise CardError(
            "merging: the merging scale is the only cut on jets; leave [jets] and cuts on jets out"
        )
    _require_whole_sequence(card)
    (text,) = card.process.definitions
    cuts = [cut.model_dump(exclude_none=True) for cut in card.cuts]
    jets = ["jets", *([5, -5] if card.process.light_flavours == 5 else [])]
    close = [
        {"observable": "pt", "particles": jets, "minimum": section.scale},
        {"observable": "kt", "particles": jets, "minimum": section.radius * section.scale},
    ]
    return [
        Sample(
            f"{count}_jets",
            (count,),
            {
                "process": {"definition": with_more_particles(text, ["j"] * count)},
                "cuts": [*cuts, *(close[: min(count, len(close))])],
            },
        )
        for count in range(section.jets + 1)
    ]


def _cuts_jets(*groups: Sequence[str | int] | None) -> bool:
    return any(name == "jets" for names in groups for name in names or ())
