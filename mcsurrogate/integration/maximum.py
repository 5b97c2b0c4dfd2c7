"""The maximum weight that events are accepted against."""

import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError

__all__ = ["OVERWEIGHT_FRACTION", "maximum_weight"]

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
