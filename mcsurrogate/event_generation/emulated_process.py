# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulated amplitudes in a hard process, and events from it through two stages."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.emulation import (
    AmplitudeRecord,
    EmulatedMatrixElement,
    Emulator,
)
from mcsurrogate.errors import EmulationError
from mcsurrogate.event_generation.event_builder import EventBuilder
from mcsurrogate.event_generation.gain import GainReport, measure_gain
from mcsurrogate.event_generation.stage_maxima import StageCosts, StageMaxima
from mcsurrogate.event_generation.two_stage import TwoStageRecord, TwoStageUnweighter
from mcsurrogate.hard_process import Amplitude, Contributions, HardProcess
from mcsurrogate.integration import Sampler, WeightedPoints
from mcsurrogate.matrix_elements import same_amplitude

__all__ = [
    "TwoStageSource",
    "emulated_process",
    "emulation_records",
    "prepare_two_stage",
    "two_stage_events",
    "two_stage_unweight",
]

_FEW = 1_000_000
_PILOT_BLOCK = 4096
_WARM_UP = 256
_TIMED_EVENTS = 512
_REPEATS = 5


def emulated_process(
    process: HardProcess, emulators: Sequence[Emulator], largest_sigma: float | None = None
) -> HardProcess:
    """Return a hard process whose amplitudes are emulated where there is an emulator.

    Parameters
    ----------
    process
        The exact hard process; it is not changed.
    emulators
        Emulators of some of its amplitudes.
    largest_sigma
        Relative uncertainty above which a point is evaluated exactly; None for no limit.

    Raises
    ------
    EmulationError
        If an emulator is for none of the amplitudes, or for other parameters.
    """
    used: set[int] = set()

    def emulate(amplitude: Amplitude) -> Amplitude:
        exact = amplitude.matrix_element
        for number, emulator in enumerate(emulators):
            if same_amplitude(emulator.process, exact.process):
                used.add(number)
                stand_in = EmulatedMatrixElement(emulator, exact, largest_sigma)
                return replace(amplitude, matrix_element=stand_in)
        return amplitude

    emulated = process.with_amplitudes(emulate(amplitude) for amplitude in process.amplitudes)
    for number, emulator in enumerate(emulators):
        if number not in used:
            known = ", ".join(sorted({a.matrix_element.process.name for a in process.amplitudes}))
            raise EmulationError(
                f"the emulator of {emulator.card.process!r} fits none of the amplitudes: {known}"
            )
    return emulated


def emulation_records(integrand: object) -> list[AmplitudeRecord]:
    """Return the bookkeeping of the emulated amplitudes of an integrand."""
    amplitudes = integrand.amplitudes if isinstance(integrand, HardProcess) else ()
    elements = [amplitude.matrix_element for amplitude in amplitudes]
    return [e.record for e in elements if isinstance(e, EmulatedMatrixElement)]


@dataclass(frozen=True, slots=True)
class TwoStageSource:
    """What two-stage unweighting draws from.

    Attributes
    ----------
    sampler
        Draws points and the surrogate's weights; channels are drawn by their maxima.
    exact
        The exact hard process.
    """

    sampler: Sampler
    exact: HardProcess

    @classmethod
    def of(cls, sampler: Sampler, emulated: HardProcess, exact: HardProcess) -> "TwoStageSource":
        """Make a source from an integration's sampler."""
        probability = sampler.probability if sampler.maximum is None else sampler.maximum
        drawing = Sampler(emulated, sampler.mixture, sampler.channel_weights, probability)
        return cls(drawing, exact)

    def draw(self, count: int, generator: torch.Generator) -> WeightedPoints:
        """Draw points with surrogate weights."""
        with torch.no_grad():
            return self.sampler.sample(count, generator)

    def emulation_seconds(self) -> float:
        """Processor seconds that the emulated amplitudes have taken so far."""
        return sum(record.seconds for record in emulation_records(self.sampler.integrand))

    def exact_weight(self, points: WeightedPoints, index: Tensor) -> tuple[Tensor, Contributions]:
        """Exact weights of some of the points, and all that belongs to them.

        Sampling density and channel weights are those of the surrogate weight: only the
        integrand differs.  Colour flows and helicities come with the amplitudes.
        """
        u, channel = points.u[index], points.channel[index]
        with torch.no_grad():
            found = self.exact.contributions(u, channel, identities=True)
            exact = torch.zeros_like(points.weight[index])
            exact[found.accepted] = found.drawn_weights.to(exact.dtype)
            surrogate = self.sampler.integrand(u, channel).weight
        weight = torch.where(surrogate == 0.0, 0.0, points.weight[index] * exact / surrogate)
        return weight, found


