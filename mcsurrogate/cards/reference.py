# SPDX-License-Identifier: GPL-3.0-or-later
"""The reference page of run cards, made from the models themselves.

``python -m mcsurrogate.cards.reference > docs/cards.md``
"""

from typing import Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from mcsurrogate.cards.load import nested_model
from mcsurrogate.cards.run_card import RunCard

__all__ = ["card_reference"]

_HEAD = """# Run cards

A run card is a TOML file. Energies, masses and widths are numbers in GeV or text with a unit
(`"13 TeV"`). Unknown keys are refused. `card.toml` in a run folder is the resolved card with
every default written out, but for `[execution]`, which decides no result. This page is made from
the models in `mcsurrogate/cards`.
"""


def card_reference() -> str:
    """Return the Markdown page: a table of keys, defaults and meanings for each section."""
    parts = [_HEAD, "## Top level\n", _table(RunCard)]
    for path, model in _sections(RunCard, ()):
        summary = (model.__doc__ or "").split("\n")[0]
        parts += [f"## `[{'.'.join(path)}]`\n", f"{summary}\n", _table(model)]
    return "\n".join(parts)


def _sections(
    model: type[BaseModel], path: tuple[str, ...]
) -> list[tuple[tuple[str, ...], type[BaseModel]]]:
    found: list[tuple[tuple[str, ...], type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        nested = nested_model(field.annotation)
        if nested is not None:
            found += [((*path, name), nested), *_sections(nested, (*path, name))]
    return found


def _table(model: type[BaseModel]) -> str:
    lines = ["| key | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if nested_model(field.annotation) is None:
            meaning = (field.description or "").replace("|", "\\|")
            lines.append(f"| `{name}` | {_default(field)} | {meaning}{_choices(field)} |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None or field.default == ():
        return "none"
    return f"`{field.default!r}`".replace("'", '"')


def _choices(field: FieldInfo) -> str:
    kinds = [field.annotation]
    if get_origin(field.annotation) is Union:
        kinds = list(get_args(field.annotation))
    choices = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    return f" One of {', '.join(f'`{value}`' for value in choices)}." if len(choices) > 1 else ""


if __name__ == "__main__":
    print(card_reference(), end="")
