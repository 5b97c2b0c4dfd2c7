# SPDX-License-Identifier: GPL-3.0-or-later
"""Run cards: TOML files checked by pydantic models."""

from mcsurrogate.cards.cut_sections import CutSection
from mcsurrogate.cards.decides import STAGES, decided_by, stages_below
from mcsurrogate.cards.emulator_card import EmulatorCard
from mcsurrogate.cards.event_sections import EmulatorsSection, GenerationSection, MergingSection
from mcsurrogate.cards.execution import ClusterSection, ExecutionSection
from mcsurrogate.cards.expressions import (
    ParticleObservable,
    is_own_function,
    parse_expression,
)
from mcsurrogate.cards.load import check_card, dump_card, load_card, replace_values
from mcsurrogate.cards.run_card import OwnFunction, RunCard, own_functions
from mcsurrogate.cards.sections import ModelSection

__all__ = [
    "STAGES",
    "ClusterSection",
    "CutSection",
    "EmulatorCard",
    "EmulatorsSection",
    "ExecutionSection",
    "GenerationSection",
    "MergingSection",
    "ModelSection",
    "OwnFunction",
    "ParticleObservable",
    "RunCard",
    "check_card",
    "decided_by",
    "dump_card",
    "is_own_function",
    "load_card",
    "own_functions",
    "parse_expression",
    "replace_values",
    "stages_below",
]
