# SPDX-License-Identifier: GPL-3.0-or-later
"""Learned channel weights on top of the analytic ones."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["ChannelWeights"]

_BOUND = 4.0
"""No weight changes by more than this power of e: a channel stays alive that was long silent."""


class ChannelWeights(nn.Module):
    """alpha_k(x) proportional to a_k prior_k(x) exp(network_k(features(x))).

    The network starts at zero, so training starts from the prior.  It sees physical quantities
    only, so that the weights of one physical point sum to one over channels and the integral
    does not depend on them (arXiv:2212.06172, eqs. 24, 25).

    Parameters
    ----------
    channels
        Number K of channels.
    features
        Number of input features; 0 keeps the prior.
    hidden
        Widths of the hidden layers.
    seed
        Seed of the initial weights.

    Attributes
    ----------
    active
        ``(K,)`` the shares a_k, one at first; zero for dropped channels.
    """

    active: Tensor
    shift: Tensor
    scale: Tensor

    def __init__(
        self, channels: int, features: int, hidden: Sequence[int] = (32, 32), seed: int = 0
    ) -> None:
        super().__init__()
        self.channels = channels
        self.features = features
        self.hidden = list(hidden)
        generator = torch.Generator().manual_seed(seed)
        layers: list[nn.Module] = []
        width = features
        for units in hidden if features else ():
            layer = nn.Linear(width, units)
            bound = width**-0.5
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
            layers += [layer, nn.SiLU()]
            width = units
        if features:
            last = nn.Linear(width, channels)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            layers.append(last)
        self.network = nn.Sequential(*layers)
        self.register_buffer("active", torch.ones(channels, dtype=torch.float64))
        self.register_buffer("shift", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))

    def recipe(self) -> dict[str, object]:
        """Arguments of the constructor, as JSON has them, that give a network of this structure."""
        return {"channels": self.channels, "features": self.features, "hidden": self.hidden}

    def standardise(self, features: Tensor) -> None:
        """Centre and scale the inputs by a first sample ``(N, F)``."""
        self.shift.copy_(features.mean(0))
        self.scale.copy_(features.std(0).clamp(min=1e-6))

    def forward(self, prior: Tensor, features: Tensor | None, channel: Tensor) -> Tensor:
        """Weight ``(N,)`` of the channel that each point was drawn in."""
        return self.all(prior, features).gather(1, channel[:, None])[:, 0]

    def all(self, prior: Tensor, features: Tensor | None) -> Tensor:
        """Weights ``(N, K)`` of all channels, zero for dropped ones; where the prior lies."""
        home, place = prior.device, self.active.device
        prior = prior.to(place)
        weight = prior * self.active.to(prior.dtype)
        if self.features and features is not None:
            scaled = (features.to(place, self.shift.dtype) - self.shift) / self.scale
            change = self.network(scaled).to(prior.dtype)
            weight = weight * (_BOUND * torch.tanh(change / _BOUND)).exp()
        total = weight.sum(1, keepdim=True)
        # where only dropped channels have prior weight, the active ones share the point equally
        fallback = self.active.to(prior.dtype) / self.active.sum()
        return torch.where(total > 0.0, weight / total.clamp(min=1e-300), fallback).to(home)
