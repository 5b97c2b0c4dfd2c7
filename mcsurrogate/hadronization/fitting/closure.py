"""Closure of a surrogate: whether a classifier can tell its output from the original's."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mcsurrogate.errors import HadronizationError

__all__ = ["ClassifierTest", "auc", "classifier_auc"]


@dataclass(frozen=True, slots=True)
class ClassifierTest:
    """Area under the ROC curve of a classifier on events that it was not trained on.

    Attributes
    ----------
    auc
        0.5 where the classifier cannot tell the samples apart.
    error
        Standard deviation of `auc` for two equal samples of the same sizes.
    train_auc
        The same on the training events; well above `auc` means an overtrained classifier.
    """

    auc: float
    error: float
    train_auc: float


def auc(scores_a: NDArray[np.float64], scores_b: NDArray[np.float64]) -> float:
    """Probability that a random score of b lies above one of a, ties counted half.

    Parameters
    ----------
    scores_a, scores_b
        ``(N,)`` and ``(M,)``.
    """
    values = np.concatenate([scores_a, scores_b])
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - 0.5 * (counts - 1)
    above = ranks[index[len(scores_a) :]].sum() - 0.5 * len(scores_b) * (len(scores_b) + 1)
    return float(above / (len(scores_a) * len(scores_b)))


def classifier_auc(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    *,
    seed: int,
    epochs: int = 20,
    hidden: int = 64,
    batch_size: int = 1024,
    learning_rate: float = 3e-3,
) -> ClassifierTest:
    """Train a small network to tell two samples apart and test it on held-out events.

    Parameters
    ----------
    a, b
        ``(N, F)`` and ``(M, F)`` features. Half of each is trained on, half tested on.
    seed
        Decides the split, the initial weights and the order.
    epochs, hidden, batch_size, learning_rate
        Of the classifier: two hidden layers, Adam with a falling rate.

    Raises
    ------
    HadronizationError
        If the samples have different features or fewer than 100 events.

    Notes
    -----
    The error is that of the Mann-Whitney statistic without ties,
    ``sqrt((N + M + 1) / (12 N M))``.
    """
    if a.ndim != 2 or a.shape[1:] != b.shape[1:] or min(len(a), len(b)) < 100:
        msg = f"cannot compare samples of shapes {a.shape} and {b.shape}; 100 events are needed"
        raise HadronizationError(msg)
    features = np.concatenate([a, b]).astype(np.float32)
    label = np.concatenate([np.zeros(len(a)), np.ones(len(b))]).astype(np.float32)
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    order = np.random.default_rng(seed).permutation(len(label))
    x = torch.from_numpy(features[order])
    y = torch.from_numpy(label[order])
    half = len(order) // 2

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = nn.Sequential(
            nn.Linear(x.shape[1], hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 1),
        )
        _train(network, x[:half], y[:half], epochs, batch_size, learning_rate)
    with torch.no_grad():
        scores = network(x)[:, 0].double().numpy()
    truth = y.numpy() > 0.5

    def area(part: slice) -> float:
        return auc(scores[part][~truth[part]], scores[part][truth[part]])

    test = slice(half, None)
    n, m = int((~truth[test]).sum()), int(truth[test].sum())
    return ClassifierTest(
        area(test), math.sqrt((n + m + 1) / (12.0 * n * m)), area(slice(None, half))
    )


def _train(
    network: nn.Module, x: Tensor, y: Tensor, epochs: int, batch_size: int, learning_rate: float
) -> None:
    steps = epochs * math.ceil(len(x) / batch_size)
    optimiser = torch.optim.Adam(network.parameters(), lr=learning_rate, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, steps)
    loss = nn.BCEWithLogitsLoss()
    for _ in range(epochs):
        for index in torch.split(torch.randperm(len(x)), batch_size):
            optimiser.zero_grad()
            loss(network(x[index])[:, 0], y[index]).backward()
            optimiser.step()
            schedule.step()
