# SPDX-License-Identifier: GPL-3.0-or-later
"""Flattening importance weights until enough of them count."""

import torch
from torch import Tensor

__all__ = ["effective_sample_size", "tempered_shares"]


def effective_sample_size(share: Tensor) -> float:
    """Kish's effective sample size (sum w)^2 / sum w^2 of weights ``(N,)``."""
    square = float(share.square().sum())
    return float(share.sum()) ** 2 / square if square > 0.0 else 0.0


def tempered_shares(weight: Tensor, floor: float) -> tuple[Tensor, float]:
    """Weights to a power, normalised to one, with an effective sample size of at least ``floor``.

    Powers between 0 and 1 interpolate geometrically between the proposal and the target.  A few
    lucky points in a narrow peak then cannot pull the whole adaptation onto that peak before the
    others have been seen (tempering as in sequential Monte Carlo: Del Moral, Doucet, Jasra,
    J. R. Stat. Soc. B 68 (2006) 411; for adaptive importance sampling: Koblents, Miguez,
    arXiv:1208.5600).

    Parameters
    ----------
    weight
        ``(N,)`` non-negative weights.
    floor
        Effective sample size wanted; a tenth less than the number of non-zero weights at most.

    Returns
    -------
    tuple
        Shares ``(N,)`` that sum to one, and the power in (0, 1]; all zero without a positive
        weight.
    """
    positive = weight > 0.0
    count = int(positive.sum())
    if count == 0:
        return torch.zeros_like(weight), 1.0
    wanted = min(floor, 0.9 * count)
    log_weight = weight[positive].log()
    log_weight = log_weight - log_weight.max()
    power = 1.0
    share = log_weight.exp()
    if effective_sample_size(share) < wanted:
        low, high = 0.0, 1.0
        for _ in range(30):
            power = 0.5 * (low + high)
            if effective_sample_size((power * log_weight).exp()) < wanted:
                high = power
            else:
                low = power
        power = low
        share = (power * log_weight).exp()
    result = torch.zeros_like(weight)
    result[positive] = share / share.sum()
    return result, power
