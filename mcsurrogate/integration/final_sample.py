# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of the frozen sampler: integral, maximum weights and warnings come from them."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.integration.statistics import ChannelMoments

__all__ = ["FinalSample"]


@dataclass(slots=True)
class FinalSample:
    """Weights within their channels, in the order in which they were drawn.

    Attributes
    ----------
    moments
        Of the weights with their control variates, by channel.
    """

    moments: ChannelMoments
    _weights: list[Tensor] = field(default_factory=list)
    _channels: list[Tensor] = field(default_factory=list)

    @property
    def weight(self) -> Tensor:
        """All weights ``(N,)``."""
        return torch.cat(self._weights)

    @property
    def channel(self) -> Tensor:
        """The channel ``(N,)`` of each."""
        return torch.cat(self._channels)

    def add(self, weight: Tensor, control: Tensor, channel: Tensor) -> None:
        """Add points ``(N,)`` and their control variates."""
        moments = ChannelMoments.of(weight + control, channel, len(self.moments.counts))
        self.moments.add(moments)
        self._weights.append(weight)
        self._channels.append(channel)

    def rescale(self, factor: float) -> None:
        """Multiply all weights."""
        self.moments = self.moments.scaled(factor)
        self._weights = [factor * weight for weight in self._weights]

    def state(self) -> dict[str, Any]:
        """Everything, for a checkpoint."""
        return {
            "moments": self.moments.state(),
            "weights": list(self._weights),
            "channels": list(self._channels),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> "FinalSample":
        """Rebuild a saved one."""
        return cls(ChannelMoments(*state["moments"]), state["weights"], state["channels"])
