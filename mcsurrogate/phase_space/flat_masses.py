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

_ITERATIONS = 60


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
    """Newton's method inside a shrinking bracket, from the expansions at both ends."""
    small = (u / (p + 1)) ** (1 / p)
    large = 1 - (2 * (1 - u) / (p * (p + 1))).sqrt()
    v = torch.where(u < 0.5, torch.minimum(small * (1 + small), small.new_tensor(0.9)), large)
    low, high = torch.full_like(u, edge), torch.full_like(u, 1 - edge)
    v = v.clamp(edge, 1 - edge)
    for _ in range(_ITERATIONS):
        difference = _cumulative(v, p) - u
        low = torch.where(difference < 0, v, low)
        high = torch.where(difference < 0, high, v)
        step = v - difference / _density(v, p)
        inside = (step > low) & (step < high)
        new = torch.where(inside, step, 0.5 * (low + high))
        if bool(((new - v).abs() <= 2 * edge * v).all()):
            return new
        v = new
    return v


def mass_ratio_fraction(v: Tensor, left: int) -> tuple[Tensor, Tensor]:
    """Return ``u`` = F(v) and dv/du, the inverse of `mass_ratio`."""
    p = left - 1
    edge = torch.finfo(v.dtype).eps
    v = v.clamp(edge, 1 - edge)
    return _cumulative(v, p), 1 / _density(v, p)
