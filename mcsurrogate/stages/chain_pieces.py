# SPDX-License-Identifier: GPL-3.0-or-later
"""A chain of a run, made in pieces by whoever is free, with the observables of its events."""

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.checkpoint import Checkpoint
from mcsurrogate.events import (
    CrossSectionSoFar,
    EventBatch,
    EventChunk,
    FileSummary,
    HepmcPiece,
    RunInfo,
    hepmc_tools,
    join_hepmc,
    read_hard_events,
)
from mcsurrogate.executors import Chunk, cut_chunks, map_chunks
from mcsurrogate.generators import Piece, PieceMaker, PieceRecord, PythiaChain, Totals
from mcsurrogate.progress import Progress
from mcsurrogate.validation import Filling, Reading, Sample, sample_from_state, sample_state

__all__ = ["ChainMaker", "ChainResult"]


@dataclass(frozen=True, kw_only=True)
class _ObservedPieces(PieceMaker):
    """Makes pieces and fills observables with their events."""

    filling: Filling
    reading: Reading

    def __call__(self, piece: Piece) -> PieceRecord:
        found = self.found(piece.chunk)
        if found is not None and self.sums_file(piece.chunk.number).exists():
            return found
        part: Sample | None = None
        made = 0

        def observe(chain: PythiaChain, chunk: EventChunk) -> None:
            nonlocal part, made
            if part is None:
                part = self.empty(chain.weight_names, part=True)
            column = self.reading.column(chain.weight_names)
            weights = np.ascontiguousarray(chunk.weights[:, column])
            part.fill(Events(chunk, weights, None), made)
            made += len(chunk)

        self.folder.mkdir(parents=True, exist_ok=True)
        sums = self.sums_file(piece.chunk.number)
        sums.unlink(missing_ok=True)
        record = self.make(piece, observe)
        # without an event there are no sums
        state = None if part is None else sample_state(part)
        Checkpoint(sums, self._sums_identity).save({"sample": state})
        return record

    @property
    def _sums_identity(self) -> dict[str, str]:
        return {"run": self.identity}

    def sums_file(self, number: int) -> Path:
        """File of what a piece adds to the sample."""
        return self.folder / f"{number:06d}.sums"

    def empty(self, weight_names: tuple[str, ...], *, part: bool) -> Sample:
        """Make an empty sample, or part of one."""
        summary = FileSummary(self.reading.path, "HepMC3", weight_names=weight_names)
        make = self.filling.part if part else self.filling.whole
        return make(self.reading, weight_names, summary)

    def part(self, record: PieceRecord) -> Sample | None:
        """Read what a piece adds to the sample; None where it has no event."""
        state = Checkpoint(self.sums_file(record.number), self._sums_identity).load()
        if state is None or state["sample"] is None:
            return None
        return sample_from_state(self.empty(tuple(record.weight_names), part=True), state["sample"])


class ChainResult(NamedTuple):
    """What a chain has made.

    Attributes
    ----------
    totals
        Of its events.
    sample
        The observables, filled; None where none were asked for, or there is no event.
    """

    totals: Totals
    sample: Sample | None


