# SPDX-License-Identifier: GPL-3.0-or-later
"""A frozen sampler: weighted points whose mean weight is the integral."""

from concurrent.futures import Executor
from typing import NamedTuple

import torch
from torch import Tensor

from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.evaluation import Evaluator
from mcsurrogate.integration.integrand import Integrand, IntegrandValue, of_channels
from mcsurrogate.integration.mixture import DefensiveMixture

__all__ = ["Sampler", "WeightedPoints"]


class WeightedPoints(NamedTuple):
    """Points ``(N, d)``, their channels ``(N,)`` and weights ``(N,)``."""

    u: Tensor
    channel: Tensor
    weight: Tensor


class Sampler:
    """Draws channels, points in them, and weights.

    Parameters
    ----------
    integrand
        What is sampled.
    mixture
        The proposal of every channel.
    channel_weights
        Learned channel weights; None keeps the prior.
    probability
        ``(K,)`` probability of each channel in :meth:`sample`.
    maximum
        ``(K,)`` maximum weight of each channel, channel probability not divided out; None
        before they are known.
    """

    def __init__(
        self,
        integrand: Integrand,
        mixture: DefensiveMixture,
        channel_weights: ChannelWeights | None,
        probability: Tensor,
        maximum: Tensor | None = None,
    ) -> None:
        self.integrand = integrand
        self.mixture = mixture
        self.channel_weights = channel_weights
        self.probability = probability / probability.sum()
        self.maximum = maximum

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.mixture.channels

    @staticmethod
    def value_in_channel(
        weights: ChannelWeights | None, value: IntegrandValue, channel: Tensor
    ) -> Tensor:
        """Integrand times channel weight ``(N,)``."""
        if value.prior is None or value.prior.shape[1] == 1:
            return value.weight
        if weights is None:
            return value.weight * value.prior.gather(1, channel[:, None])[:, 0]
        with torch.no_grad():
            learned: Tensor = weights(value.prior, value.features, channel)
        return value.weight * learned

    def evaluator(self, executor: Executor | None = None) -> Evaluator:
        """Return what evaluates the integrand in the channels that are sampled."""
        integrand, weights = self.integrand, self.channel_weights
        if weights is not None:
            integrand = of_channels(integrand, weights.active.cpu() > 0.0)
        return Evaluator(integrand, executor)

    def draw(
        self, channel: Tensor, generator: torch.Generator, evaluate: Evaluator | None = None
    ) -> WeightedPoints:
        """Draw one point in each of the channels ``(N,)``; weights within their channel."""
        u, log_q = self.mixture.sample(channel, generator)
        call = self.evaluator() if evaluate is None else evaluate
        value = call(u, channel)
        weight = self.value_in_channel(self.channel_weights, value, channel)
        return WeightedPoints(u, channel, weight * (-log_q).exp())

    def sample(
        self, n: int, generator: torch.Generator, evaluate: Evaluator | None = None
    ) -> WeightedPoints:
        """Draw ``n`` independent points.

        Returns
        -------
        WeightedPoints
            The mean of the weights is the integral.
        """
        channel = self._draw_channels(n, generator)
        points = self.draw(channel, generator, evaluate)
        if self.channels == 1:
            return points
        return points._replace(weight=points.weight / self.probability[channel])

    def skip(self, n: int, generator: torch.Generator) -> None:
        """Leave a generator as :meth:`sample` would, without mapping or evaluating a point."""
        self.mixture.random(self._draw_channels(n, generator), generator)

    def _draw_channels(self, n: int, generator: torch.Generator) -> Tensor:
        if self.channels == 1:
            return torch.zeros(n, dtype=torch.int64)
        dart = torch.rand(n, generator=generator, dtype=torch.float64)
        channel = torch.searchsorted(self.probability.cumsum(0), dart, right=True)
        return channel.clamp(max=self.channels - 1)
