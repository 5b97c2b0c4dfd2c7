# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged run.json and result.json: a named error, or what does not need the damaged part."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mcsurrogate.cli.summary import print_chains, print_cross_section, print_events, print_verdict
from mcsurrogate.errors import MCSurrogateError, RunFolderError
from mcsurrogate.run_record import read_result, read_run
from mcsurrogate.validation.runs import events_of, summarize_run
from mcsurrogate.validation.timing import read_timing

CASES = Path("tests/data/cases")
RUN = json.loads((CASES / "run.json").read_text(encoding="utf-8"))
RUN["stages"]["shower"]["warnings"] = ["a surrogate warned"]  # none in records of 0.1
RESULT = json.loads((CASES / "result.json").read_text(encoding="utf-8"))
WRONG: list[object] = ["x", [], {}, None, -1, float("nan"), True]


def keys(content: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield (*path, key)
            yield from keys(value, (*path, key))


def mutants(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every key taken out, and every value replaced by wrong ones."""
    for path in keys(content):
        for number in range(len(WRONG) + 1):
            mutant = copy.deepcopy(content)
            place = mutant
            for key in path[:-1]:
                place = place[key]
            if number < len(WRONG):
                place[path[-1]] = WRONG[number]
            else:
                del place[path[-1]]
            yield mutant


def read_all(folder: Path) -> None:
    stages = read_run(folder)["stages"]
    summarize_run(folder)
    read_timing(folder)
    print_cross_section(read_result(folder))
    if "generate" in stages:
        print_events(stages["generate"])
    if {"shower", "reference"} <= set(stages):
        print_chains(stages["shower"], stages["reference"])
    if "validate" in stages:
        print_verdict(stages["validate"])
    events_of(folder)


def write(folder: Path, run: object, result: object) -> None:
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "events").mkdir()
    for name in ("surrogate", "standard"):
        (tmp_path / "events" / f"{name}.hepmc.zst").write_bytes(b"")
    return tmp_path


def test_what_the_stages_wrote_is_read(folder: Path) -> None:
    write(folder, RUN, RESULT)
    read_all(folder)


@pytest.mark.parametrize("which", ["run", "result"])
def test_damage_has_a_name(folder: Path, which: str) -> None:
    tried = refused = 0
    for mutant in mutants(RUN if which == "run" else RESULT):
        write(folder, *((mutant, RESULT) if which == "run" else (RUN, mutant)))
        tried += 1
        try:
            read_all(folder)
        except MCSurrogateError:
            refused += 1
    assert tried > 100
    assert refused > tried / 4  # others damage what nobody reads


def test_the_message_names_file_and_key(folder: Path) -> None:
    run = copy.deepcopy(RUN)
    del run["stages"]["shower"]["events"]
    write(folder, run, {**RESULT, "error_pb": "small"})
    with pytest.raises(RunFolderError, match=r"run\.json: .*\(stages\.shower\.events: Field requ"):
        read_run(folder)
    with pytest.raises(RunFolderError, match=r"result\.json: .*\(error_pb: Input should be a val"):
        read_result(folder)
