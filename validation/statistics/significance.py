# SPDX-License-Identifier: GPL-3.0-or-later
"""p-values far out in the tail, and as Gaussian standard deviations."""

import math

from scipy import special

__all__ = ["log_sf_chi2", "log_sf_total_scatter", "sigmas"]

_LOG_TINY = -600.0
"""Below this log(p) the library functions underflow or lose digits."""


def log_sf_chi2(chi2: float, ndf: int) -> float:
    """Natural logarithm of the chi^2 survival function, without underflow.

    The far tail is the continued fraction of the incomplete gamma function,
    Abramowitz and Stegun 6.5.31.
    """
    if ndf <= 0 or chi2 <= 0.0:
        return 0.0
    p = float(special.gammaincc(0.5 * ndf, 0.5 * chi2))
    if p > math.exp(_LOG_TINY):
        return math.log(p)
    a, x = 0.5 * ndf, 0.5 * chi2
    # Lentz' evaluation of 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - ...))
    b = x + 1.0 - a
    c, d = 1e300, 1.0 / b
    h = d
    for i in range(1, 500):
        an = -i * (i - a)
        b += 2.0
        d = 1.0 / (an * d + b)
        c = b + an / c
        h *= c * d
        if abs(c * d - 1.0) < 1e-14:
            break
    return -x + a * math.log(x) - math.lgamma(a) + math.log(h)


def log_sf_total_scatter(statistic: float, ndf: int, events: float) -> float:
    """Log p-value of a quadratic form whose covariance is the total scatter of the events.

    With n events of two samples, T the scatter of all around their common mean and B its part
    between the samples, n tr(T^-1 B) / n follows the beta distribution with k / 2 and
    (n - 1 - k) / 2 (one-way multivariate analysis of variance: Anderson, An Introduction to
    Multivariate Statistical Analysis, section 8.4).  For many events n tr(T^-1 B) follows
    chi^2 with k degrees of freedom.
    """
    if ndf <= 0 or statistic <= 0.0:
        return 0.0
    a, b = 0.5 * ndf, 0.5 * (events - 1.0 - ndf)
    if b <= 0.5:
        # fewer events than bins: the samples cannot tell anything
        return 0.0
    x = min(statistic / events, 1.0 - 1e-15)
    p = float(special.betaincc(a, b, x))
    if p > math.exp(_LOG_TINY):
        return math.log(p)
    # far tail: leading term of the incomplete beta function times the geometric part of its
    # hypergeometric series
    leading = b * math.log1p(-x) + a * math.log(x) - math.log(b) - float(special.betaln(a, b))
    ratio = (1.0 - x) * (a + b) / (b + 1.0)
    return leading - math.log(max(1.0 - ratio, 1e-3))


def sigmas(log_p: float) -> float:
    """Two-sided Gaussian standard deviations of a log p-value: p = 0.0027 is 3."""
    return max(0.0, float(-special.ndtri_exp(log_p - math.log(2.0))))
