# SPDX-License-Identifier: GPL-3.0-or-later
"""The samples of a card: processes that are integrated apart, and whose events belong together."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mcsurrogate.cards import CutSection, MergingSection, RunCard
from mcsurrogate.errors import CardError
from mcsurrogate.hard_process.beams import BEAM_PARTICLES, beam_particles
from mcsurrogate.hard_process.cuts import jet_flavours
from mcsurrogate.hard_process.definitions import read_definitions
from mcsurrogate.hard_process.model import standard_model
from mcsurrogate.matrix_elements import ProcessDefinition, as_number, with_more_particles

__all__ = ["Sample", "read_samples"]

_PROTON = BEAM_PARTICLES["p"]
_MATCHED = 2 / 3
"""Cut on partons over the scale at which jets are matched: jets lose momentum in the shower."""


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
    of_jets = card.jets is not None or any(_is_of_jets(card, cut) for cut in card.cuts)
    if of_jets or card.preset_cuts is not None:
        raise CardError(
            "merging: the merging scale is the only cut on jets; leave [jets], preset_cuts and "
            "cuts on jets out"
        )
    if not all(abs(beam) == _PROTON for beam in beam_particles(card, read_definitions(card))):
        raise CardError(
            "merging: its scale is a transverse momentum to the beams, which is for two hadron "
            "beams alone"
        )
    _require_whole_sequence(card)
    (text,) = card.process.definitions
    cuts = [cut.model_dump(exclude_none=True) for cut in card.cuts]
    apart = _apart(section, ["jets", *([5, -5] if card.process.light_flavours == 5 else [])])
    return [
        Sample(
            f"{count}_jets",
            (count,),
            {
                "process": {"definition": with_more_particles(text, ["j"] * count)},
                "cuts": [*cuts, *(apart if count else ())],
            },
        )
        for count in range(section.jets + 1)
    ]


def _apart(section: MergingSection, jets: Sequence[str | int]) -> list[dict[str, Any]]:
    """Cuts that keep jets from beams and from each other."""
    if section.measure == "lund_pt":
        # the evolution pT of an emission off a beam is at most sqrt(2) times its pT, and that of
        # one off a jet half the mass of the pair; mappings know pT and masses
        least = {"lund_pt": 1.0, "pt": math.sqrt(0.5), "mass": 1.0}
    else:
        share = 1.0 if section.method == "ckkw-l" else _MATCHED
        least = {"pt": share, "kt": share * section.jet_radius}
    return [
        {"observable": name, "particles": jets, "minimum": factor * section.scale}
        for name, factor in least.items()
    ]


def _is_of_jets(card: RunCard, cut: CutSection) -> bool:
    names = {*cut.particles, *(cut.others or ())}
    return bool(names & {"jets", *jet_flavours(card)})
