# SPDX-License-Identifier: GPL-3.0-or-later
"""From a sampler to events: unweighting, plain and in two stages, flavours, colours, weights."""

from mcsurrogate.event_generation.emulated_selection import emulated_selection
from mcsurrogate.event_generation.event_builder import EventBuilder, EventChoices
from mcsurrogate.event_generation.gain import GainReport, measure_gain
from mcsurrogate.event_generation.normalisation import EventNormalisation
from mcsurrogate.event_generation.selection import (
    AcceptedPoints,
    EventSelection,
    PlainSelection,
    event_blocks,
)
from mcsurrogate.event_generation.stage_maxima import StageCosts, StageMaxima, choose_maxima
from mcsurrogate.event_generation.two_stage import (
    SelectedEvents,
    TwoStageRecord,
    TwoStageUnweighter,
)

__all__ = [
    "AcceptedPoints",
    "EventBuilder",
    "EventChoices",
    "EventNormalisation",
    "EventSelection",
    "GainReport",
    "PlainSelection",
    "SelectedEvents",
    "StageCosts",
    "StageMaxima",
    "TwoStageRecord",
    "TwoStageUnweighter",
    "choose_maxima",
    "emulated_selection",
    "event_blocks",
    "measure_gain",
]
