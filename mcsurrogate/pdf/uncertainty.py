# SPDX-License-Identifier: GPL-3.0-or-later
"""Uncertainties of a PDF set from its members, by the set's own ``ErrorType``."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf.info_file import read_info
from mcsurrogate.pdf.locate import find_pdf

__all__ = ["PdfSet", "read_pdf_set"]

_LEVEL = 68.268949213708589
"""Per cent within one standard deviation."""


@dataclass(frozen=True, slots=True)
class PdfSet:
    """What the ``.info`` file of a set tells of its members.

    Attributes
    ----------
    name
        Of the set.
    index
        LHAPDF number of its central member.
    members
        Their number, the central one included.
    error_type
        ``replicas``, ``hessian``, ``symmhessian`` or ``unknown``, and after it ``+as`` for each
        pair of further members with other couplings.
    confidence
        Level in per cent that the members of a Hessian set stand for.
    """

    name: str
    index: int
    members: int
    error_type: str
    confidence: float

    def uncertainty(self, values: Sequence[float]) -> tuple[float, float]:
        r"""Return how far up and down a quantity goes at 68% confidence, both positive.

        Replicas: the standard deviation of members 1 to N.  Hessian pairs: for each pair the
        larger deviation of either sign, in quadrature; symmetric ones: deviations in quadrature.
        Pairs of ``+as`` add half their difference in quadrature (LHAPDF 6, arXiv:1412.7420,
        section 3.4; PDF4LHC, arXiv:1510.03865, eqs. 20 to 28).

        Parameters
        ----------
        values
            The quantity for members 0 to N.

        Raises
        ------
        PartonDensityError
            If the numbers do not fit the set, or its error type is unknown.
        """
        kind, *more = self.error_type.split("+")
        extra = 2 * len(more)
        core, rest = values[1 : len(values) - extra], values[len(values) - extra :]
        fits = len(values) == self.members and len(core) >= 2
        if kind not in ("replicas", "hessian", "symmhessian") or any(m != "as" for m in more):
            raise PartonDensityError(
                f"{self.name}: its ErrorType is {self.error_type!r}, and how its members are "
                "combined is not known"
            )
        if not fits or (kind == "hessian" and len(core) % 2):
            raise PartonDensityError(
                f"{self.name}: {len(values)} values do not fit {self.members} members of "
                f"ErrorType {self.error_type!r}"
            )
        shifts = [value - values[0] for value in core]
        if kind == "replicas":
            mean = math.fsum(core) / len(core)
            up = down = math.sqrt(math.fsum((v - mean) ** 2 for v in core) / (len(core) - 1))
        elif kind == "symmhessian":
            up = down = math.hypot(*shifts) * self._to_one_sigma()
        else:
            pairs = list(zip(shifts[::2], shifts[1::2], strict=True))
            up = math.hypot(*(max(a, b, 0.0) for a, b in pairs)) * self._to_one_sigma()
            down = math.hypot(*(max(-a, -b, 0.0) for a, b in pairs)) * self._to_one_sigma()
        couplings = [(a - b) / 2 for a, b in zip(rest[::2], rest[1::2], strict=True)]
        return math.hypot(up, *couplings), math.hypot(down, *couplings)

    def _to_one_sigma(self) -> float:
        deviations = NormalDist().inv_cdf(0.5 + self.confidence / 200)
        return 1.0 / deviations


def read_pdf_set(name_or_path: str | Path) -> PdfSet:
    """Read what a set tells of its members.

    Raises
    ------
    PartonDensityError
        If there is no such set, or it has no ``.info`` file.
    """
    found = find_pdf(name_or_path)
    if found.info is None:
        raise PartonDensityError(
            f"{found.name}: this set has no .info file (those of pythia8mc have none), which tells "
            "its members and how they are combined; install the set as LHAPDF has it"
        )
    info = read_info(found.info)
    return PdfSet(
        found.name,
        int(info.number("SetIndex")),
        int(info.number("NumMembers")),
        info.text("ErrorType", "unknown").strip("\"'"),
        info.number("ErrorConfLevel", _LEVEL),
    )
