"""From p-values and tolerances to one word."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mcsurrogate.errors import ValidationError

__all__ = ["CROSS_SECTION", "FAMILY_WISE_ERROR", "Tolerance", "Verdict", "decide"]

FAMILY_WISE_ERROR = 0.0027
"""Probability that two equal samples are called different: three standard deviations."""
CROSS_SECTION = "cross_section"
"""What the test, and a tolerance, of the files' own cross sections is called."""


class Verdict(Enum):
    """Outcome of a comparison."""

    INDISTINGUISHABLE = "indistinguishable"
    WITHIN_TOLERANCE = "within tolerance"
    DIFFERS = "differs"


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
                message = (
                    f"tolerance of {name} is {value}; it is a relative deviation, 0.02 means 2%"
                )
                raise ValidationError(message)

    def of(self, name: str) -> float:
        """Tolerance of an observable."""
        return (self.by_name or {}).get(name, self.default)


def decide(significant: Mapping[str, bool], tolerable: Mapping[str, bool]) -> Verdict:
    """Verdict over all tests.

    Parameters
    ----------
    significant
        Whether each test found a deviation at the family-wise error.
    tolerable
        Whether the deviation of each test is within its tolerance.
    """
    found = [name for name, value in significant.items() if value]
    if not found:
        return Verdict.INDISTINGUISHABLE
    if all(tolerable[name] for name in found):
        return Verdict.WITHIN_TOLERANCE
    return Verdict.DIFFERS