@dataclass(frozen=True, kw_only=True)
class ChainMaker:
    """A chain of a run.

    Attributes
    ----------
    settings, seed
        Of Pythia; the seed is that of the first piece.
    source
        File of hard events, or None.
    events, chunk_events
        Number of events, of hard events where there is a source; and how many make a piece.
    hepmc
        The HepMC3 file, or None.
    folder
        Where pieces lie until the chain is finished.
    sums
        Where the observables of all events will lie.
    label
        Of the sample.
    """

    settings: tuple[str, ...]
    seed: int
    source: Path | None
    events: int
    chunk_events: int
    hepmc: Path | None
    folder: Path
    sums: Path
    label: str

    def pieces(self) -> Iterator[Piece]:
        """Pieces in their order; hard events are read as they are needed."""
        chunks = cut_chunks(self.events, self.chunk_events, self.seed)
        if self.source is None:
            return (Piece(chunk, None) for chunk in chunks)
        batches = read_hard_events(self.source, self.chunk_events, stop=self.events)[1]
        return (Piece(chunk, tuple(events)) for chunk, events in _dealt(chunks, batches))

    def first_events(self) -> tuple[EventChunk, tuple[str, ...]]:
        """Return the first events, as many as a file is read in at once, and names of weights."""
        piece = next(self.pieces())
        chain = PythiaChain(
            self.settings,
            seed=piece.chunk.seed,
            source=piece.hard_events,
            run_info=self.run_info,
        )
        events = piece.chunk.events if piece.hard_events is None else None
        with chain.chunks(events) as stream:
            return next(stream), chain.weight_names

    @property
    def run_info(self) -> RunInfo | None:
        """Init block of the hard events; None without."""
        return None if self.source is None else read_hard_events(self.source)[0]

    @property
    def reading(self) -> Reading:
        """Label of the sample and its file: without events that of the observables."""
        return Reading(self.hepmc or self.sums, self.label)

    def run(
        self, filling: Filling | None, executor: Executor | None, progress: Progress
    ) -> ChainResult:
        """Make all events, or what is missing of them.

        Parameters
        ----------
        filling
            Observables to fill, or None.
        executor
            Where pieces are made; here if None. Nothing depends on it.
        progress
            Is told the number of events.
        """
        maker = self._maker(filling)
        totals, sample = Totals(), None
        finished: list[HepmcPiece] = []
        for _, record in map_chunks(executor, maker, self.pieces(), name="piece"):
            before = totals.events
            totals.add(record)
            progress(totals.events, self.events, "events")
            if (path := maker.events_file(record.number)) is not None:
                finished.append(HepmcPiece(path, _cross_section(totals)))
            if isinstance(maker, _ObservedPieces) and (part := maker.part(record)) is not None:
                sample = sample or maker.empty(totals.weight_names, part=False)
                sample.merge(part, before)
        if sample is not None:
            self.describe(sample, totals)
        if self.hepmc is not None:
            join_hepmc(self.hepmc, finished, totals.weight_names or ("Weight",), self.provenance)
        return ChainResult(totals, sample)

    def _maker(self, filling: Filling | None) -> PieceMaker:
        run_info = self.run_info
        suffix = None if self.hepmc is None else ".hepmc" + self.hepmc.name.partition(".hepmc")[2]
        own = (self.settings, run_info, self.seed, self.events, self.chunk_events, suffix,
               filling and filling.digest, self.label)  # fmt: skip
        shared: dict[str, Any] = {
            "settings": self.settings,
            "run_info": run_info,
            "folder": self.folder,
            "suffix": suffix,
            "identity": sha256(repr(own).encode()).hexdigest(),
        }
        if filling is None:
            return PieceMaker(**shared)
        return _ObservedPieces(**shared, filling=filling, reading=self.reading)

    @property
    def provenance(self) -> str:
        """Seeds and settings, for the head of the file."""
        seeds = f"seed = {self.seed}, one more for every {self.chunk_events} events; "
        return seeds + "; ".join(line.strip() for line in self.settings)

    def describe(self, sample: Sample, totals: Totals) -> None:
        """Say of a sample what the head of its file and its last event would."""
        line = _cross_section(totals).line().split()
        file = sample.file
        file.events, file.complete = totals.events, True
        file.tools = tuple(
            (name, version, text) for name, version, text in hepmc_tools(self.provenance)
        )
        file.cross_section_pb, file.cross_section_error_pb = float(line[3]), float(line[4])


def _cross_section(totals: Totals) -> CrossSectionSoFar:
    return CrossSectionSoFar(
        totals.cross_section_pb,
        totals.cross_section_error_pb,
        totals.accepted,
        totals.tried,
        totals.shares,
    )


def _dealt(
    chunks: Iterator[Chunk], batches: Iterator[EventBatch]
) -> Iterator[tuple[Chunk, list[EventBatch]]]:
    """Cut batches of any size where chunks end."""
    rest: EventBatch | None = None
    for chunk in chunks:
        own: list[EventBatch] = []
        missing = chunk.events
        while missing > 0:
            batch = next(batches) if rest is None else rest
            own.append(batch[:missing])
            rest = batch[missing:] if len(batch) > missing else None
            missing -= len(own[-1])
        yield chunk, own
