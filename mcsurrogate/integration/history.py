# SPDX-License-Identifier: GPL-3.0-or-later
"""What an integration tells while it runs, and what it remembers of its iterations."""

import math
from dataclasses import dataclass, replace

__all__ = ["Estimate", "Progress"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """State of a running integration, for a progress bar.

    Attributes
    ----------
    phase
        ``vegas``, ``training`` or ``integration``.
    evaluations, planned
        Integrand evaluations so far and in all.
    value, error
        Latest estimate.
    """

    phase: str
    evaluations: int
    planned: int
    value: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One iteration's own estimate.

    Attributes
    ----------
    phase
        ``vegas``, ``training``, ``frozen`` (VEGAS+ that adapts no more) or ``integration``.
    value, error
        Integral and standard deviation from this iteration alone.
    points
        Its integrand evaluations.
    effective
        Effective sample size of its weights, over the points.
    """

    phase: str
    value: float
    error: float
    points: int
    effective: float

    def times(self, factor: float) -> "Estimate":
        """Return the estimate of the integrand times a factor."""
        return replace(self, value=factor * self.value, error=factor * self.error)

    @property
    def relative_std_dev(self) -> float:
        """Error times the square root of the points, over the value."""
        return self.error * math.sqrt(self.points) / max(abs(self.value), 1e-300)
