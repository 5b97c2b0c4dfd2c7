# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run reports about itself."""

from dataclasses import dataclass
from typing import Any, Self

__all__ = ["RunSeconds", "RunStatistics"]


@dataclass(frozen=True, slots=True)
class RunSeconds:
    """Wall-clock seconds of each stage, summed over the run.

    Attributes
    ----------
    initialisation
        Reading Pythia's data files and settings, Pythia's init.
    events
        Pythia itself: generation, or hadronization of saved events.
    arrays
        From the event record to flat arrays.
    hepmc_conversion, hepmc_writing
        Copying of the event record for the HepMC3 file, and in a thread beside Pythia's from there
        to the disk.
    """

    initialisation: float
    events: float
    arrays: float
    hepmc_conversion: float
    hepmc_writing: float


@dataclass(frozen=True, slots=True)
class RunStatistics:
    """State of a run: counters, cross section, timings, messages.

    Attributes
    ----------
    events
        Events delivered so far.
    failed
        Events that Pythia gave up on; they are neither in arrays nor in files.
    left_out
        Hard events from outside that were vetoed (merging, a user's hook) or, with weighting
        strategies 1 and 2, unweighted away by Pythia.
    cross_section_pb, cross_section_error_pb
        Pythia's estimate, sum over processes, with its statistical error and that of the cross
        sections of hard events from outside; zero when saved events are hadronized.
    statistical_error_pb, rate_error_pb
        The two parts of the error.
    tried, selected, accepted
        Pythia's counters, sum over processes.
    seconds
        Timings of the stages.
    messages
        Pythia's warnings and errors with how often each occurred.
    """

    events: int
    failed: int
    left_out: int
    cross_section_pb: float
    cross_section_error_pb: float
    statistical_error_pb: float
    rate_error_pb: float
    tried: int
    selected: int
    accepted: int
    seconds: RunSeconds
    messages: dict[str, int]

    @classmethod
    def from_native(
        cls, numbers: dict[str, Any], hepmc_conversion: float, hepmc_writing: float
    ) -> Self:
        """Wrap the numbers of the compiled module."""
        return cls(
            events=numbers["events"],
            failed=numbers["failed"],
            left_out=numbers.get("left_out", 0),
            cross_section_pb=numbers["cross_section_pb"],
            cross_section_error_pb=numbers["cross_section_error_pb"],
            statistical_error_pb=numbers.get("statistical_error_pb", 0.0),
            rate_error_pb=numbers.get("rate_error_pb", 0.0),
            tried=numbers["tried"],
            selected=numbers["selected"],
            accepted=numbers["accepted"],
            seconds=RunSeconds(
                initialisation=numbers["init_seconds"],
                events=numbers["event_seconds"],
                arrays=numbers["array_seconds"],
                hepmc_conversion=hepmc_conversion,
                hepmc_writing=hepmc_writing,
            ),
            messages=numbers["messages"],
        )
