r"""Whether two samples of events, weighted or not, come from one distribution.

Histograms with classes of equal content are compared by

.. math:: \chi^2 = \sum_b \frac{(W_a^b / W_a - W_b^b / W_b)^2}{\sigma_a^2 + \sigma_b^2}

(N. Gagunashvili, physics/0605123, for weighted histograms); with normalised histograms it has one
degree of freedom less than classes.  Over independent pairs of samples p-values are uniform if
there is no bias.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from scipy import stats
from torch import Tensor

from mcsurrogate.errors import EmulationError

__all__ = ["HistogramComparison", "compare_histograms", "compare_samples", "uniformity"]


@dataclass(frozen=True, slots=True)
class HistogramComparison:
    """Chi2 of one observable.

    Attributes
    ----------
    chi2, dof
        Chi2 and its degrees of freedom.
    p_value
        Probability of a larger chi2 if both samples have one distribution.
    """

    chi2: float
    dof: int
    p_value: float


def compare_histograms(
    first: Tensor, first_weight: Tensor, second: Tensor, second_weight: Tensor, classes: int = 20
) -> HistogramComparison:
    """Compare an observable in two samples.

    Parameters
    ----------
    first, second
        ``(N,)`` and ``(M,)`` values.
    first_weight, second_weight
        Weights of the events, not all zero.
    classes
        Number of classes of about equal content in both samples together.

    Raises
    ------
    EmulationError
        If a sample has fewer than ten events a class or no weight.
    """
    for name, values, weight in (
        ("first", first, first_weight),
        ("second", second, second_weight),
    ):
        if len(values) < 10 * classes:
            msg = f"{len(values)} events in the {name} sample: {10 * classes} at least"
            raise EmulationError(msg)
        if values.shape != weight.shape or float(weight.sum()) <= 0.0:
            raise EmulationError(f"the {name} sample needs one weight an event, in sum positive")
    pooled = torch.cat((first, second)).double().sort().values
    inner = torch.arange(1, classes) * len(pooled) // classes
    edges = torch.unique(pooled[inner])
    parts = []
    for values, weight in ((first, first_weight), (second, second_weight)):
        where = torch.bucketize(values.double(), edges, right=True)
        w = weight.double()
        content = torch.zeros(len(edges) + 1, dtype=torch.float64).index_add_(0, where, w)
        square = torch.zeros_like(content).index_add_(0, where, w * w)
        total, total_square = content.sum(), square.sum()
        share = content / total
        # variance of a normalised content, correlation with the sum included
        variance = (square * (1 - 2 * share) + share.square() * total_square) / total**2
        parts.append((share, variance))
    (a, va), (b, vb) = parts
    variance = va + vb
    # With a sum fixed to one the classes are correlated: dividing by (1 - share) makes the sum
    # over all classes Pearson's, with one degree of freedom less.
    mean = 0.5 * (a + b)
    chi2 = float(((a - b).square() * (1 - mean) / variance)[variance > 0.0].sum())
    dof = int((variance > 0.0).sum()) - 1
    return HistogramComparison(chi2, dof, float(stats.chi2.sf(chi2, dof)))


def compare_samples(
    first: Mapping[str, Tensor],
    first_weight: Tensor,
    second: Mapping[str, Tensor],
    second_weight: Tensor,
    classes: int = 20,
) -> dict[str, HistogramComparison]:
    """Compare every observable that both samples have.

    Raises
    ------
    EmulationError
        If they have different observables.
    """
    if set(first) != set(second) or not first:
        different = sorted(set(first) ^ set(second))
        raise EmulationError(f"the samples have different observables: {', '.join(different)}")
    return {
        name: compare_histograms(first[name], first_weight, second[name], second_weight, classes)
        for name in first
    }


def uniformity(p_values: list[float]) -> float:
    """Kolmogorov-Smirnov p-value of the hypothesis that p-values are uniform."""
    return float(stats.kstest(p_values, "uniform").pvalue)
