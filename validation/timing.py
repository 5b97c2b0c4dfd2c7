# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast both chains of a run were, and when the surrogate pays, from the run folder."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcsurrogate.run_record import RUN_FILE, read_run

__all__ = ["ChainTiming", "Timing", "read_timing", "timing_of"]


@dataclass(frozen=True)
class ChainTiming:
    """Cost of one chain.

    Attributes
    ----------
    events
        Events that were made.
    preparation
        Seconds before the first event: integration and training, initialisation.
    production
        Seconds for the events themselves, files included.
    pythia_seconds
        Part of `production` inside Pythia.
    """

    events: int
    preparation: float
    production: float
    pythia_seconds: float

    @property
    def seconds_an_event(self) -> float:
        """Seconds an event, preparation left out."""
        return self.production / self.events

    @property
    def events_a_second(self) -> float:
        """Events a second, preparation left out."""
        return self.events / self.production

    @property
    def events_a_second_in_all(self) -> float:
        """Events a second, preparation counted."""
        return self.events / (self.production + self.preparation)


@dataclass(frozen=True)
class Timing:
    """Both chains of a run.

    Attributes
    ----------
    surrogate, standard
        The chains.
    notes
        What is not counted, and why.
    """

    surrogate: ChainTiming
    standard: ChainTiming
    notes: tuple[str, ...]

    @property
    def ratio(self) -> float:
        """Speed of the surrogate over that of the standard chain, preparation left out."""
        return self.surrogate.events_a_second / self.standard.events_a_second

    @property
    def break_even(self) -> float | None:
        """Events from which on the surrogate is cheaper; None where it never is.

        Solves preparation + N seconds_an_event of both for N.
        """
        saved = self.standard.seconds_an_event - self.surrogate.seconds_an_event
        extra = self.surrogate.preparation - self.standard.preparation
        if saved <= 0.0:
            return None
        return max(0.0, extra / saved)

    def metrics(self) -> dict[str, Any]:
        """Everything as JSON values."""

        def chain(timing: ChainTiming) -> dict[str, float]:
            return {
                "events": timing.events,
                "preparation_seconds": timing.preparation,
                "production_seconds": timing.production,
                "pythia_seconds": timing.pythia_seconds,
                "events_per_second": timing.events_a_second,
                "events_per_second_with_preparation": timing.events_a_second_in_all,
            }

        return {
            "surrogate": chain(self.surrogate),
            "standard": chain(self.standard),
            "speed_ratio": self.ratio,
            "break_even_events": self.break_even,
            "notes": list(self.notes),
        }


def _chain(record: dict[str, Any], before: float, events_before: float) -> ChainTiming:
    """Return the timing of a chain's stage, with what earlier stages cost."""
    steps = record["seconds_by_step"]
    start = float(steps["initialisation"])
    own = float(sum(steps.values())) - start
    return ChainTiming(
        int(record["events"]), before + start, events_before + own, float(steps["events"])
    )


def read_timing(folder: Path) -> Timing | None:
    """Read the timing of the chains of a run folder; None where it does not hold both.

    Raises
    ------
    RunFolderError
        ``run.json`` is damaged.
    """
    if not (folder / RUN_FILE).is_file():
        return None
    stages = read_run(folder)["stages"]
    done = {name: stage for name, stage in stages.items() if stage["finished"]}
    if not {"shower", "reference"} <= set(done):
        return None
    integration, generation = (
        done[stage]["seconds"] if stage in done else 0.0 for stage in ("integrate", "generate")
    )
    emulation, notes = _training(done)
    surrogate = _chain(done["shower"], integration + emulation, generation)
    standard = _chain(done["reference"], 0.0, 0.0)
    finite = all(math.isfinite(c.production) and c.production > 0 for c in (surrogate, standard))
    return Timing(surrogate, standard, notes) if finite and surrogate.events else None


def timing_of(candidate: Path, reference: Path) -> Timing | None:
    """Return the timing of the run that two event files lie in, None where there is none."""
    folders = [path.absolute().parent.parent for path in (candidate, reference)]
    return read_timing(folders[0]) if folders[0] == folders[1] else None


def _training(done: dict[str, Any]) -> tuple[float, tuple[str, ...]]:
    """Seconds of the training that the run's surrogates state, and what they do not state."""
    notes = ["Wall-clock seconds; both chains run side by side on the same machine."]
    seconds = 0.0
    emulation = done.get("generate", {}).get("emulation")
    if emulation:
        stated = emulation.get("preparation_seconds")
        if stated is None:
            notes.append("The training of the emulators is not counted: the run does not state it.")
        else:
            seconds += float(stated)
    hadronization = done["shower"].get("hadronization")
    if hadronization:
        stated = hadronization.get("training_seconds")
        seconds += float(stated or 0.0)
        unstated = hadronization.get(
            "training_not_stated", [hadronization.get("weights")] if stated is None else []
        )
        if unstated:
            notes.append(
                f"The training of the weights {', '.join(unstated)} is not counted: they do not "
                "state it."
            )
    return seconds, tuple(notes)
