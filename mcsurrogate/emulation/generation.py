"""Emulated amplitudes in a hard process, and events from it through two stages."""

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from mcsurrogate.emulation.amplitude import EmulatedMatrixElement
from mcsurrogate.emulation.coupling_content import same_amplitude
from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.emulation.gain import GainReport, measure_gain
from mcsurrogate.emulation.stage_maxima import StageCosts, StageMaxima
from mcsurrogate.emulation.two_stage import TwoStageRecord, TwoStageUnweighter
from mcsurrogate.errors import EmulationError
from mcsurrogate.hard_process.integrand import Amplitude, HardProcess
from mcsurrogate.integration.sampler import Sampler, WeightedPoints

__all__ = ["TwoStageSource", "emulated_process", "prepare_two_stage", "two_stage_unweight"]

_FEW = 1_000_000


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
            msg = f"the emulator of {emulator.card.process!r} fits none of the amplitudes: {known}"
            raise EmulationError(msg)
    return emulated


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
        amplitudes = getattr(self.sampler.integrand, "amplitudes", ())
        elements = [amplitude.matrix_element for amplitude in amplitudes]
        return sum(e.record.seconds for e in elements if isinstance(e, EmulatedMatrixElement))

    def exact_weight(self, points: WeightedPoints, index: Tensor) -> Tensor:
        """Exact weights of some of the points.

        Sampling density and channel weights are those of the surrogate weight: only the
        integrand differs.
        """
        u, channel = points.u[index], points.channel[index]
        with torch.no_grad():
            exact = self.exact(u, channel).weight
            surrogate = self.sampler.integrand(u, channel).weight
        return torch.where(surrogate == 0.0, 0.0, points.weight[index] * exact / surrogate)


def prepare_two_stage(
    source: TwoStageSource,
    *,
    seed: int,
    pilot: int = 20_000,
    overweight: float = 1e-3,
    preparation: float = 0.0,
    event_seconds: float = 0.0,
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
    event_seconds
        Seconds that an event costs afterwards.
    choice
        Costs that maxima are chosen with, so that the clock has no say; measured ones if None.

    Returns
    -------
    GainReport
        Its ``two_stage`` holds the maxima.
    """
    generator = torch.Generator().manual_seed(seed)
    emulated = source.emulation_seconds()
    begin = start = time.process_time()
    points = source.draw(pilot, generator)
    trial = (time.process_time() - start) / pilot
    emulation = (source.emulation_seconds() - emulated) / pilot
    inside = torch.nonzero(points.weight)[:, 0]
    if len(inside) == 0:
        raise EmulationError(f"none of {pilot} pilot points has a weight: integrate first")
    start = time.process_time()
    found = source.exact_weight(points, inside)
    exact_seconds = (time.process_time() - start) / len(inside)
    exact = torch.zeros_like(points.weight)
    exact[inside] = found
    # A trial outside the cuts costs no amplitude: plain unweighting pays for the others only.
    costs = StageCosts(max(0.0, trial - emulation), emulation, exact_seconds, event_seconds)
    plain = replace(costs, exact=exact_seconds * len(inside) / pilot)
    preparation += time.process_time() - begin
    # densities may be negative: the surrogate weight proposes, the exact one has the sign
    return measure_gain(points.weight.abs(), exact, costs, preparation, overweight, plain, choice)


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
    unweighter = TwoStageUnweighter.of(maxima, seed)
    if record is not None:
        unweighter.record = record
    book = unweighter.record
    generator = torch.Generator().manual_seed(seed)
    made = 0
    while made < events:
        points = source.draw(batch, generator)
        found = unweighter(points.weight.abs(), partial(source.exact_weight, points))
        keep = slice(0, events - made)
        index, weight = found.index[keep], found.weight[keep]
        made += len(index)
        if book.trials > _FEW and book.events == 0:
            msg = f"no event accepted from {book.trials} points: choose the maxima again"
            raise EmulationError(msg)
        yield WeightedPoints(points.u[index], points.channel[index], weight)
    return book
