"""Cross sections that the files state."""

import math
from dataclasses import dataclass

from mcsurrogate.events import FileSummary
from mcsurrogate.validation.statistics.significance import log_sf_chi2

__all__ = ["CrossSections", "compare_cross_sections"]


@dataclass(frozen=True)
class CrossSections:
    """Cross sections of candidate and reference.

    Attributes
    ----------
    ratio
        Candidate over reference.
    pull
        Difference in standard deviations; None where a file states no error.
    p_value
        Of the pull.
    """

    ratio: float
    pull: float | None
    p_value: float | None


def compare_cross_sections(a: FileSummary, b: FileSummary) -> CrossSections | None:
    """Compare what two files state; None where one of them states nothing."""
    if a.cross_section_pb is None or not b.cross_section_pb:
        return None
    ratio = a.cross_section_pb / b.cross_section_pb
    error = math.hypot(a.cross_section_error_pb or 0.0, b.cross_section_error_pb or 0.0)
    if not a.cross_section_error_pb or not b.cross_section_error_pb:
        return CrossSections(ratio, None, None)
    pull = (a.cross_section_pb - b.cross_section_pb) / error
    return CrossSections(ratio, pull, math.exp(log_sf_chi2(pull**2, 1)))
