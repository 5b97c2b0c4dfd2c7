# SPDX-License-Identifier: GPL-3.0-or-later
"""Small fully connected networks, one per group of channels, evaluated side by side."""

import itertools
import math

import torch
from torch import Tensor, nn

__all__ = ["GroupedNetwork"]


class GroupedNetwork(nn.Module):
    """G independent multilayer perceptrons of one shape.

    Points are the last dimension: the input is ``(G, inputs, M)`` and the output
    ``(G, outputs, M)``, which keeps every elementwise operation contiguous over points.  The last
    layer starts at zero, so that a coupling block starts as the identity.  SiLU between the layers:
    smooth splines follow a smooth integrand better than those of ReLU networks, whose kinks learn
    single points.

    Parameters
    ----------
    groups
        Number G of networks.
    inputs, outputs
        Number of features in and out.
    hidden
        Widths of the hidden layers.
    generator
        Source of the initial weights (Kaiming uniform, the default of torch.nn.Linear).
    """

    def __init__(
        self,
        groups: int,
        inputs: int,
        outputs: int,
        hidden: tuple[int, ...],
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        sizes = (inputs, *hidden, outputs)
        weights, biases = [], []
        for last, (n_in, n_out) in enumerate(itertools.pairwise(sizes), start=2):
            weight = torch.zeros(groups, n_out, n_in)
            bias = torch.zeros(groups, n_out, 1)
            if last < len(sizes):
                bound = 1.0 / math.sqrt(n_in)
                weight.uniform_(-bound, bound, generator=generator)
                bias.uniform_(-bound, bound, generator=generator)
            weights.append(nn.Parameter(weight))
            biases.append(nn.Parameter(bias))
        self.weights = nn.ParameterList(weights)
        self.biases = nn.ParameterList(biases)

    def forward(self, features: Tensor, group: int | None = None) -> Tensor:
        """Evaluate all networks, or only that of ``group`` on ``(1, inputs, M)``."""
        hidden = features
        layers = len(self.weights)
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if group is not None:
                weight, bias = weight[group : group + 1], bias[group : group + 1]
            if weight.shape[0] == 1:
                hidden = torch.addmm(bias[0], weight[0], hidden[0])[None]
            else:
                hidden = torch.baddbmm(bias, weight, hidden)
            if i < layers - 1:
                hidden = nn.functional.silu(hidden)
        return hidden
