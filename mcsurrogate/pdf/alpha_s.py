# SPDX-License-Identifier: GPL-3.0-or-later
r"""The strong coupling of a PDF set: tabulated, run by its differential equation, or analytic.

The three modes are those of LHAPDF6 (arXiv:1412.7420, section 5).  A set without ``.info``
file (Pythia ships none) has no coupling of its own; `standard_coupling` gives it the usual
one: alpha_s(M_Z) from the name of the set, running at the order of the set.
"""

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from mcsurrogate.errors import PartonDensityError
from mcsurrogate.pdf.info_file import SetInfo
from mcsurrogate.pdf.running import RunningSettings, beta_coefficients, coupling_table

__all__ = [
    "AnalyticCoupling",
    "FixedCoupling",
    "RunningCoupling",
    "StrongCoupling",
    "TabulatedCoupling",
    "coupling_from_info",
    "standard_coupling",
]


class StrongCoupling(Protocol):
    """The strong coupling as a function of the scale."""

    description: str

    def __call__(self, q: Tensor | float) -> Tensor:
        """Coupling at the scale ``q`` in GeV, any shape."""
        ...


def _scale(q: Tensor | float) -> Tensor:
    tensor = q if isinstance(q, Tensor) else torch.tensor(q, dtype=torch.float64)
    if not bool((tensor > 0).all()) or not bool(torch.isfinite(tensor).all()):
        raise PartonDensityError("alpha_s was asked for a scale that is not positive and finite")
    return tensor


class FixedCoupling:
    """A coupling that does not run."""

    def __init__(self, value: float) -> None:
        if not 0 < value < math.inf:
            raise PartonDensityError(f"alpha_s = {value} is not a positive number")
        self.value = value
        self.description = f"fixed at {value:g}"

    def __call__(self, q: Tensor | float) -> Tensor:
        """Coupling at the scale ``q`` in GeV, any shape."""
        return torch.full_like(_scale(q), self.value)


class TabulatedCoupling:
    r"""Cubic interpolation of a table in log Q^2, as LHAPDF's ``ipol`` mode does it.

    Below the first knot the table is continued with its first logarithmic slope, above the
    last one it stays constant.

    Parameters
    ----------
    q
        Knots in GeV, not decreasing; a repeated knot is a flavour threshold.
    alpha_s
        Values at the knots.
    description
        One line for logs and reports.
    slopes
        d alpha_s / d log(Q^2) at the knots; from difference quotients, as in LHAPDF, where
        None.
    """

    def __init__(
        self,
        q: Sequence[float],
        alpha_s: Sequence[float],
        description: str,
        slopes: Sequence[float] | None = None,
    ) -> None:
        self.description = description
        if len(q) != len(alpha_s) or len(q) < 2:
            raise PartonDensityError(
                f"alpha_s table: {len(q)} scales and {len(alpha_s)} values; need equal numbers, "
                "at least two"
            )
        if any(b < a for a, b in pairwise(q)) or q[0] <= 0 or q[0] == q[-1]:
            raise PartonDensityError("alpha_s table: scales are not positive and increasing")
        if not all(0 < value < math.inf for value in alpha_s):
            raise PartonDensityError("alpha_s table: values are not all positive and finite")
        logs = [2 * math.log(value) for value in q]
        if slopes is None:
            left, right = _slopes(logs, alpha_s)
        else:
            left, right = list(slopes), [*slopes[1:], 0.0]
        above = next(i for i, value in enumerate(q) if value > q[0])
        self._low_slope = math.log(alpha_s[above] / alpha_s[0]) / (logs[above] - logs[0])
        self._q = torch.tensor(q, dtype=torch.float64)
        self._table = torch.tensor([logs, alpha_s, left, right], dtype=torch.float64)

    def __call__(self, q: Tensor | float) -> Tensor:
        """Coupling at the scale ``q`` in GeV, any shape."""
        q = _scale(q)
        knots = self._q.to(q)
        log, value, left, right = self._table.to(q)
        inside = q.clamp(knots[0], knots[-1])
        # A threshold is a repeated knot: the point on it belongs to the range above.
        i = torch.searchsorted(knots, inside.detach().contiguous(), right=True) - 1
        last = int((knots < knots[-1]).sum()) - 1
        i = i.clamp(max=last)
        width = log[i + 1] - log[i]
        t = (2 * torch.log(inside) - log[i]) / width
        t2 = t * t
        t3 = t2 * t
        inner = (
            (2 * t3 - 3 * t2 + 1) * value[i]
            + (t3 - 2 * t2 + t) * width * left[i]
            + (3 * t2 - 2 * t3) * value[i + 1]
            + (t3 - t2) * width * right[i]
        )
        below = value[0] * (torch.minimum(q, knots[0]) / knots[0]) ** (2 * self._low_slope)
        return torch.where(q < knots[0], below, inner)


