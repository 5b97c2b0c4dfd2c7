# SPDX-License-Identifier: GPL-3.0-or-later
"""Every field of a card decides a stage: from the models, and refused where it cannot."""

from typing import Annotated, Any

import pytest
from pydantic import BaseModel

from mcsurrogate.cards import (
    STAGES,
    RunCard,
    decided_by,
    dump_card,
    replace_values,
    stages_below,
)
from mcsurrogate.cards.decides import Decides, field_stages
from mcsurrogate.cards.sections import ScalesSection

CARD = RunCard.model_validate(
    {"seed": 3, "process": {"definition": "p p > t t~"}, "beams": {"sqrt_s": 13000.0, "pdf": "x"}}
)


def undecided(model: type[BaseModel]) -> list[str]:
    """Fields in no stage, or in one that there is not."""
    found = list(field_stages(model))
    assert found
    return [".".join(path) for path, stages in found if not stages or set(stages) - set(STAGES)]


def test_every_field_decides_a_stage() -> None:
    assert len(list(field_stages(RunCard))) > 50
    assert undecided(RunCard) == []


@pytest.mark.parametrize("stages", [(), ("showr",)])
def test_a_field_in_no_stage_is_refused_where_it_is_written(stages: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="name stages of integrate, generate"):
        Decides(*stages)

    # past that check, too, it is found
    planted = Decides("integrate")
    planted.stages = stages

    class Planted(RunCard):
        scales: Annotated[ScalesSection, planted] = ScalesSection()

    assert undecided(Planted) == [
        "scales.renormalization", "scales.factorization", "scales.alpha_s"
    ]  # fmt: skip


def test_where_it_is_computed_decides_nothing_and_survives_the_command_line() -> None:
    card = replace_values(CARD, {"execution": {"workers": 7, "executor": None}})
    assert replace_values(card, {"seed": 4}).execution.workers == 7
    assert "execution" not in dump_card(card)
    assert all(decided_by(card, stage) == decided_by(CARD, stage) for stage in STAGES)


def test_a_field_that_says_nothing_decides_every_stage() -> None:
    class Longer(RunCard):
        novelty: int = 0

    assert dict(field_stages(Longer))["novelty",] == tuple(STAGES)


@pytest.mark.parametrize(
    ("key", "stages"),
    [
        ("phase_space.mapping", {"integrate"}),
        ("scales.alpha_s", {"integrate", "reference"}),
        ("generation.events", {"generate", "shower", "reference"}),
        ("emulators", {"generate"}),
        ("chain.surrogate.hadronization", {"shower"}),
        ("chain.standard", {"reference"}),
        ("validation.preset", {"validate"}),
    ],
)
def test_which_stages_read_a_field(key: str, stages: set[str]) -> None:
    def has(content: Any) -> bool:
        for part in key.split("."):
            if part not in content:
                return False
            content = content[part]
        return True

    assert {stage for stage in STAGES if has(decided_by(CARD, stage))} == stages


def test_a_stage_depends_on_all_that_it_builds_on() -> None:
    assert stages_below("shower") == ["integrate", "generate", "shower"]
    assert stages_below("reference") == ["reference"]
    assert stages_below("validate") == list(STAGES)
