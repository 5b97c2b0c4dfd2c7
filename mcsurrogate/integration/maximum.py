# SPDX-License-Identifier: GPL-3.0-or-later
"""The maximum weight that events are accepted against."""

import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError

__all__ = ["OVERWEIGHT_FRACTION", "kept_fraction", "maximum_weight", "partial_scale"]

OVERWEIGHT_FRACTION = 1e-3
"""Default part of the integral that may lie above the maximum weight."""


def maximum_weight(
    weight: Tensor, overweight: float = OVERWEIGHT_FRACTION, stands_for: Tensor | None = None
) -> float:
    """Smallest maximum above which weights hold a given part of the integral.

    The maximum m solves sum_i c_i max(|w_i| - m, 0) = overweight * sum_i c_i |w_i|: what
    overweight events carry beyond unit weight.  It is the definition of MadGraph's event
    generation (``store_events`` with ``trunc_max``; ``max_overweight_truncation`` of MadEvent7).

    Parameters
    ----------
    weight
        ``(N,)`` weights w of either sign.
    overweight
        Part of the sum of absolute weights, at least 0 (0 gives the largest weight).
    stands_for
        ``(N,)`` how many points each one stands for, c; one each if None.
    """
    if not 0.0 <= overweight < 1.0:
        raise IntegrationError(f"the overweight fraction is {overweight}, it must lie in [0, 1)")
    size, order = weight.abs().sort(descending=True)
    if len(size) == 0 or float(size[0]) == 0.0:
        return 0.0
    many = torch.ones_like(size) if stands_for is None else stands_for[order].to(size.dtype)
    # with the largest weights down to the j-th above m, their excess is sum c_i w_i - m sum c_i
    above, count = (many * size).cumsum(0), many.cumsum(0)
    allowed = overweight * float(above[-1])
    following = torch.cat((size[1:], size.new_zeros(1)))
    enough = above - count * following >= allowed
    first = int(torch.nonzero(enough)[0, 0])
    return max(0.0, (float(above[first]) - allowed) / float(count[first]))


def kept_fraction(ratio: Tensor, share: Tensor, scale: float = 1.0) -> tuple[float, float, float]:
    """Tell what unweighting keeps of points whose maximum weights are multiplied by ``scale``.

    A point of weight r in units of the maximum is kept with probability min(r, 1) and then has the
    weight max(r, 1).

    Parameters
    ----------
    ratio
        ``(N,)`` weights over their maxima, before the scale.
    share
        ``(N,)`` part of all points that each one stands for.
    scale
        Common factor of all maxima.

    Returns
    -------
    tuple
        Part of the points that is kept; effective sample size (sum w)^2 / sum w^2 over the number
        of kept events; part of the sum of weights that lies above one.
    """
    size = ratio.abs() / scale
    kept, total = float((share * size.clamp(max=1.0)).sum()), float((share * size).sum())
    if total <= 0.0:
        return 0.0, 1.0, 0.0
    square = float((share * torch.maximum(size, size.square())).sum())
    return kept, total**2 / (square * kept), (total - kept) / total


def partial_scale(ratio: Tensor, share: Tensor, effective: float) -> float:
    """Smallest common factor of the maxima with a given effective sample size (bisection).

    Partial unweighting: more points are kept, with weights above one for those above the maxima.

    Parameters
    ----------
    ratio, share
        As for :func:`kept_fraction`.
    effective
        Effective sample size of the events over their number, in (0, 1].

    Returns
    -------
    float
        At most 1; 1 where the maxima themselves give no more than that.
    """
    if not 0.0 < effective <= 1.0:
        raise IntegrationError(
            f"the effective fraction of events is {effective}, it must lie in (0, 1]"
        )
    low, high = 1e-6, 1.0
    if kept_fraction(ratio, share)[1] <= effective:
        return high
    for _ in range(50):
        middle = (low * high) ** 0.5
        if kept_fraction(ratio, share, middle)[1] < effective:
            low = middle
        else:
            high = middle
    return high
