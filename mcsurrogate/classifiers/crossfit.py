# SPDX-License-Identifier: GPL-3.0-or-later
"""Cross-fitting: every event is scored by a network that was trained on the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["FeatureNetwork", "TrainingSettings", "cross_fit"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How a classifier is trained.

    Attributes
    ----------
    folds
        Parts that the events are dealt to.
    epochs, patience
        Passes over the events at most, and without progress on the validation part.
    batch, learning_rate, weight_decay
        Of AdamW.
    validation
        Share of the training events that decides when to stop.
    """

    folds: int = 2
    epochs: int = 20
    patience: int = 3
    batch: int = 1024
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    validation: float = 0.1


class FeatureNetwork(nn.Module):
    """Multilayer perceptron on event features; gives a logit.

    Parameters
    ----------
    dimension
        Number of features.
    width
        Units of the two hidden layers.
    """

    def __init__(self, dimension: int, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(dimension, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Logits ``(N,)`` of features ``(N, D)``."""
        logits: Tensor = self.layers(features)[:, 0]
        return logits


def _loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    raw = nn.functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return (raw * weights).sum() / weights.abs().sum()


def _train(
    network: nn.Module,
    inputs: Sequence[Tensor],
    labels: Tensor,
    weights: Tensor,
    settings: TrainingSettings,
    generator: torch.Generator,
) -> None:
    """Train with early stopping; leaves the best network."""
    order = torch.randperm(len(labels), generator=generator)
    n_held = max(1, int(settings.validation * len(labels)))
    held, used = order[:n_held], order[n_held:]
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    best, best_state, since = float("inf"), None, 0
    for _ in range(settings.epochs):
        network.train()
        shuffled = used[torch.randperm(len(used), generator=generator)]
        for index in torch.split(shuffled, settings.batch):
            optimizer.zero_grad()
            loss = _loss(network(*(x[index] for x in inputs)), labels[index], weights[index])
            torch.autograd.backward(loss)
            optimizer.step()
        scored = _scores(network, inputs, held, settings.batch)
        value = float(_loss(scored, labels[held], weights[held]))
        if value < best - 1e-5:
            best, since = value, 0
            best_state = {k: v.clone() for k, v in network.state_dict().items()}
        else:
            since += 1
            if since >= settings.patience:
                break
    if best_state is not None:
        network.load_state_dict(best_state)


@torch.no_grad()
def _scores(network: nn.Module, inputs: Sequence[Tensor], index: Tensor, batch: int) -> Tensor:
    network.eval()
    parts = [network(*(x[i] for x in inputs)) for i in torch.split(index, batch)]
    return torch.cat(parts)


def cross_fit(
    make: Callable[[], nn.Module],
    inputs: Sequence[FloatArray],
    candidate: NDArray[np.bool_],
    weights: FloatArray,
    settings: TrainingSettings,
    *,
    seed: int = 1,
    progress: Callable[[str], None] | None = None,
) -> tuple[FloatArray, IntArray]:
    """Score all events, each with a network that has not seen it.

    Parameters
    ----------
    make
        Makes a fresh network; called once a fold.
    inputs
        Arrays of N rows that the network takes.
    candidate
        ``(N,)`` label: candidate or reference.
    weights
        ``(N,)`` event weights.  Both samples get the same total, so that a logit is the
        logarithm of the ratio of their densities.
    settings
        How each network is trained.
    seed
        Decides folds, initial networks and batches.
    progress
        Called with the fold that is trained.

    Returns
    -------
    Logits ``(N,)`` and fold numbers ``(N,)``.
    """
    random = np.random.default_rng(seed)
    folds = np.empty(len(candidate), dtype=np.int64)
    for mask in (candidate, ~candidate):
        n = int(mask.sum())
        folds[mask] = random.permutation(np.arange(n) % settings.folds)
    balanced = weights.copy()
    for mask in (candidate, ~candidate):
        balanced[mask] /= abs(weights[mask].mean())
    share = candidate.mean()
    balanced[candidate] *= 0.5 / share
    balanced[~candidate] *= 0.5 / (1.0 - share)
    tensors = [torch.as_tensor(np.ascontiguousarray(x, dtype=np.float32)) for x in inputs]
    labels = torch.as_tensor(candidate.astype(np.float32))
    factors = torch.as_tensor(balanced.astype(np.float32))
    scores = np.empty(len(candidate))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        for fold in range(settings.folds):
            if progress is not None:
                progress(f"fold {fold + 1} of {settings.folds}")
            network = make()
            rest = torch.as_tensor(np.flatnonzero(folds != fold))
            own = torch.as_tensor(np.flatnonzero(folds == fold))
            part = [x[rest] for x in tensors]
            _train(network, part, labels[rest], factors[rest], settings, generator)
            scores[own.numpy()] = _scores(network, tensors, own, settings.batch).numpy()
    return scores, folds
