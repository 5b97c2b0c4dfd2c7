"""The stages of a run, each from a run folder to what it adds to the folder."""

from mcsurrogate.stages.chains import (
    require_chain,
    require_chains,
    run_chains,
    run_reference,
    run_shower,
)
from mcsurrogate.stages.emulator_training import EMULATOR, TrainedEmulator, train_emulator
from mcsurrogate.stages.generation import run_generation
from mcsurrogate.stages.hard_events import all_events, events_card
from mcsurrogate.stages.integration import run_integration
from mcsurrogate.stages.report import reading_progress, run_validation, summarize

__all__ = [
    "EMULATOR",
    "TrainedEmulator",
    "all_events",
    "events_card",
    "reading_progress",
    "require_chain",
    "require_chains",
    "run_chains",
    "run_generation",
    "run_integration",
    "run_reference",
    "run_shower",
    "run_validation",
    "summarize",
    "train_emulator",
]
