# SPDX-License-Identifier: GPL-3.0-or-later
"""From p-values and tolerances to one word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from mcsurrogate.errors import ValidationError

__all__ = [
    "CROSS_SECTION",
    "FAMILY_WISE_ERROR",
    "MIN_EVENTS",
    "Reason",
    "Tolerance",
    "Verdict",
    "decide",
    "main_reasons",
]

Kind = Literal[
    "observable", "global", "uniformity", "repeated events", "cross section", "effective events"
]

FAMILY_WISE_ERROR = 0.0027
"""Probability that two equal samples are called different: three standard deviations."""
MIN_EVENTS = 50.0
"""Effective events that each sample needs: with fewer there is no test and no verdict."""
CROSS_SECTION = "cross_section"
"""What the test, and a tolerance, of the files' own cross sections is called."""


class Verdict(Enum):
    """Outcome of a comparison."""

    INDISTINGUISHABLE = "indistinguishable"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERS = "differs"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How large a real deviation may be.

    A deviation is measured as the root mean square of the relative difference between the
    samples over the bins, weighted with the bin contents, statistical noise subtracted.

    Attributes
    ----------
    default
        For observables that are not named; zero allows none.
    by_name
        For single observables, and ``cross_section``.
    """

    default: float = 0.0
    by_name: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        for name, value in {"default": self.default, **(self.by_name or {})}.items():
            if not 0.0 <= value < 10.0:
                raise ValidationError(
                    f"tolerance of {name} is {value}; it is a relative deviation, 0.02 means 2%"
                )

    def of(self, name: str) -> float:
        """Tolerance of an observable."""
        return (self.by_name or {}).get(name, self.default)


@dataclass(frozen=True, kw_only=True)
class Reason:
    """A test that decides.

    Attributes
    ----------
    name, title
        Name of the observable or of the test, and what it is in words.
    kind
        ``observable``, ``global``, ``uniformity``, ``repeated events``, ``cross section``, or
        ``effective events`` where there are too few for any test.
    figure
        What the test found, in words and numbers.
    log_p
        Log p-value, 0 where nothing was tested.
    tolerated
        Whether the deviation is within its tolerance.
    """

    name: str
    title: str
    kind: Kind
    figure: str
    log_p: float = 0.0
    tolerated: bool = False

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.title}: {self.figure}" + (", within tolerance" if self.tolerated else "")


def main_reasons(reasons: Sequence[Reason], observables: int = 5) -> list[Reason]:
    """All reasons, but of the observables only the first ones."""
    many = [reason for reason in reasons if reason.kind == "observable"][observables:]
    return [reason for reason in reasons if reason not in many]


def decide(reasons: Sequence[Reason]) -> Verdict:
    """Verdict over all tests that found a significant deviation, or over their absence."""
    if any(reason.kind == "effective events" for reason in reasons):
        return Verdict.UNDECIDED
    if not reasons:
        return Verdict.INDISTINGUISHABLE
    if all(reason.tolerated for reason in reasons):
        return Verdict.WITHIN_TOLERANCE
    return Verdict.DIFFERS
