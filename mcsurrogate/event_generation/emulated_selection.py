# SPDX-License-Identifier: GPL-3.0-or-later
"""Events from emulators: with the exact amplitude in a second stage, or with error weights."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.cards import EmulatorsSection, RunCard
from mcsurrogate.emulation import Emulator
from mcsurrogate.errors import EmulationError
from mcsurrogate.event_generation.emulated_process import (
    TwoStageSource,
    emulated_process,
    emulation_records,
    prepare_two_stage,
    two_stage_events,
)
from mcsurrogate.event_generation.event_weights import EmulatorWeights
from mcsurrogate.event_generation.gain import GainReport
from mcsurrogate.event_generation.selection import (
    AcceptedPoints,
    EventSelection,
    Report,
    unweighting_summary,
)
from mcsurrogate.event_generation.stage_maxima import StageCosts
from mcsurrogate.event_generation.two_stage import TwoStageRecord
from mcsurrogate.hard_process import HardProcess, standard_model
from mcsurrogate.integration import Sampler, UnweightingRecord, unweight

__all__ = ["TwoStageSelection", "UncertaintySelection", "emulated_selection"]

_TYPICAL_COSTS = StageCosts(proposal=1e-5, surrogate=2e-6, exact=1.5e-4)
"""Seconds that maxima are chosen with: equal seeds make equal events on a busy machine too."""


def emulated_selection(
    card: RunCard,
    process: HardProcess,
    sampler: Sampler,
    overweight: float,
    effective: float,
    seed: int,
) -> EventSelection:
    """Load the card's emulators and choose how they make events.

    Parameters
    ----------
    card
        A card with a section ``[emulators]``.
    process
        The exact hard process.
    sampler
        The finished integration's.
    overweight, effective
        Part of the cross section that may lie above unit weight, and the effective fraction of
        events of the sampler's own maxima.
    seed
        Decides the pilot points.

    Raises
    ------
    EmulationError
        If a file cannot be read, or an emulator is for another process or other parameters.
    """
    section = card.emulators
    if section is None:
        raise ValueError("the card has no section [emulators]")
    if card.integration.helicities == "sample":
        raise EmulationError(
            "integration.helicities = 'sample': an emulator knows the sum over helicities only; "
            "integrate with 'sum', or leave [emulators] out"
        )
    model = standard_model(card.model)
    emulators = [Emulator.load(Path(path), model=model) for path in section.weights]
    emulated = emulated_process(process, emulators, section.largest_sigma)
    if not section.exact_second_stage:
        return UncertaintySelection(section, emulators, emulated, sampler, overweight, effective)
    source = TwoStageSource.of(sampler, emulated, process)
    report = prepare_two_stage(
        source,
        seed=seed,
        pilot=section.pilot,
        overweight=overweight,
        preparation=sum(e.card.seconds + e.card.data.amplitude_seconds for e in emulators),
        choice=_TYPICAL_COSTS,
    )
    return TwoStageSelection(section, emulators, source, report)


def _describe(section: EmulatorsSection, emulators: list[Emulator]) -> list[dict[str, Any]]:
    return [
        {
            "file": path,
            "process": emulator.card.process,
            "training_points": emulator.card.data.training,
        }
        for path, emulator in zip(section.weights, emulators, strict=True)
    ]


def _amplitude_counts(integrand: object) -> dict[str, int]:
    records = emulation_records(integrand)
    return {
        "emulated_points": sum(r.emulated for r in records),
        "outside_domain_points": sum(r.outside for r in records),
        "uncertain_points": sum(r.uncertain for r in records),
    }


class TwoStageSelection:
    """The emulator proposes, the exact amplitude decides: no bias.

    Parameters
    ----------
    section
        The card's section.
    emulators
        Its emulators.
    source
        What is drawn from.
    gain
        Maxima and costs, from a pilot sample.
    """

    weight_names: tuple[str, ...] = ("nominal",)

    def __init__(
        self,
        section: EmulatorsSection,
        emulators: list[Emulator],
        source: TwoStageSource,
        gain: GainReport,
    ) -> None:
        self.overweight = gain.two_stage.overweight
        self.effective = gain.two_stage.kish
        self._section = section
        self._emulators = emulators
        self._source = source
        self._gain = gain
        self._book = TwoStageRecord()

    def points(self, events: int, seed: int, report: Report) -> Iterator[AcceptedPoints]:
        """Yield accepted points; see the protocol."""
        book = self._book
        stream = two_stage_events(
            self._source, events, self._gain.two_stage, seed=seed, record=book
        )
        for points, contributions in stream:
            report(
                min(book.events, events),
                f"{book.first_efficiency:.2%} by the emulator, "
                f"{book.second_efficiency:.1%} of these by the exact amplitude",
            )
            yield AcceptedPoints(*points, contributions)

    def weights(self, points: AcceptedPoints) -> Tensor:
        """Return the weights ``(N, 1)``."""
        return points.weight[:, None]

    def summary(self) -> dict[str, Any]:
        """Return both stages' efficiencies and overweights, and the gain."""
        book, gain = self._book, self._gain
        efficiency = book.events / max(1, book.trials)
        return {
            "events": book.events,
            "proposed": book.trials,
            "efficiency": efficiency,
            "efficiency_error": (efficiency * (1 - efficiency) / max(1, book.trials)) ** 0.5,
            "overweight_events": book.second_overweight,
            "overweight_fraction": book.second_excess / (book.events + book.second_excess),
            "largest_weight_over_maximum": book.second_largest,
            "emulation": {
                "mode": "exact second stage",
                "emulators": _describe(self._section, self._emulators),
                **_amplitude_counts(self._source.sampler.integrand),
                "first_efficiency": book.first_efficiency,
                "second_efficiency": book.second_efficiency,
                "first_overweight_points": book.first_overweight,
                "first_largest_over_maximum": book.first_largest,
                "surrogate_maximum": gain.two_stage.surrogate,
                "ratio_maximum": gain.two_stage.ratio,
                "kish_effective_events": book.kish_size,
                "cross_section_pb": book.value,
                "cross_section_error_pb": book.error,
                **gain.as_json(),
                "description": gain.describe(),
            },
        }


