# SPDX-License-Identifier: GPL-3.0-or-later
"""How many events a finer verdict would need."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcsurrogate.validation.observable_result import ObservableResult
from mcsurrogate.validation.verdict import Tolerance

__all__ = ["DEFAULT_TARGET", "FinerVerdict", "finer_verdict"]

DEFAULT_TARGET = 0.01
"""Relative deviation that a finer verdict is to resolve where no tolerance is given."""


@dataclass(frozen=True, kw_only=True)
class FinerVerdict:
    """Events that would resolve half of the tolerance, or 1% without one, in every observable.

    Those in which not even twice the contents would be resolved are left out: counts of what is
    rare, of which a relative deviation says little.

    Attributes
    ----------
    target
        Relative deviation to resolve in `observable`.
    observable
        Name of the observable that needs most events.
    candidate, reference
        Events of both samples, at their present ratio, that resolve all targets.
    half_candidate, half_reference
        Events that resolve the targets of half of the observables.
    resolvable, half_resolvable
        Deviation that the present samples resolve in `observable`, and at worst in the better
        half of the observables.
    left_out
        Number of observables that are left out.
    """

    target: float
    observable: str
    candidate: int
    reference: int
    half_candidate: int
    half_reference: int
    resolvable: float
    half_resolvable: float
    left_out: int

    def __str__(self) -> str:
        """Return one sentence."""
        rare = f" (rare and left out: {self.left_out})" if self.left_out else ""
        return (
            f"to resolve deviations of {100 * self.target:.3g}% in every observable{rare}: "
            f"{self.candidate:,} events against {self.reference:,} (most for "
            f"{self.observable}; now {100 * self.resolvable:.2g}%), in half of the observables "
            f"{self.half_candidate:,} against {self.half_reference:,} "
            f"(now {100 * self.half_resolvable:.2g}%)"
        )


def _rounded(value: float) -> int:
    """Round up to two digits: the estimate has no more."""
    unit = 10.0 ** max(0, math.floor(math.log10(max(value, 1.0))) - 1)
    return int(math.ceil(value / unit) * unit)


def finer_verdict(
    results: Sequence[ObservableResult], tolerance: Tolerance, events: tuple[int, int]
) -> FinerVerdict | None:
    """Events that a verdict twice as fine as the tolerance needs.

    Parameters
    ----------
    results
        Lines of the table.
    tolerance
        Tolerances; observables without one are to be resolved to `DEFAULT_TARGET`.
    events
        Numbers of events of candidate and reference.
    """
    filled = [
        r
        for r in results
        if r.observable.group not in ("consistency", "weight") and math.isfinite(r.resolvable)
    ]
    kept = [r for r in filled if r.resolvable < 1.0]
    if not kept:
        return None
    targets = np.array([0.5 * tolerance.of(r.observable.name) or DEFAULT_TARGET for r in kept])
    resolvable = np.array([r.resolvable for r in kept])
    factors = (resolvable / targets) ** 2
    worst = int(factors.argmax())
    half = float(np.median(factors))
    return FinerVerdict(
        target=float(targets[worst]),
        observable=kept[worst].observable.name,
        candidate=_rounded(factors[worst] * events[0]),
        reference=_rounded(factors[worst] * events[1]),
        half_candidate=_rounded(half * events[0]),
        half_reference=_rounded(half * events[1]),
        resolvable=float(resolvable[worst]),
        half_resolvable=float(np.median(resolvable)),
        left_out=len(filled) - len(kept),
    )
