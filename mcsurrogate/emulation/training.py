# SPDX-License-Identifier: GPL-3.0-or-later
"""Training of the networks: a schedule that can stop at any epoch and go on bit for bit."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from mcsurrogate.checkpoint import Checkpoint, tensor_digest
from mcsurrogate.emulation.network import MemberNetwork
from mcsurrogate.emulation.optimizer import SOAP
from mcsurrogate.errors import EmulationError
from mcsurrogate.progress import Progress, silent

__all__ = ["EpochRecord", "TrainingData", "TrainingSettings", "train_network"]

_EVALUATION_BLOCK = 16384
_LARGEST_BOOST = 8.0


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the networks are trained.

    Attributes
    ----------
    hidden
        Widths of the hidden layers.
    members
        Networks of the repulsive ensemble; one network has a last-layer Laplace posterior.
    epochs
        Passes over the training points.
    batch
        Points per step.
    learning_rate
        Largest learning rate; it warms up linearly and decays along a cosine.
    beta
        Weight sigma^(2 beta) of a point in the likelihood (arXiv:2203.09168): 0 is the plain
        Gaussian likelihood, 1 is least squares.
    boost
        Part of the epochs, the last ones, in which badly described points are drawn more
        often (loss-based boosting, arXiv:2206.14831).
    """

    hidden: tuple[int, ...] = (64, 64, 64)
    members: int = 1
    epochs: int = 30
    batch: int = 1024
    learning_rate: float = 0.015
    beta: float = 0.5
    boost: float = 0.3

    def __post_init__(self) -> None:
        checks = (
            (len(self.hidden) >= 1 and min(self.hidden) >= 1, "hidden", "widths of at least 1"),
            (self.members >= 1, "members", "at least 1"),
            (self.epochs >= 1, "epochs", "at least 1"),
            (self.batch >= 2, "batch", "at least 2"),
            (0.0 < self.learning_rate < 1.0, "learning_rate", "between 0 and 1"),
            (0.0 <= self.beta <= 1.0, "beta", "between 0 and 1"),
            (0.0 <= self.boost < 1.0, "boost", "at least 0 and below 1"),
        )
        for good, name, need in checks:
            if not good:
                raise EmulationError(
                    f"TrainingSettings.{name} = {getattr(self, name)!r}: must be {need}"
                )


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Scaled inputs and targets.

    Attributes
    ----------
    inputs, targets
        ``(F, N)`` and ``(N,)`` float32, standardised, to train on.
    held_inputs, held_targets
        The same for the points of the learning curve.
    scale
        Standard deviation of the target in units of log |M|^2.
    """

    inputs: Tensor
    targets: Tensor
    held_inputs: Tensor
    held_targets: Tensor
    scale: float


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One point of the learning curve.

    Attributes
    ----------
    epoch
        Finished epochs.
    loss
        Mean loss over the epoch.
    median, quantile99, largest
        Relative errors on held-out points.
    """

    epoch: int
    loss: float
    median: float
    quantile99: float
    largest: float


def train_network(
    data: TrainingData,
    settings: TrainingSettings,
    seed: int,
    progress: Progress = silent,
    checkpoint: Path | None = None,
    *,
    resume: bool = False,
    stop: Callable[[int], bool] | None = None,
    make_optimizer: Callable[..., torch.optim.Optimizer] = SOAP,
) -> tuple[MemberNetwork, list[EpochRecord]]:
    """Train the networks.

    Parameters
    ----------
    data
        Training and held-out points.
    settings
        How to train.
    seed
        Decides initial weights and the order of the points.
    progress
        Told after every epoch.
    checkpoint
        File that holds the whole state after every epoch.
    resume
        Continue from the checkpoint where it exists; the result is bit for bit that of a
        training that was never stopped.
    stop
        Called with the number of finished epochs; True ends training early, with the
        checkpoint in place.
    make_optimizer
        Called with the parameters and ``lr``; a checkpoint must be continued with the same.

    Raises
    ------
    EmulationError
        If training diverges, or there are fewer points than a batch.
    CheckpointError
        If the checkpoint is damaged or belongs to another training.
    """
    points = data.inputs.shape[1]
    if points < settings.batch:
        raise EmulationError(f"{points} training points are fewer than a batch of {settings.batch}")
    network = MemberNetwork(
        data.inputs.shape[0], settings.hidden, settings.members, _generator(seed, 0)
    )
    optimizer = make_optimizer(network.parameters(), lr=settings.learning_rate)
    identity = {
        "seed": seed,
        "points": points,
        "data": tensor_digest([data.inputs, data.targets]),
        **asdict(settings),
    }
    keeper = Checkpoint(checkpoint, identity)
    history: list[EpochRecord] = []
    if resume and (state := keeper.load()) is not None:
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        history = [EpochRecord(**record) for record in state["history"]]
    for epoch in range(len(history), settings.epochs):
        loss = _epoch(data, settings, network, optimizer, epoch, seed)
        history.append(_measure(data, network, epoch + 1, loss))
        keeper.save(
            {
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "history": [asdict(record) for record in history],
            }
        )
        progress(
            epoch + 1,
            settings.epochs,
            f"error {100 * history[-1].median:.2g}% median, "
            f"{100 * history[-1].quantile99:.2g}% at 99%",
        )
        if stop is not None and stop(epoch + 1):
            break
    return network, history


