"""p-values far out in the tail, and as Gaussian standard deviations."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

__all__ = ["log_sf_chi2", "log_sf_hotelling", "sigmas"]

# Below this log(p) the library functions underflow or lose digits.
_LOG_TINY = -600.0


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


def log_sf_hotelling(statistic: float, ndf: int, events: float) -> float:
    """Log p-value of a quadratic form whose covariance was estimated from the events.

    Hotelling's T^2 with n degrees of freedom of the covariance:
    T^2 (n - k + 1) / (n k) follows F(k, n - k + 1) (Anderson, An Introduction to Multivariate
    Statistical Analysis, theorem 5.2.2).  For many events it is the chi^2 distribution.
    """
    if ndf <= 0 or statistic <= 0.0:
        return 0.0
    n = events - 2.0
    d2 = n - ndf + 1.0
    if d2 < 5.0:
        return 0.0
    p = float(stats.f.sf(statistic * d2 / (n * ndf), ndf, d2))
    if p > 1e-200:
        return math.log(p)
    # far tail of F: an incomplete beta function; its leading term, with the series' first factor
    y = statistic / n
    half = 0.5 * d2
    log_f = -half * math.log1p(y) - special.betaln(0.5 * ndf, half) - math.log(half)
    log_f += (0.5 * ndf - 1.0) * math.log(y / (1.0 + y))
    return (
        float(max(log_f, log_sf_chi2(statistic, ndf))) if n < 1e7 else log_sf_chi2(statistic, ndf)
    )


def sigmas(log_p: float | NDArray[np.float64]) -> float:
    """Two-sided Gaussian standard deviations of a log p-value: p = 0.0027 is 3."""
    return float(-special.ndtri_exp(np.minimum(log_p - math.log(2.0), -1e-300)))
