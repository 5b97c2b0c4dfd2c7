# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two samples come from one distribution: for benchmarks, and for the tests beside them."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from mcsurrogate.classifiers import AucTest, FeatureNetwork, TrainingSettings, auc_test, cross_fit
from mcsurrogate.validation.histograms import EventSums, Values
from mcsurrogate.validation.statistics.binned import compare_binned

__all__ = ["classifier_auc", "compare_histograms", "compare_samples", "uniformity"]


def classifier_auc(
    a: NDArray[np.float64], b: NDArray[np.float64], *, seed: int, epochs: int = 20
) -> AucTest:
    """Area under the ROC curve of a classifier between ``(N, F)`` and ``(M, F)`` features."""
    features = np.concatenate([b, a])
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    candidate, weights = np.arange(len(features)) < len(b), np.ones(len(features))
    scores, folds = cross_fit(
        lambda: FeatureNetwork(features.shape[1]),
        (features,),
        candidate,
        weights,
        TrainingSettings(epochs=epochs),
        seed=seed,
    )
    return auc_test(scores, candidate, weights, folds, seed=seed)


def compare_histograms(
    first: Tensor, first_weight: Tensor, second: Tensor, second_weight: Tensor, classes: int = 20
) -> float:
    """p-value of equal shapes of ``(N,)`` and ``(M,)`` values in classes of equal content."""
    pooled = torch.cat((first, second)).double().sort().values
    edges = torch.unique(pooled[torch.arange(1, classes) * len(pooled) // classes]).numpy()
    sums = []
    for values, weight in ((first, first_weight), (second, second_weight)):
        # The underflow is a class as well; the last finite edge begins one.
        own = EventSums(np.append(edges, np.inf))
        own.fill(Values(values.double().numpy()), weight.double().numpy(), 0)
        sums.append(own)
    return compare_binned(*sums).shape.p_value


def compare_samples(
    first: Mapping[str, Tensor],
    first_weight: Tensor,
    second: Mapping[str, Tensor],
    second_weight: Tensor,
    classes: int = 20,
) -> dict[str, float]:
    """p-value of every observable by its name; both samples have the same."""
    if first.keys() != second.keys():
        raise ValueError(f"different observables: {sorted(first.keys() ^ second.keys())}")
    return {
        name: compare_histograms(first[name], first_weight, second[name], second_weight, classes)
        for name in first
    }


def uniformity(p_values: list[float]) -> float:
    """Kolmogorov-Smirnov p-value of the hypothesis that p-values are uniform."""
    return float(stats.kstest(p_values, "uniform").pvalue)
