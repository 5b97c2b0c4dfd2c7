# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for users of MadGraph names keys, commands and processes that are there."""

import re
from pathlib import Path

import pytest
import typer
from pydantic import BaseModel

from mcsurrogate.cards import RunCard
from mcsurrogate.cards.load import nested_model
from mcsurrogate.cli import app
from mcsurrogate.errors import ProcessError
from mcsurrogate.matrix_elements import ProcessDefinition, expand

PAGE = (Path(__file__).parents[2] / "docs" / "guides" / "madgraph.md").read_text(encoding="utf-8")
ROWS = [
    [cell.replace("\\|", "|").strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in PAGE.splitlines()
    if line.startswith("| `")
]
PROCESSES = [
    (text, answer)
    for left, answer in ROWS
    for text in re.findall(r"`([^`]*[a-z0-9~+-] > [^`]*)`", left)
]


def section(path: str) -> type[BaseModel]:
    model: type[BaseModel] = RunCard
    for name in path.split("."):
        nested = nested_model(model.model_fields[name].annotation)
        assert nested is not None, path
        model = nested
    return model


def test_keys_are_those_of_cards() -> None:
    named = re.findall(r"`\[([a-z_.]+)\](?: ([a-z_]+))?", PAGE)
    assert len(named) > 30
    for path, key in named:
        if path == "process.labels":
            assert "labels" in section("process").model_fields
        elif key:
            assert key in section(path).model_fields, f"[{path}] {key}"
        else:
            section(path)
    for key in ("preset_cuts", "seed", "cuts"):
        assert key in RunCard.model_fields


def test_values_are_accepted() -> None:
    values = re.findall(r'`\[(model|scales|integration)\] (\w+) = ("[^"]+"|[\d.]+)`', PAGE)
    assert len(values) >= 7
    for name, key, value in values:
        section(name).model_validate({key: value.strip('"') if '"' in value else float(value)})
    for scale in re.findall(r'"(transverse_energy|sum_mt|sum_mt/2|sqrt_shat|0.5 \* sum_mt)"', PAGE):
        section("scales").model_validate({"renormalization": scale})


def test_commands_are_there() -> None:
    known = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"mcsurrogate ([a-z]+)[` ]", PAGE))
    assert len(named) >= 6
    assert named <= known


@pytest.mark.parametrize(("text", "answer"), PROCESSES, ids=[text for text, _ in PROCESSES])
def test_processes_are_read_or_refused_as_the_page_says(text: str, answer: str) -> None:
    text = re.sub(r"^(generate|add process) ", "", text)
    if answer.startswith("refused"):
        with pytest.raises(ProcessError):
            expand(ProcessDefinition.parse(text))
    else:
        assert expand(ProcessDefinition.parse(text))
