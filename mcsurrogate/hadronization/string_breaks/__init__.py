"""Neural draws of a string break: networks, recorded draws, maximum likelihood."""

from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks
from mcsurrogate.hadronization.string_breaks.recorder import record_string_breaks
from mcsurrogate.hadronization.string_breaks.recording import BreakRecording

__all__ = [
    "BreakRecording",
    "StringBreakNetworks",
    "record_string_breaks",
]
