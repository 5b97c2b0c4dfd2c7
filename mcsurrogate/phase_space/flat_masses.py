# SPDX-License-Identifier: GPL-3.0-or-later
r"""Masses of the intermediate systems of a flat n-body phase space: RAMBO on diet.

S. Plätzer, arXiv:1308.2922.  A system of n bodies decays to one body and the n - 1 others, and
so on.  For massless bodies the ratio v of neighbouring squared masses K^2 has the cumulative
distribution

.. math:: F(v) = (p + 1) v^p - p v^{p+1}, \qquad p = r - 1

with r bodies left (eq. 7), which makes the phase space flat.  For massive bodies the masses
are M = K plus the masses of what is left (eq. 14), and the weight is no longer constant.
"""

import torch
from torch import Tensor

__all__ = ["mass_ratio", "mass_ratio_fraction"]

_CROSSOVER = 0.55  # where both expansions are equally good


def _cumulative(v: Tensor, p: int) -> Tensor:
    return v**p * ((p + 1) - p * v)


def _density(v: Tensor, p: int) -> Tensor:
    return p * (p + 1) * v ** (p - 1) * (1 - v)


def mass_ratio(u: Tensor, left: int) -> tuple[Tensor, Tensor]:
    """Solve F(v) = u for the ratio v of squared masses.

    Parameters
    ----------
    u
        ``(N,)`` in [0, 1].
    left
        Number r >= 2 of bodies in the lighter system.

    Returns
    -------
    v, jacobian
        ``(N,)`` each; dv/du.
    """
    p = left - 1
    edge = torch.finfo(u.dtype).eps
    if p == 1:
        v = 1 - (1 - u).clamp(min=edge * edge).sqrt()
    else:
        with torch.no_grad():
            v = _solve(u.detach(), p, edge)
        # One Newton step more, this one differentiable, gives v its gradient.
        v = v + (u - _cumulative(v, p)) / _density(v, p)
    v = v.clamp(edge, 1 - edge)
    return v, 1 / _density(v, p)


def _solve(u: Tensor, p: int, edge: float) -> Tensor:
    """Two steps of Halley's method from the expansions at both ends: exact to 1e-10."""
    small = (u / (p + 1)) ** (1 / p)
    for _ in range(2):
        small = (u / ((p + 1) - p * small)) ** (1 / p)
    x = (2 * (1 - u) / (p * (p + 1))).sqrt()
    v = torch.where(u < _CROSSOVER, small, 1 - x * (1 + (p - 1) / 3 * x))
    for _ in range(2):
        v = v.clamp(edge, 1 - edge)
        step = (_cumulative(v, p) - u) / _density(v, p)
        v = v - step / (1 - 0.5 * step * ((p - 1) / v - 1 / (1 - v)))
    return v.clamp(edge, 1 - edge)


def mass_ratio_fraction(v: Tensor, left: int) -> tuple[Tensor, Tensor]:
    """Return ``u`` = F(v) and dv/du, the inverse of `mass_ratio`."""
    p = left - 1
    edge = torch.finfo(v.dtype).eps
    v = v.clamp(edge, 1 - edge)
    return _cumulative(v, p), 1 / _density(v, p)
