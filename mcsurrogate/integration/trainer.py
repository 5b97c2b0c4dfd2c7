# SPDX-License-Identifier: GPL-3.0-or-later
"""Training the flow and the channel weights on points that were paid for."""

import copy
import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from mcsurrogate.flows import Flow
from mcsurrogate.integration.buffer import PointBatch, ReplayBuffer
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.losses import LOSSES
from mcsurrogate.integration.mixture import DefensiveMixture
from mcsurrogate.integration.settings import TrainingSettings
from mcsurrogate.integration.symmetries import Symmetries

__all__ = ["Trainer"]

_VALIDATION_POINTS = 4096
"""Points held out on which the loss is checked."""
_CHECKS = 5
"""How often in a round of training, at most."""
_LEAST_STEPS = 10
"""Steps between two checks, at least."""
_PATIENCE = 2
"""Checks without a smaller loss after which a round ends."""
_LEARNED = 0.25
"""Effective part of a round's points from which the wanted loss replaces the KL divergence."""
_WARM_UP = 0.05
"""Part of the training in which the learning rate rises, and where it begins."""
_LAST_RATE = 0.01
"""Learning rate at the end, of the largest."""
_LARGEST_GRADIENT = 5.0
"""Norm to which gradients are clipped."""
_FORGETTING = 9.0
"""Steps after which the average has forgotten most of the start."""


class _Learned(nn.Module):
    """What is trained: one copy takes the steps, another averages over them."""

    def __init__(self, flow: Flow, channel_weights: ChannelWeights | None) -> None:
        super().__init__()
        self.flow = flow
        self.channel_weights = channel_weights


