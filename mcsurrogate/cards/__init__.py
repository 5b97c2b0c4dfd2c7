"""Run cards: TOML files checked by pydantic models."""

from mcsurrogate.cards.load import dump_card, load_card
from mcsurrogate.cards.run_card import RunCard

__all__ = ["RunCard", "dump_card", "load_card"]
