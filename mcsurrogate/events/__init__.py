# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as columns, and their files: Les Houches, LHEH5 and HepMC, in and out."""

from mcsurrogate.events.chunk import EventChunk, Particles
from mcsurrogate.events.conversion import (
    convert_events,
    holds_generated_events,
    read_generated_events,
    write_generated_events,
)
from mcsurrogate.events.hard_event_files import (
    count_hard_events,
    hard_event_parts,
    read_hard_events,
    require_hard_events,
    write_hard_events,
)
from mcsurrogate.events.hard_events import (
    BEFORE_RESAMPLING,
    SURROGATE_DOWN,
    SURROGATE_UP,
    EventBatch,
    ProcessInfo,
    RunInfo,
)
from mcsurrogate.events.hepmc_details import HepmcDetails, HepmcRun
from mcsurrogate.events.hepmc_file import HepmcFile, hepmc_tools
from mcsurrogate.events.hepmc_pieces import (
    CrossSectionSoFar,
    HepmcPiece,
    join_hepmc,
    last_event_file,
)
from mcsurrogate.events.hepmc_reader import CHUNK_PARTICLES, EventFile, FileSummary
from mcsurrogate.events.les_houches import (
    EventText,
    event_columns,
    event_text,
    read_les_houches,
    write_event_texts,
    write_les_houches,
)
from mcsurrogate.events.lhe_head import header_elements, weight_declarations
from mcsurrogate.events.lheh5 import read_lheh5
from mcsurrogate.events.lheh5_layout import attribute
from mcsurrogate.events.lheh5_writer import write_lheh5
from mcsurrogate.events.merge_generated import merge_generated_events
from mcsurrogate.events.mixing import mixed_events
from mcsurrogate.events.particles import ParticleBatch
from mcsurrogate.events.records import EventRecords
from mcsurrogate.events.species import Species, among, groups_of

__all__ = [
    "BEFORE_RESAMPLING",
    "CHUNK_PARTICLES",
    "SURROGATE_DOWN",
    "SURROGATE_UP",
    "CrossSectionSoFar",
    "EventBatch",
    "EventChunk",
    "EventFile",
    "EventRecords",
    "EventText",
    "FileSummary",
    "HepmcDetails",
    "HepmcFile",
    "HepmcPiece",
    "HepmcRun",
    "ParticleBatch",
    "Particles",
    "ProcessInfo",
    "RunInfo",
    "Species",
    "among",
    "attribute",
    "convert_events",
    "count_hard_events",
    "event_columns",
    "event_text",
    "groups_of",
    "hard_event_parts",
    "header_elements",
    "hepmc_tools",
    "holds_generated_events",
    "join_hepmc",
    "last_event_file",
    "merge_generated_events",
    "mixed_events",
    "read_generated_events",
    "read_hard_events",
    "read_les_houches",
    "read_lheh5",
    "require_hard_events",
    "weight_declarations",
    "write_event_texts",
    "write_generated_events",
    "write_hard_events",
    "write_les_houches",
    "write_lheh5",
]
