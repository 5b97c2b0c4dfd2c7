# SPDX-License-Identifier: GPL-3.0-or-later
"""What an integration returns."""

from dataclasses import dataclass, field

from mcsurrogate.integration.history import Estimate
from mcsurrogate.integration.sampler import Sampler

__all__ = ["ChannelResult", "IntegrationResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelResult:
    """One channel's part of the integral.

    Attributes
    ----------
    name
        Name of the channel.
    value, error
        Its integral and standard deviation, in the units of the integral.
    relative_std_dev
        Standard deviation of its weights over its integral.
    maximum_weight
        Maximum weight at the overweight fraction of the unweighting.
    active
        Whether the channel was kept.
    """

    name: str
    value: float
    error: float
    relative_std_dev: float
    maximum_weight: float
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationResult:
    """An integral and the sampler that found it.

    Attributes
    ----------
    value, error
        Integral and standard deviation, in the units of the integrand.
    relative_std_dev
        Error of the final sampler times the square root of its points, over the integral: what a
        further point is worth, whatever the number of points.
    unweighting_efficiency, unweighting_efficiency_error
        Accepted part of proposed points, every channel against its own maximum weight.
    overweight_fraction
        Part of the integral above the maximum weights.
    effective_fraction
        Effective sample size of unweighted events over their number.
    evaluations
        Integrand evaluations, training included.
    seconds
        CPU seconds, training included, of this process and its workers.
    integrand_seconds
        The part of ``seconds`` that the integrand took.
    method
        ``madnis`` or ``vegas``: what the sampler is.
    channels
        Results by channel.
    warnings
        Reasons to distrust the result; empty if none were found.
    sampler
        Draws weighted points (and, through ``unweight``, events).
    seed
        The seed.
    history
        Estimate of every iteration.
    losses
        Loss of each training step.
    decision
        Why this method was taken.
    """

    value: float
    error: float
    relative_std_dev: float
    unweighting_efficiency: float
    unweighting_efficiency_error: float
    overweight_fraction: float
    effective_fraction: float
    evaluations: int
    seconds: float
    integrand_seconds: float
    method: str
    channels: tuple[ChannelResult, ...]
    warnings: tuple[str, ...]
    sampler: Sampler
    seed: int
    history: tuple[Estimate, ...] = field(default=(), repr=False)
    losses: tuple[float, ...] = field(default=(), repr=False)
    decision: str = ""

    def __str__(self) -> str:
        efficiency, spread = self.unweighting_efficiency, self.unweighting_efficiency_error
        lines = [
            f"{self.value:.6g} +- {self.error:.2g} ({self.method}, {self.evaluations} evaluations)",
            f"relative standard deviation {self.relative_std_dev:.3g}",
            f"unweighting efficiency {efficiency:.3g} +- {spread:.1g}",
        ]
        return "\n".join([*lines, *(f"WARNING: {text}" for text in self.warnings)])
