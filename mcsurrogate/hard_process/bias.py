# SPDX-License-Identifier: GPL-3.0-or-later
r"""The cross section of a process whose points are drawn with a bias.

The integrand is :math:`b\, d\sigma`; its integral :math:`I_b` says nothing about physics.  The
cross section is :math:`\sigma = I_b \langle 1/b \rangle` with the mean over events of
:math:`b\, d\sigma`, found as a ratio of sums over a sample of its own:

.. math::
   R = \frac{\sum_i w_i / b_i}{\sum_i w_i}, \qquad
   \mathrm{var}\, R = \frac{\sum_i w_i^2 (1/b_i - R)^2}{(\sum_i w_i)^2} .
"""

import math
from concurrent.futures import Executor
from dataclasses import dataclass

import torch

from mcsurrogate.errors import CardError
from mcsurrogate.hard_process.integrand import HardProcess
from mcsurrogate.integration import Sampler

__all__ = ["UnbiasedResult", "unbiased_cross_section"]

_BLOCK = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbiasedResult:
    """What a biased integration says about the cross section.

    Attributes
    ----------
    value, error
        Cross section in pb.
    effective_fraction
        Effective sample size of events over their number, from their weights 1/b.
    least_bias
        Smallest bias of the sample.
    evaluations
        Points of the sample.
    """

    value: float
    error: float
    effective_fraction: float
    least_bias: float
    evaluations: int


def unbiased_cross_section(
    process: HardProcess,
    sampler: Sampler,
    biased: tuple[float, float],
    *,
    seed: int,
    precision: float,
    evaluations: int,
    executor: Executor | None = None,
) -> UnbiasedResult:
    """Take the bias out of an integral.

    Parameters
    ----------
    process
        A hard process with a bias.
    sampler
        The finished integration's.
    biased
        Its integral and error.
    seed
        Of the sample.
    precision
        Relative error at which the sample is large enough.
    evaluations
        Its largest size.
    executor
        Where the integrand is evaluated; here if None.

    Raises
    ------
    CardError
        If the sample has no weight.
    """
    generator = torch.Generator().manual_seed(seed)
    evaluate = sampler.evaluator(executor)
    sums = torch.zeros(6, dtype=torch.float64)
    least, points = math.inf, 0
    while True:
        with torch.no_grad():
            drawn = sampler.sample(min(_BLOCK, max(evaluations - points, 1)), generator, evaluate)
            points += len(drawn.weight)
            u, channel, w = (part[drawn.weight != 0.0] for part in drawn)
            bias = process.bias_at(u, channel)
        if bias is None:
            raise CardError("generation.bias: this process has none")
        inverse = 1.0 / bias.double()
        w = w.double()
        powers = (w, w * inverse, w * inverse**2, w**2, w**2 * inverse, (w * inverse) ** 2)
        sums += torch.stack([power.sum() for power in powers])
        least = min([least, *bias.tolist()])
        total, first, second, square, mixed, inverse_square = sums.tolist()
        if total != 0.0:
            ratio = first / total
            variance = inverse_square - 2 * ratio * mixed + ratio**2 * square
            spread = math.sqrt(max(variance, 0.0)) / abs(total)
            value, error = ratio * biased[0], math.hypot(ratio * biased[1], spread * biased[0])
            if error <= precision * abs(value) or points >= evaluations:
                break
        elif points >= evaluations:
            raise CardError(f"generation.bias: none of {points} points has a weight")
    return UnbiasedResult(
        value=value,
        error=error,
        effective_fraction=first**2 / (total * second),
        least_bias=least,
        evaluations=points,
    )