def _generator(seed: int, stream: int) -> torch.Generator:
    generator = torch.Generator()
    generator.manual_seed((seed * 1_000_003 + stream) % 2**62)
    return generator


def _order(
    data: TrainingData, settings: TrainingSettings, network: MemberNetwork, epoch: int, seed: int
) -> Tensor:
    """Return the points of an epoch in their order."""
    points = data.inputs.shape[1]
    generator = _generator(seed, epoch + 1)
    if epoch < round(settings.epochs * (1.0 - settings.boost)):
        return torch.randperm(points, generator=generator)
    mean, log_sigma = _evaluate(network, data.inputs)
    pull = ((mean - data.targets).abs() / log_sigma.exp()).mean(dim=0)
    weight = pull.clamp(1.0, _LARGEST_BOOST)
    return _systematic_draw(weight, points, generator)


def _systematic_draw(weight: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` indices in proportion to the weights, with the least spread, shuffled."""
    edges = weight.double().cumsum(0)
    start = torch.rand(1, generator=generator, dtype=torch.float64)
    marks = (torch.arange(count, dtype=torch.float64) + start) * (edges[-1] / count)
    chosen = torch.searchsorted(edges, marks).clamp_(max=len(weight) - 1)
    return chosen[torch.randperm(count, generator=generator)]


def _epoch(
    data: TrainingData,
    settings: TrainingSettings,
    network: MemberNetwork,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    seed: int,
) -> float:
    order = _order(data, settings, network, epoch, seed)
    steps = len(order) // settings.batch
    total = steps * settings.epochs
    warm_up = max(1, min(200, total // 10))
    sum_loss = torch.zeros((), dtype=torch.float64)
    for number in range(steps):
        index = order[number * settings.batch : (number + 1) * settings.batch]
        done = epoch * steps + number
        rate = min(1.0, (done + 1) / warm_up) * 0.5 * (1.0 + math.cos(math.pi * done / total))
        for group in optimizer.param_groups:
            group["lr"] = settings.learning_rate * max(rate, 1e-3)
        mean, log_sigma = network(data.inputs[:, index])
        loss = _loss(mean, log_sigma, data.targets[index], settings)
        if not bool(torch.isfinite(loss)):
            raise EmulationError(
                f"training diverged in epoch {epoch + 1}; lower learning_rate "
                f"(now {settings.learning_rate})"
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        sum_loss += loss.detach()
    return float(sum_loss) / steps


def _loss(mean: Tensor, log_sigma: Tensor, target: Tensor, settings: TrainingSettings) -> Tensor:
    difference = mean - target
    likelihood = 0.5 * difference.square() * torch.exp(-2.0 * log_sigma) + log_sigma
    # A sigma beyond the spread of all targets (1) is a wild guess: it must not blow up the weight.
    trusted = log_sigma.detach().clamp(max=0.0)
    weighted = torch.exp(2.0 * settings.beta * trusted) * likelihood
    loss: Tensor = weighted.mean(dim=1).sum()
    if mean.shape[0] > 1:
        loss = loss + _repulsion(mean, log_sigma)
    return loss


def _repulsion(mean: Tensor, log_sigma: Tensor) -> Tensor:
    """Push members apart in the space of functions (arXiv:2106.11642, eq. 9).

    The kernel compares the members' predictions on the batch in units of their uncertainty.
    """
    scaled = mean / log_sigma.detach().exp()
    other = scaled.detach()
    distance = (scaled.unsqueeze(1) - other.unsqueeze(0)).square().mean(dim=2)
    width = distance.detach().median().clamp(min=1e-12) / math.log(mean.shape[0] + 1.0)
    kernel = torch.exp(-distance / width)
    normal = kernel.detach().sum(dim=1, keepdim=True)
    # one unit of log density per batch, as the prior of a function has
    return (kernel / normal).sum() / mean.shape[1]


def _evaluate(network: MemberNetwork, inputs: Tensor) -> tuple[Tensor, Tensor]:
    with torch.no_grad():
        parts = [
            network(inputs[:, start : start + _EVALUATION_BLOCK])
            for start in range(0, inputs.shape[1], _EVALUATION_BLOCK)
        ]
    mean = torch.cat([part[0] for part in parts], dim=1)
    log_sigma = torch.cat([part[1] for part in parts], dim=1)
    return mean, log_sigma


def _measure(data: TrainingData, network: MemberNetwork, epoch: int, loss: float) -> EpochRecord:
    mean, _ = _evaluate(network, data.held_inputs)
    error = torch.expm1(data.scale * (mean.mean(dim=0) - data.held_targets).double()).abs()
    error = error.sort().values
    return EpochRecord(
        epoch,
        loss,
        float(error[len(error) // 2]),
        float(error[min(len(error) - 1, int(0.99 * len(error)))]),
        float(error[-1]),
    )
