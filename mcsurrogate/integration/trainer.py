"""Training the flow and the channel weights on points that were paid for."""

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.integration.buffer import PointBatch, ReplayBuffer
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.losses import LOSSES
from mcsurrogate.integration.mixture import DefensiveMixture

__all__ = ["Trainer", "TrainingSettings"]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the sampler is trained.

    Attributes
    ----------
    loss
        ``variance``, ``kl`` or ``tail``; None takes ``kl`` for one channel and ``variance`` for
        several.
    batch
        Points of a training step.
    learning_rate
        Largest learning rate; it rises over the first twentieth of the steps and falls as a
        cosine to a hundredth.
    reuse
        How often a point is trained on, on average: decides on the number of steps.
    max_steps
        Largest number of steps.
    averaging
        Decay of the moving average of the parameters that the sampler uses.
    """

    loss: str | None = None
    batch: int = 2048
    learning_rate: float = 3e-3
    reuse: float = 8.0
    max_steps: int = 4000
    averaging: float = 0.99


class Trainer:
    """Trains a mixture's flow, and the channel weights where there are several channels.

    Parameters
    ----------
    mixture
        The proposal; its flow is replaced by the moving average of the trained one.
    channel_weights
        Trained along; None for a single channel.
    settings
        How to train.
    steps
        Number of steps planned, for the learning-rate schedule.
    """

    def __init__(
        self,
        mixture: DefensiveMixture,
        channel_weights: ChannelWeights | None,
        settings: TrainingSettings,
        steps: int,
    ) -> None:
        assert mixture.flow is not None
        self.mixture = mixture
        self.settings = settings
        self.steps = steps
        self.step = 0
        self.flow = copy.deepcopy(mixture.flow)
        self.averaged_weights = channel_weights
        self.channel_weights = copy.deepcopy(channel_weights)
        single = mixture.channels == 1
        self.loss_name = settings.loss or ("kl" if single else "variance")
        self.loss = LOSSES[self.loss_name]
        parameters = list(self.flow.parameters())
        if self.channel_weights is not None:
            parameters += list(self.channel_weights.parameters())
        self.parameters = [p for p in parameters if p.numel()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=settings.learning_rate)
        self.losses: list[float] = []

    def _learning_rate(self) -> float:
        progress = self.step / max(1, self.steps)
        warm = min(1.0, (self.step + 1) / max(1.0, 0.05 * self.steps))
        fall = 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
        return self.settings.learning_rate * warm * fall

    def _loss(self, batch: PointBatch) -> Tensor:
        part_flow = self.mixture.parts[0]
        single = self.mixture.channels == 1
        u = batch.u.to(torch.float32)
        log_flow = self.flow.log_prob(u, None if single else batch.channel)
        log_q = torch.logaddexp(log_flow + math.log(part_flow), batch.log_defence.to(torch.float32))
        # the integral's own scale would overflow squares in single precision
        scale = batch.weight.abs().mean().clamp(min=1e-300)
        value = (batch.weight / scale).to(torch.float32)
        if self.channel_weights is not None and batch.prior is not None:
            prior = batch.prior.to(torch.float32)
            value = value * self.channel_weights(prior, batch.features, batch.channel)
        return self.loss(
            value,
            log_q,
            batch.log_proposal.to(torch.float32),
            batch.channel,
            self.mixture.channels,
        )

    def train(self, buffer: ReplayBuffer, steps: int, generator: torch.Generator) -> None:
        """Take ``steps`` steps on the buffer and update the sampler's averages."""
        if len(buffer) == 0:
            return
        for _ in range(steps):
            batch = buffer.draw(self.settings.batch, generator)
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate()
            self.optimizer.zero_grad(set_to_none=True)
            loss = self._loss(batch)
            self.step += 1
            if not bool(torch.isfinite(loss)):
                continue
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.parameters, 10.0)
            self.optimizer.step()
            self.losses.append(float(loss.detach()))
            self._average()

    @torch.no_grad()
    def _average(self) -> None:
        # the average forgets the start as fast as the first steps come in
        decay = min(self.settings.averaging, self.step / (self.step + 9.0))
        assert self.mixture.flow is not None
        pairs = list(zip(self.mixture.flow.parameters(), self.flow.parameters(), strict=True))
        if self.averaged_weights is not None and self.channel_weights is not None:
            pairs += list(
                zip(
                    self.averaged_weights.parameters(),
                    self.channel_weights.parameters(),
                    strict=True,
                )
            )
        averages, values = zip(*pairs, strict=True)
        torch._foreach_lerp_(list(averages), list(values), 1.0 - decay)
