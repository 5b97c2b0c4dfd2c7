# SPDX-License-Identifier: GPL-3.0-or-later
"""Reasons to distrust an integral."""

import math

import scipy
import torch
from torch import Tensor

from mcsurrogate.integration.history import Estimate

__all__ = [
    "consistency_warning",
    "dominance_warning",
    "pareto_shape",
    "tail_warning",
    "witness_warning",
]

_PROBABILITY = 1e-4
"""Probability at which an honest integration would be flagged by each test."""
_NORMAL = 300.0
"""Effective sample size from which an iteration's estimate is about normally distributed."""


def pareto_shape(weight: Tensor) -> float:
    """Shape k of a generalised Pareto distribution fitted to the largest weights.

    Above 1/2 the variance is infinite, above 0.7 error estimates are useless (arXiv:1507.02646,
    section 3; the estimator is that of Zhang and Stephens, Technometrics 51 (2009) 316).

    Parameters
    ----------
    weight
        ``(N,)`` weights; their absolute values count.

    Returns
    -------
    float
        The shape, or minus infinity where fewer than 5 large weights differ.
    """
    size = weight.abs()
    count = min(len(size) // 5, math.ceil(3 * math.sqrt(len(size))))
    if count < 5:
        return -math.inf
    largest = size.topk(count + 1).values.flip(0)
    excess = (largest[1:] - largest[0]).double()
    if float(excess[-1]) <= 0.0 or int((excess > 0.0).sum()) < 5:
        return -math.inf
    excess = excess[excess > 0.0]
    n = len(excess)
    grid = 30 + int(math.sqrt(n))
    quartile = float(excess[max(0, int(n / 4 + 0.5) - 1)])
    index = torch.arange(1, grid + 1, dtype=torch.float64)
    theta = 1.0 / float(excess[-1]) + (1.0 - (grid / (index - 0.5)).sqrt()) / (3.0 * quartile)
    shape = torch.log1p(-theta[:, None] * excess[None]).mean(1)
    likelihood = n * ((-theta / shape).log() - shape - 1.0)
    posterior = torch.softmax(likelihood, 0)
    best = float((theta * posterior).sum())
    raw = float(torch.log1p(-best * excess).mean())
    # a weak prior around 1/2 stabilises small samples
    return (n * raw + 10 * 0.5) / (n + 10)


def tail_warning(weight: Tensor) -> str | None:
    """Flag weights with so heavy a tail that the quoted error means nothing."""
    shape = pareto_shape(weight)
    if shape > 0.7:
        return (
            f"the largest weights fall like a Pareto distribution of shape {shape:.2f} > 0.7: "
            "the error is not reliable; spend more evaluations"
        )
    return None


def dominance_warning(contribution: Tensor, points: int) -> str | None:
    """Flag an integral that hangs on a few points.

    Parameters
    ----------
    contribution
        ``(N,)`` what each point of the final sample adds to the integral.
    points
        Number of points.
    """
    size = contribution.abs()
    total = float(size.sum())
    if total <= 0.0:
        return "the integrand was zero everywhere: the integral may be hidden in a small region"
    effective = total**2 / float(size.square().sum())
    largest = float(size.max()) / total
    if effective < 300 or largest > 0.03:
        return (
            f"the integral hangs on few points: the effective sample size is {effective:.0f} of "
            f"{points} and one point holds {100 * largest:.1f}% of it; spend more evaluations"
        )
    return None


def consistency_warning(history: list[Estimate]) -> str | None:
    """Flag iterations that disagree with each other (chi-square of those with normal errors)."""
    known = [e for e in history if e.error > 0.0 and e.effective * e.points > _NORMAL]
    if len(known) < 2:
        return None
    inverse = [1.0 / e.error**2 for e in known]
    mean = sum(w * e.value for w, e in zip(inverse, known, strict=True)) / sum(inverse)
    chi2 = sum(w * (e.value - mean) ** 2 for w, e in zip(inverse, known, strict=True))
    probability = float(scipy.stats.chi2.sf(chi2, len(known) - 1))
    if probability < _PROBABILITY:
        return (
            f"the iterations disagree: chi2 = {chi2:.1f} for {len(known) - 1} degrees of freedom "
            f"(probability {probability:.1g}); a region was seen by some and missed by others"
        )
    return None


def witness_warning(
    contribution: Tensor, weight: Tensor, largest: float, relative_error: float
) -> str | None:
    """Flag a region that earlier points have seen and the final sample has not.

    Parameters
    ----------
    contribution
        ``(N,)`` part of the integral that each earlier point stands for, by its own density.
    weight
        ``(N,)`` weights that these points would have in the final sampler.
    largest
        Largest weight of the final sample.
    relative_error
        Quoted error over the integral.
    """
    unseen = contribution[weight > 1.5 * largest].abs()
    if len(unseen) == 0:
        return None
    share = float(unseen.sum())
    if share > 3.0 * max(relative_error, 1e-4):
        return (
            f"{len(unseen)} earlier points stand for {100 * share:.2g}% of the integral where the "
            "final sample has none: the sampler has lost a region and the value may be low"
        )
    return None
