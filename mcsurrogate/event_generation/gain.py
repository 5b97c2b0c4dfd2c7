# SPDX-License-Identifier: GPL-3.0-or-later
"""What a surrogate really gains, with everything counted."""

import math
from dataclasses import dataclass

from torch import Tensor

from mcsurrogate.event_generation.stage_maxima import (
    StageCosts,
    StageMaxima,
    choose_maxima,
    choose_single_maximum,
)

__all__ = ["GainReport", "measure_gain"]


@dataclass(frozen=True, slots=True)
class GainReport:
    """Cost of events with and without the surrogate, from the same sampler.

    Attributes
    ----------
    plain, two_stage
        Maxima and expected figures of both ways of unweighting.
    preparation
        Seconds spent before the first event: exact amplitudes of the training points and
        training.
    """

    plain: StageMaxima
    two_stage: StageMaxima
    preparation: float

    @property
    def gain(self) -> float:
        """Cost of an effective event without over with surrogate, preparation left out."""
        plain = self.plain.seconds_per_effective_event
        return plain / self.two_stage.seconds_per_effective_event

    @property
    def break_even(self) -> float:
        """Number of effective events above which the surrogate pays; infinite where never."""
        saved = self.plain.seconds_per_effective_event - self.two_stage.seconds_per_effective_event
        return self.preparation / saved if saved > 0.0 else math.inf

    def total_gain(self, events: float) -> float:
        """Gain for a number of effective events, preparation included."""
        plain = events * self.plain.seconds_per_effective_event
        return plain / (events * self.two_stage.seconds_per_effective_event + self.preparation)

    def as_json(self) -> dict[str, float | None]:
        """Return the figures by name; a break-even that is never reached is None."""
        return {
            "gain": self.gain,
            "preparation_seconds": self.preparation,
            "break_even_events": self.break_even if math.isfinite(self.break_even) else None,
            "plain_efficiency": self.plain.second_efficiency,
            "plain_kish": self.plain.kish,
            "plain_seconds_per_effective_event": self.plain.seconds_per_effective_event,
            "kish": self.two_stage.kish,
            "seconds_per_effective_event": self.two_stage.seconds_per_effective_event,
        }

    def describe(self) -> str:
        """Say all of it in a few lines."""
        two, plain = self.two_stage, self.plain
        first, second = two.first_efficiency, two.second_efficiency
        lines = [
            f"plain:     efficiency {plain.second_efficiency:.3g}, {_cost(plain)}",
            f"two-stage: efficiencies {first:.3g} and {second:.3g}, {_cost(two)}",
            f"gain {self.gain:.2f} without preparation",
        ]
        if math.isfinite(self.break_even):
            lines.append(
                f"preparation {self.preparation:.3g} s, paid back after {self.break_even:.3g} "
                f"events; gain for a million events {self.total_gain(1e6):.2f}"
            )
        else:
            lines.append("the surrogate never pays back: the exact amplitude is cheap enough")
        return "\n".join(lines)


def _cost(found: StageMaxima) -> str:
    microseconds = 1e6 * found.seconds_per_effective_event
    return f"Kish {found.kish:.4f}, {microseconds:.4g} us per effective event"


def measure_gain(
    surrogate: Tensor,
    exact: Tensor,
    costs: StageCosts,
    preparation: float,
    overweight: float = 1e-3,
    plain_costs: StageCosts | None = None,
    choice: StageCosts | None = None,
) -> GainReport:
    """Compare two-stage with plain unweighting.

    Parameters
    ----------
    surrogate, exact
        ``(N,)`` weights of a sample that the emulator was not trained on.
    costs
        Measured seconds of each step.
    preparation
        Seconds of training, amplitudes of the training points included.
    overweight
        Part of the cross section that may lie above unit weight, the same for both.
    plain_costs
        Seconds of each step of plain unweighting where they differ.
    choice
        Costs that maxima are chosen with; the measured ones if None.
    """
    return GainReport(
        choose_single_maximum(exact, plain_costs or costs, overweight, choice),
        choose_maxima(surrogate, exact, costs, overweight, choice),
        preparation,
    )