def prepare_two_stage(
    source: TwoStageSource,
    *,
    seed: int,
    pilot: int = 20_000,
    overweight: float = 1e-3,
    preparation: float = 0.0,
    choice: StageCosts | None = None,
) -> GainReport:
    """Measure costs and weights on a pilot sample and choose the best maxima.

    Parameters
    ----------
    source
        What is drawn from.
    seed
        Decides the pilot points.
    pilot
        Number of pilot points; both amplitudes are evaluated at all of them.
    overweight
        Part of the cross section that may lie above unit weight.
    preparation
        Seconds that the emulator has cost so far; those of the pilot sample are added.
    choice
        Costs that maxima are chosen with, so that the clock has no say; measured ones if None.

    Returns
    -------
    GainReport
        Its ``two_stage`` holds the maxima.
    """
    begin = time.process_time()
    _warm_up(source, seed)
    generator = torch.Generator().manual_seed(seed)
    emulated = source.emulation_seconds()
    start = time.process_time()
    points = source.draw(pilot, generator)
    trial = (time.process_time() - start) / pilot
    emulation = (source.emulation_seconds() - emulated) / pilot
    inside = torch.nonzero(points.weight)[:, 0]
    if len(inside) == 0:
        raise EmulationError(f"none of {pilot} pilot points has a weight: integrate first")
    exact = torch.zeros_like(points.weight)
    for block in torch.split(inside, _PILOT_BLOCK):
        exact[block] = source.exact_weight(points, block)[0]
    exact_seconds, amplitude, build, finish = _event_seconds(source, points, inside, seed)
    # A trial outside the cuts costs no amplitude: plain unweighting pays for the others only, and
    # for colour flow and helicities of its events, which the second stage knows already.
    proposal = max(0.0, trial - emulation)
    costs = StageCosts(proposal, emulation, exact_seconds, finish)
    plain = StageCosts(proposal, 0.0, amplitude * len(inside) / pilot, build)
    preparation += time.process_time() - begin
    # densities may be negative: the surrogate weight proposes, the exact one has the sign
    return measure_gain(points.weight.abs(), exact, costs, preparation, overweight, plain, choice)


def _warm_up(source: TwoStageSource, seed: int) -> None:
    """Call everything once: what is prepared at the first call is not a cost of every point."""
    points = source.draw(_WARM_UP, torch.Generator().manual_seed(seed))
    source.exact_weight(points, torch.nonzero(points.weight)[:1, 0])


def _event_seconds(
    source: TwoStageSource, points: WeightedPoints, inside: Tensor, seed: int
) -> tuple[float, float, float, float]:
    """Seconds a point: the second stage, an exact weight alone, and what an event costs after each.

    In the order second stage, exact weight, event of an exact weight, event of the second stage.
    """
    chosen = inside[points.weight[inside] > 0.0][:_TIMED_EVENTS]
    u, channel, weight = (part[chosen] for part in points)
    if len(chosen) == 0:
        return 0.0, 0.0, 0.0, 0.0
    builder = EventBuilder(source.exact, seed)
    found = source.exact_weight(points, chosen)[1]
    steps: tuple[Callable[[], object], ...] = (
        lambda: source.exact_weight(points, chosen),
        lambda: source.exact(u, channel),
        lambda: builder.build(u, channel, weight),
        lambda: builder.build(u, channel, weight, contributions=found),
    )
    times = torch.zeros(_REPEATS, len(steps), dtype=torch.float64)
    with torch.no_grad():
        # the first call also prepares the amplitude; the fastest counts, in turns, so that a busy
        # machine slows all of them alike
        for row in times:
            for number, step in enumerate(steps):
                start = time.process_time()
                step()
                row[number] = time.process_time() - start
    seconds = (times.amin(dim=0) / len(chosen)).tolist()
    return seconds[0], seconds[1], seconds[2], seconds[3]


def two_stage_unweight(
    source: TwoStageSource,
    events: int,
    maxima: StageMaxima,
    *,
    seed: int,
    batch: int = 16384,
    record: TwoStageRecord | None = None,
) -> Generator[WeightedPoints, None, TwoStageRecord]:
    """Stream events of the exact cross section.

    Parameters
    ----------
    source
        What is drawn from.
    events
        Number of events wanted.
    maxima
        Maxima of both stages, from :func:`prepare_two_stage`.
    seed
        Decides every event.
    batch
        Points drawn at a time.
    record
        Filled while events are made; a new one if None.

    Yields
    ------
    WeightedPoints
        Accepted points, channels and weights in units of one event.

    Returns
    -------
    TwoStageRecord
        The bookkeeping (value of ``yield from``); its ``value`` is the cross section in pb.

    Raises
    ------
    EmulationError
        Where nothing is ever accepted.
    """
    stream = two_stage_events(source, events, maxima, seed=seed, batch=batch, record=record)
    while True:
        try:
            yield next(stream)[0]
        except StopIteration as stop:
            book: TwoStageRecord = stop.value
            return book


def two_stage_events(
    source: TwoStageSource,
    events: int,
    maxima: StageMaxima,
    *,
    seed: int,
    batch: int = 16384,
    record: TwoStageRecord | None = None,
) -> Generator[tuple[WeightedPoints, Contributions], None, TwoStageRecord]:
    """Stream events with what the exact amplitudes gave there; else :func:`two_stage_unweight`."""
    unweighter = TwoStageUnweighter.of(maxima, seed)
    if record is not None:
        unweighter.record = record
    book = unweighter.record
    generator = torch.Generator().manual_seed(seed)
    made = 0
    while made < events:
        points = source.draw(batch, generator)
        seen: list[tuple[Tensor, Contributions]] = []

        def exact(index: Tensor, points: WeightedPoints, seen: list[Any]) -> Tensor:
            weight, found = source.exact_weight(points, index)
            seen.append((index, found))
            return weight

        selected = unweighter(points.weight.abs(), partial(exact, points=points, seen=seen))
        keep = slice(0, events - made)
        index, weight = selected.index[keep], selected.weight[keep]
        made += len(index)
        if book.trials > _FEW and book.events == 0:
            raise EmulationError(
                f"no event accepted from {book.trials} points: choose the maxima again"
            )
        if seen:
            passed, found = seen[0]
            accepted = WeightedPoints(points.u[index], points.channel[index], weight)
            yield accepted, found.take(torch.searchsorted(passed, index))
    return book
