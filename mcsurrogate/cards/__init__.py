"""Run cards: TOML files checked by pydantic models."""

from mcsurrogate.cards.emulator_card import EmulatorCard
from mcsurrogate.cards.load import dump_card, load_card, replace_values
from mcsurrogate.cards.run_card import RunCard
from mcsurrogate.cards.sections import EmulatorsSection

__all__ = [
    "EmulatorCard",
    "EmulatorsSection",
    "RunCard",
    "dump_card",
    "load_card",
    "replace_values",
]
