# SPDX-License-Identifier: GPL-3.0-or-later
"""Which channels are sampled, how often, and what weighs them against one another."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.integration.channel_shares import ChannelShares
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.evaluation import Evaluator
from mcsurrogate.integration.integrand import (
    Integrand,
    IntegrandValue,
    network_groups,
    of_channels,
)
from mcsurrogate.integration.sampler import Sampler
from mcsurrogate.integration.statistics import ChannelMoments, allocate, negligible

__all__ = ["SampledChannels"]


class SampledChannels:
    """The K channels of an integrand in one integration.

    Parameters
    ----------
    integrand
        What is integrated.
    evaluate
        Evaluates it; of channels that are not sampled it asks nothing.

    Attributes
    ----------
    active
        ``(K,)`` whether a channel is sampled.
    deviations
        ``(K,)`` standard deviations that were found last, after which points are dealt out.
    shares
        Shares of overlapping channels, which are learned; none for others.
    weights
        What was learned of the weights of channels; none while they are the integrand's own.
    """

    def __init__(self, integrand: Integrand, evaluate: Evaluator) -> None:
        self._integrand, self._evaluate = integrand, evaluate
        self.count = integrand.channels
        self.active = torch.ones(self.count, dtype=torch.bool)
        self.deviations = torch.ones(self.count, dtype=torch.float64)
        overlapping = self.count > 1 and getattr(integrand, "overlapping", False)
        self.shares = ChannelShares(network_groups(integrand)) if overlapping else None
        self.weights: ChannelWeights | None = None

    @property
    def learned(self) -> bool:
        """Whether weights are trained."""
        return self.weights is not None and self.weights.features > 0

    @property
    def indices(self) -> list[int]:
        """The channels that are sampled."""
        kept: list[int] = self.active.nonzero()[:, 0].tolist()
        return kept

    @property
    def groups(self) -> Sequence[int]:
        """For each channel, whose points it learns from: of many overlapping ones symmetric ones.

        They have few points each.
        """
        return range(self.count) if self.shares is None else network_groups(self._integrand)

    def counts(self, points: int, even: float) -> Tensor:
        """Deal out points by the deviations, the part `even` of them in equal numbers ``(K,)``."""
        return allocate(points, self.deviations, even, self.active)

    def deal(self, points: int, even: float) -> Tensor:
        """Return the channel of each point ``(points,)``, in order."""
        return torch.repeat_interleave(torch.arange(self.count), self.counts(points, even))

    def value(self, value: IntegrandValue, channel: Tensor) -> Tensor:
        """Integrand times present channel weight ``(N,)``."""
        return Sampler.value_in_channel(self.weights, value, channel)

    def follow_shares(self, *, last: bool) -> None:
        """Learn the shares of the points so far, and take what they leave of the channels."""
        assert self.shares is not None
        self.shares.learn(last=last)
        self.active = self.shares.values > 0.0
        self.weigh()

    def learn_weights(self, weights: ChannelWeights) -> None:
        """Take weights that will be trained."""
        self.weights = weights
        self._note_active()

    def drop_unneeded(self, rounds: Sequence[ChannelMoments], limit: float) -> None:
        """Drop the channels that together hold less than `limit` of what the rounds found.

        Their share goes to the others through the channel weights, so nothing is lost.
        """
        self.active[negligible(rounds, limit)] = False
        if self.learned:
            self._note_active()
        else:
            self.weigh()

    def weigh(self) -> None:
        """Weigh by the integrand's own weights, of the channels that are left."""
        if self.shares is not None or not bool(self.active.all()):
            self.learn_weights(ChannelWeights(self.count, 0))

    def _note_active(self) -> None:
        assert self.weights is not None
        shares = 1.0 if self.shares is None else self.shares.values
        self.weights.active.copy_(self.active * shares)
        self._evaluate.integrand = of_channels(self._integrand, self.active)

    def state(self) -> dict[str, Any]:
        """Return what a resumed run needs; learned weights are with what trains them."""
        return {
            "active": self.active,
            "deviations": self.deviations,
            "shares": None if self.shares is None else self.shares.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a saved state."""
        self.active, self.deviations = state["active"], state["deviations"]
        if self.shares is not None:
            self.shares.restore(state["shares"])
