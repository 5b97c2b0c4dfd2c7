# SPDX-License-Identifier: GPL-3.0-or-later
r"""Running of the strong coupling: beta function, threshold matching, numerical solution.

.. math:: \frac{d\alpha_s}{d\ln\mu^2} = -\sum_i b_i \alpha_s^{2+i}

with b_0 = (33 - 2 n_f)/(12 pi) and so on (Particle Data Group, Review of Particle Physics
2024, eqs. 9.3 to 9.5; four loops: hep-ph/9701390, eq. 10).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mcsurrogate.errors import PartonDensityError

__all__ = ["RunningSettings", "beta_coefficients", "coupling_table"]

_ZETA3 = 1.2020569031595942
_MAXIMUM = 2.0  # above it the running has no meaning; LHAPDF cuts there, too
_STEP = 0.01  # in log(mu^2); the fourth-order solution is then exact to 1e-9


@dataclass(frozen=True, slots=True)
class RunningSettings:
    """What determines a running coupling.

    Attributes
    ----------
    alpha_s
        Value at the reference scale.
    scale
        Reference scale in GeV.
    loops
        Terms of the beta function, 1 to 4.
    thresholds
        Scale in GeV from which quark 4, 5, 6 counts; a missing one never does.
    matching
        Highest power of alpha_s/pi in the matching at a threshold; 1 is continuous,
        ``loops - 1`` the consistent order.
    masses
        ``"msbar"`` or ``"pole"``: which mass the thresholds are, in the matching.
    fixed_flavours
        Number of flavours of a fixed-flavour scheme, None for a variable one.
    """

    alpha_s: float
    scale: float
    loops: int
    thresholds: dict[int, float]
    matching: int = 1
    masses: str = "msbar"
    fixed_flavours: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.alpha_s < _MAXIMUM or not 0 < self.scale < math.inf:
            raise PartonDensityError(
                f"alpha_s({self.scale} GeV) = {self.alpha_s} is not a possible reference value"
            )
        if not 1 <= self.loops <= 4:
            raise PartonDensityError(f"{self.loops} loops of running; 1 to 4 are known")
        highest = 4 if self.masses == "msbar" else 3
        if not 0 <= self.matching <= highest:
            raise PartonDensityError(
                f"matching to order {self.matching}; 0 to {highest} are known for {self.masses}"
            )
        if self.masses not in ("msbar", "pole"):
            raise PartonDensityError(f"masses {self.masses!r}; choose 'msbar' or 'pole'")
        ordered = [self.thresholds[nf] for nf in sorted(self.thresholds)]
        if any(low > high for low, high in pairwise(ordered)):
            raise PartonDensityError(f"quark thresholds {self.thresholds} do not increase")

    @property
    def description(self) -> str:
        """One line for logs and reports."""
        return f"alpha_s({self.scale:g} GeV) = {self.alpha_s:g}, {self.loops}-loop running"

    def flavours(self, q: float) -> int:
        """Count the active flavours just above the scale ``q`` in GeV."""
        if self.fixed_flavours is not None:
            return self.fixed_flavours
        return max([3, *(nf for nf, scale in self.thresholds.items() if scale <= q)])


def beta_coefficients(nf: int) -> tuple[float, float, float, float]:
    """Coefficients b_0 to b_3 of the beta function for ``nf`` flavours (MS-bar)."""
    b0 = (33 - 2 * nf) / (12 * math.pi)
    b1 = (153 - 19 * nf) / (24 * math.pi**2)
    b2 = (2857 - 5033 / 9 * nf + 325 / 27 * nf**2) / (128 * math.pi**3)
    b3 = (
        149753 / 6
        + 3564 * _ZETA3
        - (1078361 / 162 + 6508 / 27 * _ZETA3) * nf
        + (50065 / 162 + 6472 / 81 * _ZETA3) * nf**2
        + 1093 / 729 * nf**3
    ) / (256 * math.pi**4)
    return b0, b1, b2, b3


def _matched(alpha_s: float, settings: RunningSettings, nf: int, *, upwards: bool) -> float:
    r"""Coupling on the other side of the threshold of quark ``nf``, at mu = m.

    alpha_s^(nf-1) = alpha_s^(nf) (1 + c2 a^2 + c3 a^3 + c4 a^4) with a = alpha_s/pi, for the
    MS-bar mass m(m) from hep-ph/9706430, eq. 9 and (c4) hep-ph/0512060, eq. 22, for the pole
    mass from hep-ph/9706430, eq. 11.
    """
    light = nf - 1
    if settings.masses == "msbar":
        c2 = 11 / 72
        c3 = 564731 / 124416 - 82043 / 27648 * _ZETA3 - 2633 / 31104 * light
        c4 = 5.17035 - 1.00993 * light - 0.0219784 * light**2
    else:
        c2 = -7 / 24
        zeta2 = math.pi**2 / 6
        c3 = (
            -58933 / 124416
            - 2 / 3 * zeta2 * (1 + math.log(2) / 3)
            - 80507 / 27648 * _ZETA3
            + light / 9 * (zeta2 + 2479 / 3456)
        )
        c4 = 0.0  # not reached, see RunningSettings
    down = (c2, c3, c4)
    up = (-c2, -c3, 3 * c2**2 - c4)  # the inverse series
    a = alpha_s / math.pi
    terms = [c * a ** (2 + i) for i, c in enumerate(up if upwards else down)]
    return alpha_s * (1 + sum(terms[: max(0, settings.matching - 1)]))


def _slope(alpha_s: float, betas: Sequence[float]) -> float:
    """Return the derivative of the coupling with respect to log(mu^2)."""
    return -sum(b * alpha_s ** (2 + i) for i, b in enumerate(betas))


def _evolve(alpha_s: float, log_from: float, log_to: float, betas: Sequence[float]) -> float:
    """Fourth-order Runge-Kutta solution between two values of log(mu^2)."""
    steps = max(1, math.ceil(abs(log_to - log_from) / _STEP))
    h = (log_to - log_from) / steps
    for _ in range(steps):
        k1 = _slope(alpha_s, betas)
        k2 = _slope(alpha_s + h / 2 * k1, betas)
        k3 = _slope(alpha_s + h / 2 * k2, betas)
        k4 = _slope(alpha_s + h * k3, betas)
        alpha_s += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if not 0 < alpha_s < _MAXIMUM:
            return math.inf
    return alpha_s


def _default_scales(settings: RunningSettings) -> list[float]:
    """Scales from 0.5 GeV to 1e5 GeV, twelve a factor e, with doubled thresholds."""
    low, high = math.log(0.5), math.log(1e5)
    count = math.ceil((high - low) * 12)
    scales = [math.exp(low + (high - low) * i / count) for i in range(count + 1)]
    if settings.fixed_flavours is None:
        for threshold in settings.thresholds.values():
            # A knot that all but coincides with a threshold would make a useless interval.
            scales = [q for q in scales if abs(math.log(q / threshold)) > 1e-3]
            scales += [threshold, threshold]
    return sorted(scales)


def coupling_table(
    settings: RunningSettings, scales: Sequence[float] | None = None
) -> tuple[list[float], list[float], list[float]]:
    """Solve the running on a table of scales.

    Parameters
    ----------
    settings
        Reference value, loops, thresholds.
    scales
        Scales in GeV, not decreasing, a threshold twice; None for a dense default table.

    Returns
    -------
    scales, alpha_s, slopes
        The scales at which the coupling is perturbative, its values and derivatives
        d alpha_s / d log(mu^2) there.
    """
    knots = _default_scales(settings) if scales is None else list(scales)
    betas = {nf: beta_coefficients(nf)[: settings.loops] for nf in range(7)}
    active: dict[int, int] = {}
    steps = [] if settings.fixed_flavours is not None else sorted(settings.thresholds.items())

    def solve(targets: Sequence[tuple[int, float]], *, upwards: bool) -> dict[int, float]:
        alpha_s, log, nf = settings.alpha_s, 2 * math.log(settings.scale), 0
        nf = settings.flavours(settings.scale)
        crossings = [
            (quark, q)
            for quark, q in (steps if upwards else reversed(steps))
            if (q > settings.scale) == upwards
        ]
        values: dict[int, float] = {}
        for index, q in targets:
            first_of_pair = index + 1 < len(knots) and knots[index + 1] == q
            while crossings:
                quark, threshold = crossings[0]
                crossed = threshold < q if upwards else threshold > q
                at_it = threshold == q and first_of_pair != upwards
                if not (crossed or at_it):
                    break
                alpha_s = _evolve(alpha_s, log, 2 * math.log(threshold), betas[nf])
                if math.isfinite(alpha_s):
                    alpha_s = _matched(alpha_s, settings, quark, upwards=upwards)
                log = 2 * math.log(threshold)
                nf = quark if upwards else quark - 1
                crossings.pop(0)
            if math.isfinite(alpha_s):
                alpha_s = _evolve(alpha_s, log, 2 * math.log(q), betas[nf])
            log = 2 * math.log(q)
            values[index] = alpha_s
            active[index] = nf
        return values

    indexed = list(enumerate(knots))
    values = solve([item for item in indexed if item[1] > settings.scale], upwards=True)
    values |= solve(
        [item for item in reversed(indexed) if item[1] <= settings.scale], upwards=False
    )
    kept = [i for i, _ in indexed if math.isfinite(values[i])]
    slopes = [_slope(values[i], betas[active[i]]) for i in kept]
    return [knots[i] for i in kept], [values[i] for i in kept], slopes
