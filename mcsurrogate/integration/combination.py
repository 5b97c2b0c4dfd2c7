"""Combining the estimates of an adaptive integration without bias."""

from dataclasses import dataclass, field

__all__ = ["PredictableMean"]


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
    history: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, value: float, variance: float, fraction: float) -> None:
        """Add an estimate with a ``fraction`` of the remaining weight."""
        share = self.left * min(max(fraction, 0.0), 1.0)
        self.value += share * value
        self.variance += share * share * variance
        self.left -= share
        self.history.append((value, variance, share))

    def state(self) -> tuple[float, float, float, list[tuple[float, float, float]]]:
        """Everything, for a checkpoint."""
        return self.value, self.variance, self.left, list(self.history)

    def restore(self, state: tuple[float, float, float, list[tuple[float, float, float]]]) -> None:
        """Take up a saved state."""
        self.value, self.variance, self.left, history = state
        self.history = [(value, variance, share) for value, variance, share in history]

    @staticmethod
    def fraction(points: int, points_left: int, gain: float) -> float:
        """Fraction for ``points`` now where ``points_left`` come with ``gain`` less variance."""
        return points / (points + gain * points_left) if points_left > 0 else 1.0