def _slopes(logs: Sequence[float], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """Estimate the derivatives at both ends of every interval of a table with thresholds."""
    n = len(logs)
    differences = [
        (values[i + 1] - values[i]) / (logs[i + 1] - logs[i]) if logs[i + 1] > logs[i] else None
        for i in range(n - 1)
    ]
    left, right = [0.0] * n, [0.0] * n
    for i, here in enumerate(differences):
        if here is None:
            continue
        before = differences[i - 1] if i > 0 else None
        after = differences[i + 1] if i + 1 < n - 1 else None
        left[i] = here if before is None else (here + before) / 2
        right[i] = here if after is None else (here + after) / 2
    return left, right


class RunningCoupling(TabulatedCoupling):
    """Solution of the renormalisation-group equation, matched at the quark thresholds.

    Solved once on a table of scales, then interpolated like a `TabulatedCoupling`.

    Parameters
    ----------
    settings
        Reference value, number of loops, thresholds.
    q
        Scales of the table in GeV; a dense default table where none is given.
    """

    def __init__(self, settings: RunningSettings, q: Sequence[float] | None = None) -> None:
        scales, values, slopes = coupling_table(settings, q)
        super().__init__(scales, values, settings.description, slopes)
        self.settings = settings

    def __call__(self, q: Tensor | float) -> Tensor:
        """Coupling at the scale ``q`` in GeV, any shape."""
        q = _scale(q)
        if bool((q < self._q[0]).any()):
            raise PartonDensityError(
                f"alpha_s was asked for Q = {q.min().item():g} GeV, its running is not "
                f"perturbative below {float(self._q[0]):g} GeV"
            )
        return super().__call__(q)


class AnalyticCoupling:
    """The expansion in 1/log(Q^2/Lambda^2), LHAPDF's ``analytic`` mode.

    Parameters
    ----------
    lambdas
        Lambda_QCD in GeV by number of flavours; a missing one takes the next lower.
    loops
        Terms of the beta function, 1 to 4.
    thresholds
        Scale in GeV above which quark 4, 5, 6 counts.
    """

    def __init__(self, lambdas: dict[int, float], loops: int, thresholds: dict[int, float]) -> None:
        if not lambdas or not 1 <= loops <= 4:
            raise PartonDensityError(
                f"analytic alpha_s needs a Lambda_QCD and 1 to 4 loops, not {lambdas} and {loops}"
            )
        self.lambdas = dict(sorted(lambdas.items()))
        self.loops = loops
        self.thresholds = thresholds
        self.description = f"analytic, {loops} loops, Lambda = {self.lambdas}"

    def __call__(self, q: Tensor | float) -> Tensor:
        """Coupling at the scale ``q`` in GeV, any shape."""
        q = _scale(q)
        fewest, *_, most = (*self.lambdas, *self.lambdas)
        result = self._expansion(q, fewest)
        for nf in range(fewest + 1, most + 1):
            if nf in self.thresholds:
                result = torch.where(q > self.thresholds[nf], self._expansion(q, nf), result)
        if not bool(torch.isfinite(result).all()):
            raise PartonDensityError(
                f"alpha_s was asked for Q = {q.min().item():g} GeV, at or below Lambda_QCD"
            )
        return result

    def _expansion(self, q: Tensor, nf: int) -> Tensor:
        b0, b1, b2, b3 = beta_coefficients(nf)
        log = 2 * torch.log(q / self.lambdas[max(n for n in self.lambdas if n <= nf)])
        log = torch.where(log > 0, log, torch.full_like(log, math.nan))
        loglog = torch.log(log)
        series = torch.ones_like(log)
        if self.loops > 1:
            series = series - b1 * loglog / (b0**2 * log)
        if self.loops > 2:
            bracket = loglog**2 - loglog + b2 * b0 / b1**2 - 1
            series = series + (b1 / (b0**2 * log)) ** 2 * bracket
        if self.loops > 3:
            cubic = loglog**3 - 2.5 * loglog**2 - 2 * loglog + 0.5
            bracket = b1**3 * cubic + 3 * b0 * b1 * b2 * loglog - 0.5 * b0**2 * b3
            series = series - bracket / (b0**2 * log) ** 3
        return series / (b0 * log)


_HEAVY = {4: "Charm", 5: "Bottom", 6: "Top"}
_QUARKS = ("Down", "Up", "Strange", *_HEAVY.values())
_FLAVOURS = 5
"""LHAPDF's, where a set does not tell."""


def coupling_from_info(info: SetInfo) -> StrongCoupling:
    """Build the coupling that an ``.info`` file describes, as LHAPDF does.

    Raises
    ------
    PartonDensityError
        An entry is missing or has an impossible value.
    """
    mode = info.text("AlphaS_Type").lower()
    if mode == "ipol":
        return TabulatedCoupling(
            info.numbers("AlphaS_Qs"),
            info.numbers("AlphaS_Vals"),
            f"table of {info.source_of('AlphaS_Vals')}",
        )
    loops = info.integer("AlphaS_OrderQCD", 4)
    fixed, flavours = _flavour_scheme(info)
    thresholds = _thresholds(info, flavours, matched=mode == "ode" and not fixed and loops > 0)
    if mode == "analytic":
        lambdas = {
            nf: info.number(f"AlphaS_Lambda{nf}")
            for nf in (3, 4, 5)
            if f"AlphaS_Lambda{nf}" in info
        }
        if loops == 0:
            return FixedCoupling(info.number("AlphaS_MZ", 0.118))
        if fixed and flavours not in lambdas:
            raise PartonDensityError(
                f"{info.source}: {flavours} fixed flavours without AlphaS_Lambda{flavours}"
            )
        if fixed:
            lambdas, thresholds = {flavours: lambdas[flavours]}, {}
        return AnalyticCoupling(lambdas, loops, thresholds)
    if mode != "ode":
        raise PartonDensityError(
            f"{info.source}: AlphaS_Type is {mode!r}, known are ipol, ode and analytic"
        )
    if "AlphaS_Reference" in info:
        reference = info.number("AlphaS_Reference"), info.number("AlphaS_MassReference")
    else:
        reference = info.number("AlphaS_MZ"), info.number("MZ")
    if loops == 0:
        return FixedCoupling(reference[0])
    settings = RunningSettings(
        *reference, loops, thresholds, loops, "msbar", flavours if fixed else None
    )
    return RunningCoupling(settings, info.numbers("AlphaS_Qs") if "AlphaS_Qs" in info else None)


def _flavour_scheme(info: SetInfo) -> tuple[bool, int]:
    """Whether the number of flavours is fixed, and how many there are at most."""
    scheme = info.first_of("AlphaS_FlavorScheme", "FlavorScheme")
    fixed = info.choice(scheme, ("variable", "fixed")) == "fixed"
    key = info.first_of("AlphaS_NumFlavors", "NumFlavors")
    flavours = info.integer(key, _FLAVOURS)
    if not 1 <= flavours <= 6:
        raise info.error(key, f"is {flavours}, not 1 to 6")
    return fixed, flavours


def _scales(info: SetInfo, *prefixes: str) -> dict[int, float] | None:
    """Of the first of these keys that all six quarks have, the values of the heavy ones."""
    for prefix in prefixes:
        if all(prefix + name in info for name in _QUARKS):
            return {nf: info.number(prefix + name) for nf, name in _HEAVY.items()}
    return None


def _thresholds(info: SetInfo, flavours: int, matched: bool) -> dict[int, float]:
    """Scales from which a heavy quark counts; `matched` at its mass, as LHAPDF's ODE does it."""
    masses = _scales(info, "AlphaS_M")
    if masses is None:
        if any("M" + name not in info for name in _HEAVY.values()):
            raise PartonDensityError(f"{info.source} has no quark masses (MCharm, MBottom, MTop)")
        masses = {nf: info.number("M" + name) for nf, name in _HEAVY.items()}
    scales = _scales(info, "AlphaS_Threshold", "Threshold") or masses
    for nf in range(4, flavours + 1):
        if matched and not math.isclose(scales[nf], masses[nf], rel_tol=1e-9):
            raise PartonDensityError(
                f"{info.source}: {_HEAVY[nf]} counts from {scales[nf]:g} GeV in alpha_s, its mass "
                f"is {masses[nf]:g} GeV; AlphaS_Type ode is known here for thresholds at the "
                "masses; give a coupling: load_pdf(..., alpha_s=...)"
            )
    return {nf: scale for nf, scale in scales.items() if nf <= flavours}


# Reference scale and thresholds of the families that Pythia ships, in GeV:
# NNPDF 2.3, arXiv:1207.1303, section 2 (six flavours); NNPDF 3.1, arXiv:1706.00428, section 2.3
# (pole masses, five flavours at most).
_M_Z = 91.1876
_FAMILIES: dict[str, dict[int, float]] = {
    "NNPDF23": {4: math.sqrt(2.0), 5: 4.75, 6: 175.0},
    "NNPDF31": {4: 1.51, 5: 4.92},
}
_ORDERS = {"lo": 1, "nlo": 2, "nnlo": 3, "nlonllx": 2, "nnlonllx": 3}


def standard_coupling(name: str) -> StrongCoupling:
    """Coupling of a set that comes without ``.info`` file, from its name.

    ``..._nlo_as_0118...`` means alpha_s(91.1876 GeV) = 0.118 with two-loop running (``lo``
    one, ``nnlo`` three loops), matched at the quark masses of the family.

    Raises
    ------
    PartonDensityError
        The name does not say which coupling was used.
    """
    value = re.search(r"_as_(0\d{3,4})(?=_|$)", name)
    order = re.search(r"_(lo|nlo|nnlo|nlonllx|nnlonllx)_", name)
    family = next((masses for key, masses in _FAMILIES.items() if name.startswith(key)), None)
    if value is None or order is None or family is None:
        raise PartonDensityError(
            f"the set {name!r} has no .info file and its name does not tell its alpha_s; pass "
            "one: load_pdf(..., alpha_s=RunningCoupling(...)) or FixedCoupling(value)"
        )
    digits = value.group(1)
    loops = _ORDERS[order.group(1)]
    alpha_s = int(digits) / 10 ** (len(digits) - 1)
    return RunningCoupling(
        RunningSettings(alpha_s, _M_Z, loops, family, matching=loops - 1, masses="pole")
    )
