# SPDX-License-Identifier: GPL-3.0-or-later
"""Combining the estimates of an adaptive integration without bias."""

from dataclasses import asdict, dataclass, field
from typing import Any

from mcsurrogate.integration.history import Estimate

__all__ = ["EXPECTED_GAIN", "Estimates", "PredictableMean"]

EXPECTED_GAIN = 16.0
"""How much less variance later points are assumed to have when learning begins."""
_GAUSSIAN = 1000.0
"""Effective sample size from which an estimate's error means what it says."""


@dataclass(slots=True)
class PredictableMean:
    """Mean of sequential estimates whose weights never depend on the estimates they multiply.

    Each estimate takes a fraction of the weight that is left, decided *before* its points are
    drawn; the last takes what remains.  Every estimate is unbiased given the past, so the mean
    is too, and its variance is the weighted sum of the variances (martingale differences).
    Weights by the measured variance of the same points, the usual choice, are biased low for
    skewed weights.

    Attributes
    ----------
    value, variance
        Weighted sums so far.
    left
        Weight not yet given away.
    """

    value: float = 0.0
    variance: float = 0.0
    left: float = 1.0

    def add(self, value: float, variance: float, fraction: float) -> None:
        """Add an estimate with a ``fraction`` of the remaining weight."""
        share = self.left * min(max(fraction, 0.0), 1.0)
        self.value += share * value
        self.variance += share * share * variance
        self.left -= share

    @staticmethod
    def fraction(points: int, points_left: int, gain: float) -> float:
        """Fraction for ``points`` now where ``points_left`` come with ``gain`` less variance."""
        return points / (points + gain * points_left) if points_left > 0 else 1.0


@dataclass(slots=True)
class Estimates:
    """What each iteration found, and the mean of all.

    Attributes
    ----------
    mean
        The integral so far.
    history
        Each iteration's own estimate.
    """

    mean: PredictableMean = field(default_factory=PredictableMean)
    history: list[Estimate] = field(default_factory=list)

    @property
    def last(self) -> Estimate:
        """The latest one."""
        return self.history[-1]

    @property
    def guess(self) -> float:
        """Best guess of the integral, for units: weighted by what counts of each iteration."""
        known = [e for e in self.history if e.error > 0.0]
        if not known:
            return 1.0
        weights = [e.points * e.effective for e in known]
        total = sum(weights)
        return sum(w * e.value for w, e in zip(weights, known, strict=True)) / max(total, 1e-300)

    def combine(
        self, value: float, variance: float, *, points: int, left: int, gain: float
    ) -> None:
        """Add an estimate to the mean, with a weight that its own points did not decide on.

        Parameters
        ----------
        value, variance
            The estimate and the square of its error.
        points, left
            Points of this estimate, and points that will follow.
        gain
            How much less variance those are assumed to have.
        """
        fraction = PredictableMean.fraction(points, max(0, left), gain)
        learning = left > 0 and gain > 1.0
        if learning and (not self.history or self.last.effective * points < _GAUSSIAN):
            # a few points that count make a skewed estimate, low most of the time
            fraction = 0.0
        self.mean.add(value, variance, fraction)

    def rescale(self, factor: float) -> None:
        """Multiply all values."""
        self.mean.value *= factor
        self.mean.variance *= factor**2
        self.history = [e.times(factor) for e in self.history]

    def state(self) -> dict[str, Any]:
        """Everything, for a checkpoint."""
        return {"mean": asdict(self.mean), "history": [asdict(e) for e in self.history]}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> "Estimates":
        """Rebuild saved ones."""
        return cls(
            PredictableMean(**state["mean"]), [Estimate(**entry) for entry in state["history"]]
        )