class UncertaintySelection:
    """The emulator alone where it is sure enough, its error in named event weights.

    Parameters
    ----------
    section
        The card's section.
    emulators
        Its emulators.
    emulated
        The hard process with emulated amplitudes.
    sampler
        The finished integration's.
    overweight, effective
        Overweight fraction of its maxima, and effective fraction of the events.
    """

    def __init__(
        self,
        section: EmulatorsSection,
        emulators: list[Emulator],
        emulated: HardProcess,
        sampler: Sampler,
        overweight: float,
        effective: float,
    ) -> None:
        self.overweight = overweight
        self.effective = effective
        self._section = section
        self._emulators = emulators
        self._emulated = emulated
        self._sampler = Sampler(
            emulated, sampler.mixture, sampler.channel_weights, sampler.probability, sampler.maximum
        )
        self._factors = EmulatorWeights(emulated)
        self.weight_names = ("nominal", *self._factors.names)
        self._book = UnweightingRecord()

    def points(self, events: int, seed: int, report: Report) -> Iterator[AcceptedPoints]:
        """Yield accepted points; see the protocol."""
        book = self._book
        for points in unweight(self._sampler, events, seed=seed, record=book):
            report(book.accepted, f"{book.efficiency:.1%} accepted")
            yield AcceptedPoints(*points)

    def weights(self, points: AcceptedPoints) -> Tensor:
        """Return the nominal weights and those of the uncertainty, ``(N, W)``."""
        factors = self._factors(points.u, points.channel)
        return torch.cat((points.weight[:, None], points.weight[:, None] * factors), dim=1)

    def summary(self) -> dict[str, Any]:
        """Return the unweighting's figures and how often which amplitude was used."""
        return {
            **unweighting_summary(self._book),
            "emulation": {
                "mode": "emulator with uncertainty weights",
                "emulators": _describe(self._section, self._emulators),
                **_amplitude_counts(self._emulated),
                "weight_names": list(self.weight_names),
                "cross_section_pb": self._book.value,
                "cross_section_error_pb": self._book.error,
            },
        }