class Trainer:
    """Trains a mixture's flow, and the channel weights where there are several channels.

    The sampler uses a moving average of the parameters (Polyak averaging).  Each round of
    training ends early, and falls back to its best average, when the loss on points that are
    held out has risen twice: a few points must not be learned by heart.  A round that makes that
    loss no smaller changes nothing.

    Parameters
    ----------
    mixture
        The proposal; its flow holds the averaged parameters.
    channel_weights
        The averaged channel weights; None for a single channel or fixed ones.
    settings
        How to train.
    symmetries
        Of the integrand: every point of a step is a random one of its images.
    """

    def __init__(
        self,
        mixture: DefensiveMixture,
        channel_weights: ChannelWeights | None,
        settings: TrainingSettings,
        symmetries: Symmetries,
    ) -> None:
        assert mixture.flow is not None
        self.mixture = mixture
        self.settings = settings
        self.symmetries = symmetries
        self.averaged = _Learned(mixture.flow, channel_weights)
        self.trained = copy.deepcopy(self.averaged)
        self.parameters = [p for p in self.trained.parameters() if p.numel()]
        self.optimizer = torch.optim.Adam(self.parameters, lr=settings.learning_rate)
        self.step = 0
        self.losses: list[float] = []

    def _learning_rate(self, progress: float) -> float:
        warm = min(1.0, progress / _WARM_UP + _WARM_UP)
        cosine = 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
        fall = _LAST_RATE + (1.0 - _LAST_RATE) * cosine
        return self.settings.learning_rate * warm * fall

    def _loss(
        self,
        learned: _Learned,
        batch: PointBatch,
        log_measure: Tensor,
        name: str,
        scale: float,
    ) -> Tensor:
        """Loss of a batch; the integral is ``scale``."""
        part_flow, part_grid, part_flat = self.mixture.parts
        channels = self.mixture.channels
        channel = batch.channel
        log_flow = learned.flow.log_prob(batch.u.float(), channel)
        defence = (part_grid * batch.log_grid.exp() + part_flat).log()
        log_q = torch.logaddexp(log_flow + math.log(part_flow), defence.float())
        log_value = (batch.weight.abs() / scale).log().float()
        if batch.prior is not None and channels > 1:
            prior = batch.prior.float()
            alpha = prior.gather(1, channel[:, None])[:, 0]
            if learned.channel_weights is not None:
                alpha = learned.channel_weights(prior, batch.features, channel)
            log_value = log_value + alpha.clamp(min=1e-30).log()
        measure = (log_measure + math.log(scale)).float()
        return LOSSES[name](log_value, log_q, measure, channel, channels)

    def train(
        self,
        buffer: ReplayBuffer,
        steps: int,
        scale: float,
        progress: tuple[float, float],
        generator: torch.Generator,
    ) -> None:
        """Take at most ``steps`` steps on the buffer and update the sampler's averages.

        Parameters
        ----------
        buffer
            Points, prepared.
        steps
            Largest number of steps.
        scale
            Estimate of the integral.
        progress
            Where this round lies in the training, from 0 to 1: decides on the learning rate.
        generator
            Source of the draws.
        """
        if not buffer.ready or steps < 1:
            return
        counts = [len(batch) for batch in buffer.rounds]
        # the KL divergence learns from few points; the others need most weights of a round to count
        fraction = buffer.effective[-1] / max(1, counts[-1])
        name = self.settings.loss if fraction > _LEARNED else "kl"
        held, held_measure = self._draw(buffer, _VALIDATION_POINTS, generator, held_out=True)
        block = max(_LEAST_STEPS, steps // _CHECKS)
        with torch.no_grad():
            best = float(self._loss(self.averaged, held, held_measure, name, scale))
        best_state, worse = self._snapshot(), 0
        for done in range(steps):
            here = progress[0] + (progress[1] - progress[0]) * done / steps
            for group in self.optimizer.param_groups:
                group["lr"] = self._learning_rate(here)
            batch, log_measure = self._draw(buffer, self.settings.batch, generator)
            self._take_step(batch, log_measure, name, scale)
            if (done + 1) % block == 0 or done + 1 == steps:
                with torch.no_grad():
                    check = float(self._loss(self.averaged, held, held_measure, name, scale))
                if check < best:
                    best, best_state, worse = check, self._snapshot(), 0
                else:
                    worse += 1
                if worse == _PATIENCE:
                    break
        self._revert(best_state)

    def _draw(
        self,
        buffer: ReplayBuffer,
        count: int,
        generator: torch.Generator,
        *,
        held_out: bool = False,
    ) -> tuple[PointBatch, Tensor]:
        batch, log_measure = buffer.draw(count, generator, held_out=held_out)
        if self.symmetries:
            u = self.symmetries.apply(batch.u, generator)
            log_grid = self.mixture.grid_log_prob(u, batch.channel)
            batch = replace(batch, u=u, log_grid=log_grid)
        # drawn on the CPU, from its random numbers, wherever the flow is
        place = self.averaged.flow.device
        return batch.to(place), log_measure.to(place)

    def _take_step(self, batch: PointBatch, log_measure: Tensor, name: str, scale: float) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        loss = self._loss(self.trained, batch, log_measure, name, scale)
        self.step += 1
        if not bool(torch.isfinite(loss)):
            return
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters, _LARGEST_GRADIENT)
        self.optimizer.step()
        self.losses.append(float(loss.detach()))
        self._average()

    @torch.no_grad()
    def _average(self) -> None:
        # the average forgets the start as fast as the first steps come in
        decay = min(self.settings.averaging, self.step / (self.step + _FORGETTING))
        averages: list[Tensor] = [p for p in self.averaged.parameters() if p.numel()]
        torch._foreach_lerp_(averages, list[Tensor](self.parameters), 1.0 - decay)

    def _snapshot(self) -> list[Tensor]:
        return [p.detach().clone() for p in self.averaged.parameters()]

    @torch.no_grad()
    def _revert(self, state: list[Tensor]) -> None:
        for parameter, value in zip(self.averaged.parameters(), state, strict=True):
            parameter.copy_(value)

    def state(self) -> dict[str, Any]:
        """Everything that changes in training, for a checkpoint."""
        return {
            "averaged": self.averaged.state_dict(),
            "trained": self.trained.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "losses": list(self.losses),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a saved state."""
        self.averaged.load_state_dict(state["averaged"])
        self.trained.load_state_dict(state["trained"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]
        self.losses = list(state["losses"])
