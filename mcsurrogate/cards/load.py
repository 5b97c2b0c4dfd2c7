# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading cards: every mistake is reported with file, line, key and remedy."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import tomli_w
from pydantic import BaseModel, ValidationError

from mcsurrogate.errors import CardError

__all__ = ["check_card", "dump_card", "load_card", "nested_model", "replace_values"]

Card = TypeVar("Card", bound=BaseModel)


def load_card(path: Path, model: type[Card]) -> Card:
    """Read a TOML card and check it against its model.

    Parameters
    ----------
    path
        The card.
    model
        The pydantic model of this kind of card.

    Raises
    ------
    CardError
        If the file cannot be read, is not TOML, or has an unknown key, a wrong unit or an
        impossible value.  The message has a line for each mistake: file, line, key, remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: the card cannot be read: {error}") from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"{path}: not valid TOML: {error}") from error
    return _checked(content, model, str(path), text)


def replace_values(card: Card, values: Mapping[str, object]) -> Card:
    """Return the card with some values, given on the command line, in the place of its own.

    Parameters
    ----------
    card
        The card.
    values
        By key, and for a section a mapping by key; None replaces nothing.

    Raises
    ------
    CardError
        If a value is impossible.
    """
    # what decides no result is left out of a resolved card, and has its values here all the same
    hidden = [name for name, field in type(card).model_fields.items() if field.exclude]
    content = card.model_dump() | {name: getattr(card, name).model_dump() for name in hidden}
    for key, value in values.items():
        if isinstance(value, Mapping):
            given = {name: entry for name, entry in value.items() if entry is not None}
            content[key] = {**content[key], **given}
        elif value is not None:
            content[key] = value
    return _checked(content, type(card), "command line", "")


def check_card(content: Mapping[str, object], model: type[Card], source: str) -> Card:
    """Check the content of a card that is no file.

    Parameters
    ----------
    content
        Values by key.
    model
        The pydantic model of this kind of card.
    source
        What messages call the origin of the values.

    Raises
    ------
    CardError
        If it has an unknown key or an impossible value.
    """
    return _checked(content, model, source, "")


def _checked(content: object, model: type[Card], where: str, text: str) -> Card:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [_explain(where, text, model, dict(entry)) for entry in error.errors()]
        raise CardError("\n".join(lines)) from error


def dump_card(card: BaseModel) -> str:
    """Return the resolved card, every default written out, as TOML.

    What decides no result (``exclude`` of a field) is left out.
    """
    return tomli_w.dumps(card.model_dump(mode="json", exclude_none=True))


def _explain(source: str, text: str, model: type[BaseModel], entry: dict[str, Any]) -> str:
    keys = [str(part) for part in entry["loc"]]
    # pydantic appends the member of a union that failed; the card has no such key.
    while keys and not _has(model, keys) and entry["type"] not in ("extra_forbidden", "missing"):
        keys.pop()
    key = ".".join(keys)
    line = _line_of(text, keys)
    where = f"{source}:{line}: {key}" if line else f"{source}: {key}"
    if entry["type"] == "extra_forbidden":
        known = list(_section(model, keys[:-1]).model_fields)
        close = difflib.get_close_matches(keys[-1], known, n=1, cutoff=0.5)
        remedy = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
        return f"{where}: unknown key; {remedy}"
    description = _description(model, keys)
    if entry["type"] == "missing":
        return f"{where}: required and missing; {description}"
    problem = str(entry["msg"]).removeprefix("Value error, ")
    problem = problem[0].lower() + problem[1:]
    value = entry["input"]
    given = f" (given: {value!r})" if isinstance(value, str | int | float) else ""
    return f"{where}: {problem}{given}; {description}".rstrip("; ")


def nested_model(annotation: object) -> type[BaseModel] | None:
    """Return the model of a section that an annotation names, also an optional one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple):
        for member in get_args(annotation):
            if (found := nested_model(member)) is not None:
                return found
    return None


def _section(model: type[BaseModel], keys: list[str]) -> type[BaseModel]:
    for key in keys:
        if key.isdigit():
            continue  # the number of a table in an array of tables
        field = model.model_fields.get(key)
        nested = nested_model(field.annotation) if field is not None else None
        if nested is None:
            break
        model = nested
    return model


def _has(model: type[BaseModel], keys: list[str]) -> bool:
    return keys[-1] in _section(model, keys[:-1]).model_fields


def _description(model: type[BaseModel], keys: list[str]) -> str:
    if not keys:
        return ""
    field = _section(model, keys[:-1]).model_fields.get(keys[-1])
    if field is None:
        return ""
    if field.description:
        return field.description
    nested = nested_model(field.annotation)
    return (nested.__doc__ or "").split("\n")[0] if nested is not None else ""


def _line_of(text: str, keys: list[str]) -> int | None:
    """Line of a key in a TOML text, or of the deepest of its sections that is there."""
    table: list[str] = []
    section_line = None
    tables: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*(\[{1,2})\s*([^\]\[]+?)\s*\]", line)
        if header:
            table = [part.strip().strip("\"'") for part in header.group(2).split(".")]
            if header.group(1) == "[[":
                tables[header.group(2)] = tables.get(header.group(2), -1) + 1
                table.append(str(tables[header.group(2)]))
            if table == keys:
                return number
            if table == keys[: len(table)]:
                section_line = number
            continue
        assignment = re.match(r"\s*([A-Za-z0-9_.\"'-]+)\s*=", line)
        if assignment:
            path = [*table, *(p.strip("\"'") for p in assignment.group(1).split("."))]
            if path == keys[: len(path)] and path:
                return number
    return section_line
