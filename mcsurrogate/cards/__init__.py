"""Run cards: TOML files checked by pydantic models."""

from mcsurrogate.cards.decides import STAGES, decided_by, stages_below
from mcsurrogate.cards.emulator_card import EmulatorCard
from mcsurrogate.cards.event_sections import EmulatorsSection, GenerationSection
from mcsurrogate.cards.execution import ClusterSection, ExecutionSection
from mcsurrogate.cards.load import dump_card, load_card, replace_values
from mcsurrogate.cards.run_card import RunCard
from mcsurrogate.cards.sections import ModelSection

__all__ = [
    "STAGES",
    "ClusterSection",
    "EmulatorCard",
    "EmulatorsSection",
    "ExecutionSection",
    "GenerationSection",
    "ModelSection",
    "RunCard",
    "decided_by",
    "dump_card",
    "load_card",
    "replace_values",
    "stages_below",
]
