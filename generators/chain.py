# SPDX-License-Identifier: GPL-3.0-or-later
"""Pythia 8 runs in C++: hard events from anywhere, particles as arrays, HepMC3 files."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mcsurrogate.errors import PythiaError
from mcsurrogate.events import (
    CHUNK_PARTICLES,
    EventBatch,
    EventChunk,
    HepmcFile,
    ParticleBatch,
    RunInfo,
    count_hard_events,
    read_hard_events,
)
from mcsurrogate.generators.hard_events import batch_feed, may_veto, native_run_info
from mcsurrogate.generators.settings import check_plugins, checked_seed, checked_settings
from mcsurrogate.generators.statistics import RunStatistics
from mcsurrogate.generators.stream import EventStream, Progress
from mcsurrogate.native import native_module

__all__ = ["PythiaChain"]

_SOURCE_KEYS = {
    "beams:frametype": "the source of hard events is the argument `source`",
    "beams:lhef": "give the LHE file as the argument `source`",
    "beams:lhefheader": "the header of the LHE file is used",
    "beams:newlhefsameinit": "make a chain for each LHE file",
    "beams:nskiplhefatinit": "leave events out of `source`",
}

_FILE_BATCH = 1000
_UNLIMITED = 1 << 62


def _checked_file(path: Path) -> tuple[RunInfo, Iterator[EventBatch]]:
    """Read a file once from end to end, so that damage is known before hours are spent."""
    count_hard_events(path)
    return read_hard_events(path, _FILE_BATCH)


class PythiaChain:
    """Pythia 8 from hard process to particles, run in C++ without Python's lock.

    Parameters
    ----------
    settings
        Pythia settings as the lines of a ``.cmnd`` file, or as its text.
    seed
        From 1 to 900,000,000. Settings, seed and hard events decide everything: the same ones
        give the same events bit for bit, however they are divided into batches.
    source
        Where hard events come from: None for Pythia's own processes, the path of an LHE file
        (plain, gzip, zstd or xz) or LHEH5 file, or batches of events in memory. Files are read by
        `read_hard_events`, never by Pythia, which ends or goes on where it cannot read.
    run_info
        The init block of events in memory; required with them, forbidden otherwise.
    keep_hard_process
        Keep the record of the hard process of every event.
    keep_parton_level
        Keep the record of every event just before hadronization, for `Rehadronizer`.
    keep_record
        Keep the whole record of every event, decayed hadrons included.
    verbose
        Let Pythia print its banner, tables and messages. Otherwise it prints nothing; its messages
        are in `statistics` and in the errors.

    Raises
    ------
    PythiaError
        If Pythia refuses a setting, does not load a plugin or cannot be initialised; the text
        holds Pythia's own words.
    EventFileError
        If the file of events is missing, damaged or cut off: it is read once to its end before
        anything else.
    NativeModuleError
        If the compiled module does not fit the installed Pythia.

    Notes
    -----
    Weights of hard events keep their names (Pythia's ``Weights:prefix`` is set empty, and a line
    in `settings` may change that). Pythia is described in arXiv:2203.11601.
    """

    def __init__(
        self,
        settings: str | Iterable[str],
        *,
        seed: int,
        source: str | os.PathLike[str] | Iterable[EventBatch] | None = None,
        run_info: RunInfo | None = None,
        keep_hard_process: bool = False,
        keep_parton_level: bool = False,
        keep_record: bool = False,
        verbose: bool = False,
    ) -> None:
        self.seed = checked_seed(seed)
        self.settings = checked_settings(settings, None if source is None else _SOURCE_KEYS)
        arguments: dict[str, Any] = {
            "verbose": verbose,
            "keep_hard_process": keep_hard_process,
            "keep_parton_level": keep_parton_level,
            "keep_record": keep_record,
        }
        if isinstance(source, (str, os.PathLike)):
            if run_info is not None:
                raise PythiaError(
                    "`run_info` belongs to events in memory; an LHE file brings its own"
                )
            run_info, source = _checked_file(Path(source))
        self._told: Counter[str] = Counter()
        if source is not None:
            if run_info is None:
                raise PythiaError(
                    "events in memory need `run_info`: beams, weighting strategy, processes"
                )
            arguments |= {
                "run_info": native_run_info(run_info),
                "next_batch": batch_feed(source, run_info, self._told),
                "may_veto": may_veto(self.settings),
            }
        elif run_info is not None:
            raise PythiaError("`run_info` belongs to events in memory, and there are none")
        self._endless = source is None
        self._loop = native_module().EventLoop(self.settings, self.seed, **arguments)
        self._files: list[HepmcFile] = []
        check_plugins(self.statistics.messages)

    @property
    def statistics(self) -> RunStatistics:
        """Counters, cross section, timings and messages of the run so far."""
        seconds = [file.seconds for file in self._files]
        told = self._loop.statistics()
        return RunStatistics.from_native(
            told
            | {
                "messages": told["messages"] | self._told,
                "left_out": self._loop.left_out,
                "statistical_error_pb": self._loop.statistical_error_pb,
                "rate_error_pb": self._loop.rate_error_pb,
                "cross_section_error_pb": self._loop.cross_section_error_pb,
            },
            hepmc_conversion=sum(conversion for conversion, _ in seconds),
            hepmc_writing=sum(writing for _, writing in seconds),
        )

    @property
    def exhausted(self) -> bool:
        """Whether the source has no more hard events."""
        exhausted: bool = self._loop.exhausted
        return exhausted

    def generate(
        self,
        events: int | None = None,
        *,
        batch_size: int = 1000,
        hepmc: str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> EventStream[ParticleBatch]:
        """Generate events; a further call goes on where the last one ended.

        Parameters
        ----------
        events
            How many events; fewer come only when the source is exhausted. None for all events
            of the source.
        batch_size
            Events per batch of arrays.
        hepmc
            Path of a HepMC3 file that gets every event: plain, ``.gz`` or ``.zst``.
        progress
            Called about twice a second with the number of events done since the chain was made.

        Returns
        -------
        EventStream
            Iterator over `ParticleBatch`; nothing is generated before it is advanced.

        Raises
        ------
        PythiaError
            If the number of events is missing or impossible; while iterating, if more than ten
            events and 1% of all fail, Pythia leaves a hard event out, or hard events are
            malformed.
        EventFileError
            If the HepMC3 file cannot be written.
        """
        self._check_events(events, batch_size)
        file = None
        if hepmc is not None:
            file = HepmcFile(Path(hepmc), self.provenance)
            self._files.append(file)
        return EventStream(self._next_batch, events, batch_size, file, progress)

    def chunks(
        self,
        events: int | None = None,
        *,
        particles: int = CHUNK_PARTICLES,
        first_number: int = 0,
        hepmc: HepmcFile | None = None,
        progress: Progress | None = None,
    ) -> EventStream[EventChunk]:
        """Generate events with their graphs: what reading their HepMC3 file gives, bit for bit.

        Parameters
        ----------
        events, progress
            As of `generate`.
        particles
            Particles of a chunk, about, as of `EventFile.chunks`.
        first_number
            Number of the first event.
        hepmc
            File that gets every event.

        Raises
        ------
        PythiaError, EventFileError
            As of `generate`.
        """
        self._check_events(events, particles)
        if hepmc is not None:
            self._files.append(hepmc)
        made = 0

        def following(wanted: int, output: object, progress: Progress | None) -> EventChunk | None:
            nonlocal made
            columns = self._loop.next_columns(wanted, particles, first_number, output, progress)
            chunk = EventChunk(**columns, first_event=made)
            made += len(chunk)
            return chunk

        return EventStream(following, events, _UNLIMITED, hepmc, progress)

    @property
    def provenance(self) -> str:
        """Seed and settings, for the head of a file."""
        return f"seed = {self.seed}; " + "; ".join(line.strip() for line in self.settings)

    @property
    def weight_names(self) -> tuple[str, ...]:
        """Names of the weights as a HepMC3 file tells them, once there is an event."""
        return tuple(self._loop.weight_names)

    def _check_events(self, events: int | None, size: int) -> None:
        if events is None and self._endless:
            raise PythiaError(
                "generate(events=...) is required when Pythia makes the hard process itself"
            )
        if (events is not None and events < 0) or size < 1:
            raise PythiaError(f"events {events} and batch_size {size} must not be negative or zero")

    def _next_batch(
        self, events: int, output: object, progress: Progress | None
    ) -> ParticleBatch | None:
        columns = self._loop.next_batch(events, output, progress)
        return ParticleBatch.from_native(columns, tuple(columns["weight_names"]))
