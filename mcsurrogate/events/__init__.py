"""Events as columns, and their files: Les Houches and HepMC, in and out."""

from mcsurrogate.events.chunk import EventChunk, Particles
from mcsurrogate.events.hard_events import (
    SURROGATE_DOWN,
    SURROGATE_UP,
    EventBatch,
    ProcessInfo,
    RunInfo,
)
from mcsurrogate.events.hepmc_file import HepmcFile
from mcsurrogate.events.hepmc_reader import EventFile, FileSummary
from mcsurrogate.events.les_houches import event_columns, read_les_houches, write_les_houches
from mcsurrogate.events.lhe_head import header_elements, weight_declarations
from mcsurrogate.events.particles import ParticleBatch
from mcsurrogate.events.records import EventRecords
from mcsurrogate.events.species import Species

__all__ = [
    "SURROGATE_DOWN",
    "SURROGATE_UP",
    "EventBatch",
    "EventChunk",
    "EventFile",
    "EventRecords",
    "FileSummary",
    "HepmcFile",
    "ParticleBatch",
    "Particles",
    "ProcessInfo",
    "RunInfo",
    "Species",
    "event_columns",
    "header_elements",
    "read_les_houches",
    "weight_declarations",
    "write_les_houches",
]
