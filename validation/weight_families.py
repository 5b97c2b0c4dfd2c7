# SPDX-License-Identifier: GPL-3.0-or-later
"""Which event weights express which uncertainty, and how those of one kind are combined.

Weights are known by their names.  Scales and densities: ``MUR=0.5 MUF=2 PDF=303601`` in any order
and spelling of MadGraph, POWHEG, Sherpa and Pythia; showers: Pythia's ``isr:`` and ``fsr:`` and
what has "shower" in its name; hadronization: Pythia's ``frag:`` and what has "frag" or "hadron" in
its name.  Rules: the envelope for scales (with the nominal weight), showers and hadronization; for
densities that of their set, by its LHAPDF number (LHAPDF 6, arXiv:1412.7420, section 2).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import ValidationError

__all__ = ["PdfRule", "WeightFamily", "theory_families"]

FloatArray = NDArray[np.float64]
PdfRule = Literal[
    "replicas", "hessian", "symmetric hessian", "hessian 90%", "symmetric hessian 90%"
]
Rule = Literal["envelope"] | PdfRule

_FACTOR = r"[ _=:]*([0-9.]+(?:e[+-]?\d+)?)"
_MUR, _MUF = (re.compile(rf"mu_?{x}(?:fac)?{_FACTOR}", re.IGNORECASE) for x in "rf")
_PDF = re.compile(r"(?:lha)?pdf(?:set)?[ _=:]*(\d+)", re.IGNORECASE)
_SHOWER = re.compile(r"^(isr|fsr)([:_A-Z]|$)|shower", re.IGNORECASE)
_HADRONIZATION = re.compile(r"frag|hadron", re.IGNORECASE)
_OWN = re.compile(r"MCSurrogate\.|surrogate_")

_NINETY = 1.0 / 1.6448536269514722
"""From 90% to 68% confidence."""
_SETS: tuple[tuple[int, int, PdfRule, float], ...] = (
    (10_000, 15_000, "hessian", _NINETY),  # CTEQ and CT
    (20_000, 28_000, "hessian", 1.0),  # MSTW, MMHT, MSHT
    (42_000, 43_000, "symmetric hessian", 1.0),  # ABMP
    (244_000, 350_000, "replicas", 1.0),  # NNPDF
)
"""First and last LHAPDF number, rule, and factor to 68% confidence."""


@dataclass(frozen=True, kw_only=True)
class WeightFamily:
    """Weights of one uncertainty.

    Attributes
    ----------
    name
        ``scale``, ``pdf``, ``shower`` or ``hadronization``.
    columns
        Positions of the weights in an event.
    rule
        How they are combined.
    factor
        From the confidence of the set to 68%.
    """

    name: str
    columns: tuple[int, ...]
    rule: Rule = "envelope"
    factor: float = 1.0

    def band(self, contents: FloatArray, nominal: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Lower and upper contents.

        Parameters
        ----------
        contents
            ``(W, B)`` contents under the weights.
        nominal
            ``(B,)`` contents under the nominal weight.
        """
        if self.rule == "envelope":
            around = np.concatenate((contents, nominal[None]))
            return around.min(axis=0), around.max(axis=0)
        if self.rule == "replicas":
            spread = contents.std(axis=0, ddof=1)
            return nominal - spread, nominal + spread
        shift = contents - nominal
        if self.rule == "symmetric hessian":
            size = np.sqrt((shift**2).sum(axis=0)) * self.factor
            return nominal - size, nominal + size
        pairs = shift.reshape(-1, 2, shift.shape[1])
        up = np.sqrt((np.maximum(pairs, 0.0).max(axis=1) ** 2).sum(axis=0))
        down = np.sqrt((np.minimum(pairs, 0.0).min(axis=1) ** 2).sum(axis=0))
        return nominal - self.factor * down, nominal + self.factor * up


def _number(pattern: re.Pattern[str], name: str) -> float | None:
    found = pattern.search(name)
    return None if found is None else float(found.group(1))


def _pdf_rule(names: Sequence[str], first: int, asked: PdfRule | None) -> tuple[PdfRule, float]:
    """Rule of a set, and the factor to 68% confidence."""
    known = next(((rule, f) for low, high, rule, f in _SETS if low <= first < high), None)
    if asked == "hessian 90%":
        return "hessian", _NINETY
    if asked == "symmetric hessian 90%":
        return "symmetric hessian", _NINETY
    if asked is not None:
        return asked, known[1] if known is not None and known[0] == asked else 1.0
    if known is None:
        raise ValidationError(
            f"weights of the densities {first} and following ({names[0]!r}, ...): how they are "
            f"combined is not known; give --pdf-error, one of {', '.join(get_args(PdfRule))}"
        )
    return known


def _densities(names: Sequence[str], asked: PdfRule | None) -> list[WeightFamily]:
    """Members of the largest set of densities at nominal scales, the central one left out."""
    members: dict[int, int] = {}
    for column, name in enumerate(names):
        scales = _number(_MUR, name), _number(_MUF, name)
        number = _number(_PDF, name)
        if number is not None and all(s in (None, 1.0) for s in scales):
            members.setdefault(int(number), column)
    # numbers of a set follow one another
    runs: list[list[int]] = []
    for number in sorted(members):
        if not runs or number != runs[-1][-1] + 1:
            runs.append([])
        runs[-1].append(number)
    longest = max(runs, key=len, default=[])
    if len(longest) < 3:
        return []
    first, rest = longest[0], longest[1:]
    if first % 100 != 0 and first % 10 != 0:
        first, rest = first - 1, longest
    columns = tuple(members[number] for number in rest)
    rule, factor = _pdf_rule([names[c] for c in columns], first, asked)
    if rule == "hessian" and len(columns) % 2:
        raise ValidationError(
            f"{len(columns)} weights of the densities {rest[0]} to {rest[-1]}: eigenvectors come "
            "in pairs; give --pdf-error if their rule is another"
        )
    return [WeightFamily(name="pdf", columns=columns, rule=rule, factor=factor)]


def theory_families(names: Sequence[str], pdf_rule: PdfRule | None = None) -> list[WeightFamily]:
    """Sort the weights of an event by what they vary.

    Parameters
    ----------
    names
        Names of all weights.
    pdf_rule
        How those of densities are combined; by the LHAPDF number of their set if not given.

    Raises
    ------
    ValidationError
        The rule of densities is not known, or has another number of members.
    """
    groups: dict[str, list[int]] = {"scale": [], "shower": [], "hadronization": []}
    central = _central(names)
    for column, name in enumerate(names):
        if _OWN.match(name):
            continue
        if _SHOWER.search(name):
            groups["shower"].append(column)
        elif _HADRONIZATION.search(name):
            groups["hadronization"].append(column)
        else:
            scales = [s for s in (_number(_MUR, name), _number(_MUF, name)) if s is not None]
            varied = any(not math.isclose(s, 1.0) for s in scales)
            if varied and _number(_PDF, name) in (None, central):
                groups["scale"].append(column)
    found = [WeightFamily(name=k, columns=tuple(v)) for k, v in groups.items() if v]
    return found + _densities(names, pdf_rule)


def _central(names: Sequence[str]) -> float | None:
    """Density of the weights with other scales, the most frequent one."""
    numbers = [
        number
        for name in names
        if (number := _number(_PDF, name)) is not None and _number(_MUR, name) not in (None, 1.0)
    ]
    return max(set(numbers), key=numbers.count) if numbers else None
