# SPDX-License-Identifier: GPL-3.0-or-later
"""Hadronization of saved parton-level events, as often as wanted and with any settings."""

import itertools
import os
from collections.abc import Iterable
from pathlib import Path

from mcsurrogate.errors import PythiaError
from mcsurrogate.events import EventRecords, HepmcFile, ParticleBatch
from mcsurrogate.generators.settings import check_plugins, checked_seed, checked_settings
from mcsurrogate.generators.statistics import RunStatistics
from mcsurrogate.generators.stream import EventStream, Progress
from mcsurrogate.native import native_module

__all__ = ["Rehadronizer"]

_RESERVED = {
    "processlevel:all": "saved events have their hard process; it is always off",
    "beams:frametype": "saved events have their beams",
}


class Rehadronizer:
    """Hadronizes parton-level events that a `PythiaChain` has kept.

    Parton showers and multiparton interactions are those of the saved events; only fragmentation,
    decays and what else Pythia calls the hadron level are done anew, with the settings given here.
    Colour junctions, of beam remnants for instance, are restored as they were.

    Parameters
    ----------
    settings
        Pythia settings of the hadron level, as the lines of a ``.cmnd`` file or as its text.
    seed
        From 1 to 900,000,000; decides everything together with events and settings.
    verbose
        Let Pythia print.

    Raises
    ------
    PythiaError
        If Pythia refuses a setting, does not load a plugin or cannot be initialised.
    NativeModuleError
        If the compiled module does not fit the installed Pythia.

    Notes
    -----
    Models that look back at the parton systems of an event (colour reconnection at the hadron
    level, some rope models) do not find them in a saved event.
    """

    def __init__(
        self, settings: str | Iterable[str] = (), *, seed: int, verbose: bool = False
    ) -> None:
        self.seed = checked_seed(seed)
        self.settings = checked_settings(settings, _RESERVED)
        self._native = native_module().Rehadronizer(self.settings, self.seed, verbose=verbose)
        self._files: list[HepmcFile] = []
        check_plugins(self.statistics.messages)

    @property
    def statistics(self) -> RunStatistics:
        """Counters, timings and messages so far."""
        seconds = [file.seconds for file in self._files]
        return RunStatistics.from_native(
            self._native.statistics(),
            hepmc_conversion=sum(conversion for conversion, _ in seconds),
            hepmc_writing=sum(writing for _, writing in seconds),
        )

    def hadronize(
        self,
        partons: EventRecords | Iterable[EventRecords],
        *,
        times: int = 1,
        batch_size: int = 1000,
        hepmc: str | os.PathLike[str] | None = None,
        progress: Progress | None = None,
    ) -> EventStream[ParticleBatch]:
        """Hadronize each event `times` times, one after the other.

        Parameters
        ----------
        partons
            Saved events, or batches of them.
        times
            Hadronized copies of each event.
        batch_size
            Events per batch of arrays.
        hepmc
            Path of a HepMC3 file that gets every event, with the weights of the saved events.
        progress
            Called about twice a second with the number of events done.

        Returns
        -------
        EventStream
            Iterator over `ParticleBatch` whose `source_event` counts the saved events from 0; a
            batch may hold fewer than `batch_size` events.

        Raises
        ------
        PythiaError
            If a number is impossible; while iterating, if more than ten events and 1% of all
            cannot be hadronized, or batches name their weights differently.
        EventFileError
            If the HepMC3 file cannot be written.
        """
        if times < 1 or batch_size < 1:
            raise PythiaError(f"times {times} and batch_size {batch_size} must be 1 or more")
        batches = [partons] if isinstance(partons, EventRecords) else partons
        file = None
        if hepmc is not None:
            settings = "; ".join(line.strip() for line in self.settings)
            file = HepmcFile(Path(hepmc), f"hadronized anew; seed = {self.seed}; {settings}")
            self._files.append(file)
        feed = _Copies(self._native, batches, times)
        return EventStream(feed.next_batch, None, batch_size, file, progress)


class _Copies:
    """Walks through the copies of the events of all batches."""

    def __init__(self, native: object, batches: Iterable[EventRecords], times: int) -> None:
        self._native = native
        self._batches = iter(batches)
        self._times = times
        self._records: EventRecords | None = None
        self._next_copy = 0
        self._first_event = 0
        self._weight_names: tuple[str, ...] | None = None

    def next_batch(
        self, events: int, output: object, progress: Progress | None
    ) -> ParticleBatch | None:
        """Up to `events` hadronized events; None after the last batch."""
        for _ in itertools.count():
            if self._records is None and not self._advance():
                return None
            assert self._records is not None
            copies = min(events, len(self._records) * self._times - self._next_copy)
            columns = self._native.run(  # type: ignore[attr-defined]
                self._columns,
                self._times,
                self._next_copy,
                copies,
                self._first_event,
                output,
                progress,
            )
            self._next_copy += copies
            names = self._records.weight_names
            if self._next_copy >= len(self._records) * self._times:
                self._first_event += len(self._records)
                self._records = None
            batch = ParticleBatch.from_native(columns, names)
            if len(batch):  # every event of a batch may have failed
                return batch
        return None

    def _advance(self) -> bool:
        self._records = next(self._batches, None)
        if self._records is None:
            return False
        names = self._records.weight_names
        if self._weight_names is not None and names != self._weight_names:
            raise PythiaError(
                f"saved events change their weight names from {self._weight_names} to {names}"
            )
        self._weight_names = names
        self._columns = self._records.native()
        self._next_copy = 0
        return True
