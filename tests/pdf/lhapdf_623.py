# SPDX-License-Identifier: GPL-3.0-or-later
"""Scalar log-bicubic interpolation as in LHAPDF, with the memory that release 6.2.3 has.

Written for the tests, independently of the package: it follows the published description
(Hermite cubics in log x, then in log Q^2) point by point.  With ``remember=True`` the knot
spacings of the first x interval and of the first Q interval of a subgrid are those of the
call before, as in LHAPDF 6.2.3 (see tests/data/pdf/README.md).
"""

import numpy as np


def _cubic(t, low, slope_low, high, slope_high):
    t2, t3 = t * t, t * t * t
    return (
        (2 * t3 - 3 * t2 + 1) * low
        + (t3 - 2 * t2 + t) * slope_low
        + (3 * t2 - 2 * t3) * high
        + (t3 - t2) * slope_high
    )


def _linear(position, low, high, f_low, f_high):
    t = np.log(position / low) / np.log(high / low)
    positive = (f_low > 1e-3) & (f_high > 1e-3)
    with np.errstate(invalid="ignore", divide="ignore"):
        power = np.exp(np.log(f_low) + t * (np.log(f_high) - np.log(f_low)))
    return np.where(positive, power, f_low + t * (f_high - f_low))


class Lhapdf623:
    """All flavours of a grid, one point at a time."""

    def __init__(self, grid, *, remember):
        self.grid = grid
        self.remember = remember
        self.log_x = np.log(grid.x)
        self.dx = self.d0 = self.d1 = self.d2 = np.nan

    def _slope(self, xf, i, k):
        parts = [
            (xf[j + 1, k] - xf[j, k]) / (self.log_x[j + 1] - self.log_x[j])
            for j in (i - 1, i)
            if 0 <= j < len(self.log_x) - 1
        ]
        return sum(parts) / len(parts)

    def inside(self, x, q2):
        subgrid = [s for s in self.grid.subgrids if s.q[0] ** 2 <= q2][-1]
        xf, log_q2 = subgrid.xf, np.log(subgrid.q**2)
        count = len(log_q2)
        i = min(np.searchsorted(self.grid.x, x, side="right") - 1, len(self.log_x) - 2)
        k = min(np.searchsorted(subgrid.q**2, q2, side="right") - 1, count - 2)
        if i > 0 or not self.remember:
            self.dx = self.log_x[i + 1] - self.log_x[i]
        if k > 0 or not self.remember:
            self.d0 = log_q2[k] - log_q2[k - 1] if k > 0 else -1
            self.d1 = log_q2[k + 1] - log_q2[k]
            self.d2 = log_q2[k + 2] - log_q2[k + 1] if k + 2 < count else -1
        tx = (np.log(x) - self.log_x[i]) / self.dx
        tq = (np.log(q2) - log_q2[k]) / self.d1

        def at(knot):
            left, right = self._slope(xf, i, knot), self._slope(xf, i + 1, knot)
            return _cubic(tx, xf[i, knot], left * self.dx, xf[i + 1, knot], right * self.dx)

        low, high = at(k), at(k + 1)
        middle = (high - low) / self.d1
        slope_low = slope_high = middle
        if k > 0:
            slope_low = (middle + (low - at(k - 1)) / self.d0) / 2
        if k + 2 < count:
            slope_high = (middle + (at(k + 2) - high) / self.d2) / 2
        return _cubic(tq, low, slope_low * self.d1, high, slope_high * self.d1)

    def __call__(self, x, q):
        q2 = q * q
        x0, x1 = self.grid.x[:2]
        low = self.grid.subgrids[0].q[0] ** 2
        before, high = self.grid.subgrids[-1].q[-2:] ** 2
        if x >= x0 and low <= q2 <= high:
            return self.inside(x, q2)

        def small_x(scale):
            if x >= x0:
                return self.inside(x, scale)
            return _linear(x, x0, x1, self.inside(x0, scale), self.inside(x1, scale))

        if q2 < low:
            edge, above = small_x(low), small_x(1.01 * low)
            sizeable = np.abs(edge) >= 1e-5
            slope = (above - edge) / np.where(sizeable, edge, 1) / 0.01
            power = np.where(sizeable, np.maximum(-2.5, slope), 1.0)
            return edge * (q2 / low) ** (power * q2 / low + 1 - q2 / low)
        if q2 <= high:
            return small_x(q2)

        def large_q(fraction):
            top = self.inside(fraction, high)
            return _linear(q2, high, before, top, self.inside(fraction, before))

        if x >= x0:
            return large_q(x)
        return _linear(x, x0, x1, large_q(x0), large_q(x1))
