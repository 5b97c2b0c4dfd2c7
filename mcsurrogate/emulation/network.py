# SPDX-License-Identifier: GPL-3.0-or-later
"""Dense networks with points along the last axis: for training and, folded, for inference."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from mcsurrogate.errors import EmulationError

__all__ = ["FoldedNetwork", "MemberNetwork"]

_INITIAL_LOG_SIGMA = -2.0
_OUTPUTS = 2


class MemberNetwork(nn.Module):
    """M dense networks of equal shape, SiLU between the layers, trained side by side.

    Parameters
    ----------
    inputs
        Number of inputs F.
    hidden
        Widths of the hidden layers.
    members
        Number of networks M.
    generator
        Source of the initial weights.
    """

    def __init__(
        self, inputs: int, hidden: tuple[int, ...], members: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.members = members
        sizes = (inputs, *hidden, _OUTPUTS)
        weights, biases = [], []
        for layer, (size, out) in enumerate(pairwise(sizes)):
            bound = 1.0 / math.sqrt(size)
            weight = torch.rand(members, out, size, generator=generator) * 2 * bound - bound
            bias = torch.rand(members, out, 1, generator=generator) * 2 * bound - bound
            if layer == len(hidden):
                # Start from a mean of zero and the same small uncertainty everywhere.
                weight = weight * 0.0
                bias = (
                    torch.tensor([0.0, _INITIAL_LOG_SIGMA]).reshape(1, 2, 1).repeat(members, 1, 1)
                )
            weights.append(nn.Parameter(weight))
            biases.append(nn.Parameter(bias))
        self.weights = nn.ParameterList(weights)
        self.biases = nn.ParameterList(biases)

    def hidden(self, inputs: Tensor) -> Tensor:
        """Return the last hidden layer, ``(M, w, N)``, for inputs ``(F, N)``."""
        state = inputs.expand(self.members, *inputs.shape)
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            state = nn.functional.silu(torch.baddbmm(bias, weight, state))
        return state

    def forward(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log sigma, ``(M, N)`` each, for inputs ``(F, N)``."""
        out = torch.baddbmm(self.biases[-1], self.weights[-1], self.hidden(inputs))
        return out[:, 0], out[:, 1]


@dataclass(frozen=True, slots=True)
class FoldedNetwork:
    """One network with the scaling of its inputs and outputs folded into its layers.

    Attributes
    ----------
    weights
        ``(out, in)`` float32 of every layer; the last has the rows mean and log sigma.
    biases
        ``(out,)`` float32 of every layer.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    @classmethod
    def fold(
        cls,
        network: MemberNetwork,
        member: int,
        input_mean: Tensor,
        input_std: Tensor,
        shift: float,
        scale: float,
    ) -> "FoldedNetwork":
        """Fold a trained member.

        Parameters
        ----------
        network, member
            What was trained, on ``(inputs - input_mean) / input_std``.
        input_mean, input_std
            ``(F,)`` scaling of the inputs.
        shift, scale
            The mean predicts ``(y - shift) / scale``, sigma is in units of ``scale``.
        """
        weights = [w.detach()[member].double() for w in network.weights]
        biases = [b.detach()[member, :, 0].double() for b in network.biases]
        biases[0] = biases[0] - weights[0] @ (input_mean.double() / input_std.double())
        weights[0] = weights[0] / input_std.double()
        factor = torch.tensor([scale, 1.0], dtype=torch.float64)
        weights[-1] = weights[-1] * factor.unsqueeze(1)
        biases[-1] = biases[-1] * factor + torch.tensor(
            [shift, math.log(scale)], dtype=torch.float64
        )
        return cls(tuple(w.float().contiguous() for w in weights), tuple(b.float() for b in biases))

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.weights[0].shape[1]

    def hidden(self, inputs: Tensor) -> Tensor:
        """Return the last hidden layer, ``(w, N)``, for raw inputs ``(F, N)``."""
        state = inputs
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            state = torch.addmm(bias.unsqueeze(1), weight, state)
            nn.functional.silu(state, inplace=True)
        return state

    def outputs(self, hidden: Tensor) -> Tensor:
        """Return mean and log sigma, ``(2, N)``, from the last hidden layer."""
        return torch.addmm(self.biases[-1].unsqueeze(1), self.weights[-1], hidden)

    def check(self, inputs: int) -> None:
        """Check that the layers fit together, take ``inputs`` and give two outputs.

        Raises
        ------
        EmulationError
            If they do not.
        """
        size = inputs
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            fits = weight.dim() == 2 and weight.shape[1] == size and bias.shape == weight.shape[:1]
            if not fits or weight.dtype != torch.float32:
                raise EmulationError(
                    f"layer {layer} has weights {tuple(weight.shape)} and biases "
                    f"{tuple(bias.shape)} where {size} float32 inputs come in"
                )
            size = weight.shape[0]
        if size != _OUTPUTS:
            raise EmulationError(f"the network has {size} outputs, needs mean and log sigma")

    def tensors(self, prefix: str) -> dict[str, Tensor]:
        """Name the layers as ``prefix.0.weight``, ``prefix.0.bias``, ..."""
        named = {}
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            named[f"{prefix}.{layer}.weight"] = weight
            named[f"{prefix}.{layer}.bias"] = bias
        return named
