# SPDX-License-Identifier: GPL-3.0-or-later
"""Cross sections that the files state."""

import math
from dataclasses import dataclass
from typing import Literal

from mcsurrogate.errors import ValidationError
from mcsurrogate.events import FileSummary
from mcsurrogate.validation.statistics.significance import log_sf_chi2

__all__ = ["CrossSections", "Side", "compare_cross_sections"]

Side = Literal["candidate", "reference"]


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
    common_pb
        What both samples are normalised to in pb, where that was asked for; then the ratio decides
        nothing.
    """

    ratio: float
    pull: float | None
    p_value: float | None
    common_pb: float | None = None


def compare_cross_sections(
    a: FileSummary, b: FileSummary, normalise_to: Side | None = None
) -> CrossSections | None:
    """Compare what the files of candidate and reference state.

    Parameters
    ----------
    a, b
        Candidate and reference.
    normalise_to
        Whose cross section both samples get; None: each keeps its own.

    Returns
    -------
    None where one of them states nothing.

    Raises
    ------
    ValidationError
        A cross section is asked for that is not stated.
    """
    common = None
    if normalise_to is not None:
        common = (a if normalise_to == "candidate" else b).cross_section_pb
        if common is None:
            raise ValidationError(
                f"the file of the {normalise_to} states no cross section to normalise to"
            )
    if a.cross_section_pb is None or not b.cross_section_pb:
        return None if common is None else CrossSections(math.nan, None, None, common)
    ratio = a.cross_section_pb / b.cross_section_pb
    error = math.hypot(a.cross_section_error_pb or 0.0, b.cross_section_error_pb or 0.0)
    if not a.cross_section_error_pb or not b.cross_section_error_pb:
        return CrossSections(ratio, None, None, common)
    pull = (a.cross_section_pb - b.cross_section_pb) / error
    return CrossSections(ratio, pull, math.exp(log_sf_chi2(pull**2, 1)), common)
