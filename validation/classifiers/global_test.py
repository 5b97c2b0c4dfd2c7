# SPDX-License-Identifier: GPL-3.0-or-later
"""Result of a test of all observables, or of whole events, at once."""

import math
from dataclasses import dataclass, field

from mcsurrogate.validation.classifiers.weights import ClassifierWeights

__all__ = ["GlobalTest"]


@dataclass(frozen=True, kw_only=True)
class GlobalTest:
    """A test of all observables at once.

    Attributes
    ----------
    name, title
        Short name and words.
    value, error
        The distance, and its error where it has one.
    expected
        Mean between equal samples, None where it is not computed.
    log_p
        Log p-value.
    details
        Further numbers by name.
    weights
        Of a classifier: its weights.
    """

    name: str
    title: str
    value: float
    log_p: float
    expected: float | None = None
    error: float | None = None
    details: dict[str, float] = field(default_factory=dict)
    weights: ClassifierWeights | None = None

    @property
    def p_value(self) -> float:
        """p-value."""
        return math.exp(self.log_p)
