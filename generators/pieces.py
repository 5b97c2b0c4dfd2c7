# SPDX-License-Identifier: GPL-3.0-or-later
"""Long runs of Pythia in pieces: chunks of events with seeds of their own, made by whoever is free.

A piece depends on its settings, its seed and its hard events alone, so that files and sums of all
pieces do not depend on who made them. Pieces lie on disk until the whole is put together: work that
was killed goes on with what is there.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mcsurrogate.atomic import atomic_path, write_text
from mcsurrogate.errors import PythiaError
from mcsurrogate.events import EventBatch, EventChunk, HepmcFile, RunInfo, last_event_file
from mcsurrogate.executors import Chunk
from mcsurrogate.generators.chain import PythiaChain

__all__ = ["Piece", "PieceMaker", "PieceRecord", "Totals"]

Observer = Callable[[PythiaChain, EventChunk], None]
"""Is shown the events of a piece as they are made."""

_SECONDS = ("initialisation", "events", "arrays", "hepmc_conversion", "hepmc_writing")
_MEAN_WEIGHT = 4
"""Weighting strategy by which the mean weight of events is the cross section in pb."""
_ALLOWED_FAILURES, _ALLOWED_SHARE = 10.0, 0.01  # as for a single run, in C++


class Piece(NamedTuple):
    """What a piece is made of.

    Attributes
    ----------
    chunk
        Its place in the sequence of events, and its seed.
    hard_events
        The hard events, as many, in batches; None where Pythia makes them.
    """

    chunk: Chunk
    hard_events: tuple[EventBatch, ...] | None


@dataclass(frozen=True, kw_only=True)
class PieceRecord:
    """What a piece says of itself; numbers and texts alone.

    Attributes
    ----------
    number, events, failed, left_out, particles
        Its place; events that were made, given up and left out; particles of the made ones.
    cross_section_pb, error_pb
        Pythia's estimate and the error of its statistics.
    rate_error_pb
        Error of the cross sections of hard events from outside.
    tried, selected, accepted
        Pythia's counters.
    weight_names, weight_sums
        Names of the weights, as a file has them, and the sum of each.
    seconds
        Timings of the steps by name.
    messages
        Pythia's warnings and errors with how often each occurred.
    """

    number: int
    events: int
    failed: int
    left_out: int
    particles: int
    cross_section_pb: float
    error_pb: float
    rate_error_pb: float
    tried: int
    selected: int
    accepted: int
    weight_names: Sequence[str]
    weight_sums: Sequence[float]
    seconds: Mapping[str, float]
    messages: Mapping[str, int]


@dataclass
class Totals:
    """Sums over pieces in the order of their events.

    Attributes
    ----------
    events, failed, left_out, particles, tried, selected, accepted, weight_names, seconds, messages
        As of `PieceRecord`.
    """

    events: int = 0
    failed: int = 0
    left_out: int = 0
    particles: int = 0
    tried: int = 0
    selected: int = 0
    accepted: int = 0
    weight_names: tuple[str, ...] = ()
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(_SECONDS, 0.0))
    messages: dict[str, int] = field(default_factory=dict)
    _value: float = 0.0
    _variance: float = 0.0
    _rate_error: float = 0.0
    _sums: list[float] = field(default_factory=list)

    def add(self, piece: PieceRecord) -> None:
        """Add a piece.

        Raises
        ------
        PythiaError
            If more than ten events and 1% of all have failed, or the piece has other weights.
        """
        for name in ("events", "failed", "left_out", "particles", "tried", "selected", "accepted"):
            setattr(self, name, getattr(self, name) + getattr(piece, name))
        for step in _SECONDS:
            self.seconds[step] += piece.seconds[step]
        for message, times in piece.messages.items():
            self.messages[message] = self.messages.get(message, 0) + times
        self._value += piece.tried * piece.cross_section_pb
        self._variance += (piece.tried * piece.error_pb) ** 2
        self._rate_error += piece.tried * piece.rate_error_pb
        if piece.events:
            self._add_weights(piece)
        tried = self.events + self.failed
        if self.failed > _ALLOWED_FAILURES + _ALLOWED_SHARE * tried:
            told = "; ".join(f"{times} times: {text}" for text, times in self.messages.items())
            raise PythiaError(
                f"{self.failed} of {tried} events failed; check the settings and the events that "
                f"were handed in; {told}"
            )

    def _add_weights(self, piece: PieceRecord) -> None:
        names = tuple(piece.weight_names)
        if self.weight_names not in ((), names):
            raise PythiaError(
                f"piece {piece.number} has the weights {names}, the ones before it "
                f"{self.weight_names}; every hard event of a run needs the same named weights"
            )
        before = self._sums or [0.0] * len(names)
        self.weight_names = names
        self._sums = [a + b for a, b in zip(before, piece.weight_sums, strict=True)]

    @property
    def cross_section_pb(self) -> float:
        """Mean of the estimates, each as often as events were tried for it."""
        return self._value / self.tried if self.tried else 0.0

    @property
    def cross_section_error_pb(self) -> float:
        """Its error: of statistics, and of the cross sections of hard events from outside."""
        if not self.tried:
            return 0.0
        return math.hypot(math.sqrt(self._variance), self._rate_error) / self.tried

    @property
    def shares(self) -> list[float]:
        """Sum of each weight over that of the first."""
        first = self._sums[0] if self._sums else 0.0
        return [own / first if first else 1.0 for own in self._sums] or [1.0]


def mean_error(total: float, squares: float, events: int) -> float:
    """Return the standard error of the mean of weights from their sum and that of their squares."""
    return math.sqrt(max(squares - total * total / events, 0.0)) / events


@dataclass(frozen=True, kw_only=True)
class PieceMaker:
    """Makes pieces of a run, wherever it is called.

    Attributes
    ----------
    settings
        Of Pythia.
    run_info
        The init block of hard events; None where Pythia makes them.
    folder
        Where pieces lie.
    suffix
        Of the HepMC3 file, ``.hepmc`` to ``.hepmc.zst``; None for no file.
    identity
        What makes the run this one; pieces of another one are not used.
    """

    settings: tuple[str, ...]
    run_info: RunInfo | None
    folder: Path
    suffix: str | None
    identity: str

    def __call__(self, piece: Piece) -> PieceRecord:
        """Make a piece, or find it made."""
        found = self.found(piece.chunk)
        return self.make(piece) if found is None else found

    def make(self, piece: Piece, observe: Observer | None = None) -> PieceRecord:
        """Make a piece; its record is written last."""
        chunk, source = piece
        chain = PythiaChain(
            self.settings,
            seed=chunk.seed,
            source=source,
            run_info=self.run_info,
        )
        file = None
        if (path := self.events_file(chunk.number)) is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = HepmcFile(path, piece=True)
        particles, sums, squares = 0, np.zeros(0), 0.0
        events = chunk.events if source is None else None
        with chain.chunks(events, first_number=chunk.first, hepmc=file) as stream:
            for made in stream:
                particles += int((made.status == 1).sum())
                sums = made.weights.sum(axis=0) + (sums if len(sums) else 0.0)
                squares += float(np.square(made.weights[:, 0]).sum())
                if observe is not None:
                    observe(chain, made)
        if file is not None and path is not None:
            with atomic_path(last_event_file(path)) as part:
                part.write_bytes(file.held)
        record = self._record(chunk, chain, particles, sums.tolist(), squares)
        text = json.dumps({"identity": self.identity, "piece": asdict(record)})
        write_text(self._record_file(chunk.number), text)
        return record

    def _record(
        self,
        chunk: Chunk,
        chain: PythiaChain,
        particles: int,
        weight_sums: list[float],
        squares: float,
    ) -> PieceRecord:
        told = chain.statistics
        strategy = abs(self.run_info.weighting_strategy) if self.run_info is not None else 0
        error = told.statistical_error_pb
        if strategy == _MEAN_WEIGHT and told.events:
            # Pythia's error knows the weights of hard events, not those that merging adds
            error = max(error, mean_error(weight_sums[0], squares, told.events))
        return PieceRecord(
            number=chunk.number,
            events=told.events,
            failed=told.failed,
            left_out=told.left_out,
            particles=particles,
            cross_section_pb=told.cross_section_pb,
            error_pb=error,
            rate_error_pb=told.rate_error_pb,
            tried=told.tried,
            selected=told.selected,
            accepted=told.accepted,
            weight_names=list(chain.weight_names),
            weight_sums=weight_sums,
            seconds=asdict(told.seconds),
            messages=told.messages,
        )

    def found(self, chunk: Chunk) -> PieceRecord | None:
        """Record of a piece that was made before; None where there is none, or not all of it."""
        try:
            told = json.loads(self._record_file(chunk.number).read_text(encoding="utf-8"))
            if told["identity"] != self.identity:
                return None
            record = PieceRecord(**told["piece"])
        except (OSError, ValueError, TypeError, KeyError):
            return None
        path = self.events_file(chunk.number)
        whole = path is None or (path.exists() and last_event_file(path).exists())
        return record if whole else None

    def events_file(self, number: int) -> Path | None:
        """HepMC3 file of a piece, without its last event; None where none is written."""
        return None if self.suffix is None else self.folder / f"{number:06d}{self.suffix}"

    def _record_file(self, number: int) -> Path:
        return self.folder / f"{number:06d}.json"
