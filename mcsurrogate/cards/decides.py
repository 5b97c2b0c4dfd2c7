# SPDX-License-Identifier: GPL-3.0-or-later
"""Which stages of a run a field of a card decides: its model says so, nothing else lists it.

A field that says nothing decides every stage; `Decides` in its annotation, or in that of a section
around it, names the stages that read it.  A stage also depends on all that decides the stages it
builds on.  What decides no result is left out of the resolved card (``exclude`` of a field).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mcsurrogate.cards.load import nested_model

__all__ = ["STAGES", "Decides", "decided_by", "field_stages", "stages_below"]

STAGES: Mapping[str, tuple[str, ...]] = {
    "integrate": (),
    "generate": ("integrate",),
    "shower": ("generate",),
    "reference": (),
    "validate": ("shower", "reference"),
}
"""The stages in their order, each with those that it builds on."""


class Decides:
    """Marks a field, or a whole section, of a card: the stages that read it.

    Parameters
    ----------
    stages
        Names of :data:`STAGES`, at least one.

    Raises
    ------
    ValueError
        If there is no such stage, or none is named.
    """

    def __init__(self, *stages: str) -> None:
        unknown = [stage for stage in stages if stage not in STAGES]
        if unknown or not stages:
            raise ValueError(f"Decides{stages}: name stages of {', '.join(STAGES)}, at least one")
        self.stages = stages


def stages_below(stage: str) -> list[str]:
    """Return a stage and all that it builds on, in their order."""
    found = {stage}
    for name in reversed(list(STAGES)):
        if name in found:
            found.update(STAGES[name])
    return [name for name in STAGES if name in found]


def field_stages(
    model: type[BaseModel], around: tuple[str, ...] = tuple(STAGES), path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Yield the path of every field of a card, nested ones too, and the stages that read it."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        stages, nested = _marked(field, around), nested_model(field.annotation)
        if nested is None:
            yield (*path, name), stages
        else:
            yield from field_stages(nested, stages, (*path, name))


def _marked(field: FieldInfo, around: tuple[str, ...]) -> tuple[str, ...]:
    marks = [mark.stages for mark in field.metadata if isinstance(mark, Decides)]
    return marks[-1] if marks else around


def decided_by(card: BaseModel, stage: str) -> dict[str, Any]:
    """Return the part of a card that a stage reads, as JSON values by section and key."""
    content, part = card.model_dump(mode="json"), dict[str, Any]()
    for path, stages in field_stages(type(card)):
        if stage in stages:
            _copy(content, part, path)
    return part


def _copy(source: dict[str, Any], target: dict[str, Any], path: tuple[str, ...]) -> None:
    key, rest = path[0], path[1:]
    if rest and isinstance(source[key], dict):
        _copy(source[key], target.setdefault(key, {}), rest)
    else:  # a value, a section that the card leaves out, or an array of sections
        target[key] = source[key]
