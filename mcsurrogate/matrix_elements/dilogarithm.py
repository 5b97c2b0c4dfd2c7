# SPDX-License-Identifier: GPL-3.0-or-later
"""The real dilogarithm on tensors, and the functions that one-loop amplitudes are made of."""

import math

import torch
from torch import Tensor

__all__ = ["Ratio", "dilogarithm"]

# Bernoulli numbers B_2k / (2k+1)! of Li2(x) = u - u^2/4 + sum_k B_2k u^(2k+1) / (2k+1)!,
# u = -ln(1-x): G. 't Hooft, M. Veltman, Nucl. Phys. B153 (1979) 365, appendix A.
_BERNOULLI = (
    1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0,
    -3617.0 / 510.0, 43867.0 / 798.0, -174611.0 / 330.0,
)  # fmt: skip
_TERMS = tuple(b / math.factorial(2 * k + 3) for k, b in enumerate(_BERNOULLI))


def dilogarithm(x: Tensor) -> Tensor:
    """Li2(x) for real x <= 1, differentiable."""
    large, negative = x > 0.5, x < -1.0
    safe = torch.where(large | negative, torch.full_like(x, 0.25), x)
    near_one = torch.where(large, x, torch.full_like(x, 0.75))
    far = torch.where(negative, x, torch.full_like(x, -2.0))
    argument = torch.where(large, 1.0 - near_one, torch.where(negative, 1.0 / far, safe))
    u = -torch.log1p(-argument)
    square = u * u
    series = torch.zeros_like(u)
    for coefficient in reversed(_TERMS):
        series = (series + coefficient) * square
    value = u * (1.0 + series) - 0.25 * square
    rest = (1.0 - near_one).clamp(min=torch.finfo(x.dtype).tiny)
    reflected = math.pi**2 / 6.0 - torch.log(near_one) * torch.log(rest) - value
    inverted = -(math.pi**2) / 6.0 - 0.5 * torch.log(-far) ** 2 - value
    return torch.where(large, reflected, torch.where(negative, inverted, value))


class Ratio:
    r"""A ratio r = s_1/s_2 of invariants and the functions of it in one-loop amplitudes.

    Z. Bern, L. Dixon, D. A. Kosower, Phys. Rev. Lett. 70 (1993) 2677, hep-ph/9302280, eq. (7):
    :math:`L_0 = \ln r/(1-r)`, :math:`L_1 = (L_0+1)/(1-r)`,
    :math:`L_2 = (\ln r - (r-1/r)/2)/(1-r)^3`, with :math:`\ln(-s) = \ln|s| - i\pi\theta(s)`.

    Parameters
    ----------
    first, second
        Invariants s_1 and s_2.
    """

    _SERIES = 24
    _NEAR = 0.15

    def __init__(self, first: Tensor, second: Tensor) -> None:
        self.value = first / second
        step = (first > 0.0).to(first.dtype) - (second > 0.0).to(first.dtype)
        self.log = torch.complex(torch.log(self.value.abs()), -math.pi * step)
        self._distance = 1.0 - self.value
        self._near = self._distance.abs() < self._NEAR
        self._safe = torch.where(self._near, torch.ones_like(self._distance), self._distance)
        self._small = torch.where(self._near, self._distance, torch.zeros_like(self._distance))

    def _choose(self, far: Tensor, coefficients: list[float]) -> Tensor:
        series = torch.zeros_like(self._small)
        for coefficient in reversed(coefficients):
            series = series * self._small + coefficient
        return torch.where(self._near, series.to(far.dtype), far)

    @property
    def l0(self) -> Tensor:
        """L_0(r)."""
        return self._choose(self.log / self._safe, [-1.0 / (k + 1) for k in range(self._SERIES)])

    @property
    def l1(self) -> Tensor:
        """L_1(r)."""
        return self._choose(
            (self.l0 + 1.0) / self._safe, [-1.0 / (k + 2) for k in range(self._SERIES)]
        )

    @property
    def l2(self) -> Tensor:
        """L_2(r)."""
        far = (self.log - 0.5 * (self.value - 1.0 / self.value)) / self._safe**3
        return self._choose(far, [0.5 - 1.0 / (k + 3) for k in range(self._SERIES)])

    @property
    def dilogarithm_of_complement(self) -> Tensor:
        """Li2(1 - r), also where r is negative."""
        positive = self.value > 0.0
        inside = torch.where(positive, self._distance, torch.zeros_like(self._distance))
        below = torch.where(positive, torch.full_like(self.value, -1.0), self.value)
        continued = math.pi**2 / 6.0 - self.log * torch.log1p(-below) - dilogarithm(below)
        return torch.where(positive, dilogarithm(inside).to(continued.dtype), continued)

    def ls1(self, other: "Ratio") -> Tensor:
        """Return Ls_1(r_1, r_2), symmetric."""
        rest = 1.0 - self.value - other.value
        box = (
            self.dilogarithm_of_complement
            + other.dilogarithm_of_complement
            + self.log * other.log
            - math.pi**2 / 6.0
        )
        return box / (rest * rest) + (self.l0 + other.l0) / rest
