# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a hadronization model that a fit to events changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["FitParameters", "FittedNetworks", "Moments"]

_SMALLEST = 1e-6


class FittedNetworks(Protocol):
    """Networks of which a fit changes the last layers, and a few other parameters."""

    def fitted_layers(self) -> Mapping[str, nn.Linear]:
        """Last layers by the name of their network."""

    def fitted_tensors(self) -> Mapping[str, Tensor]:
        """Other parameters by name, ``(n,)`` each, which are changed in place."""


class Moments(NamedTuple):
    """Sums over draws of a head, float64.

    Attributes
    ----------
    head
        Name of the network.
    number
        Draws.
    first, second
        ``(hidden,)`` and ``(hidden, hidden)`` sums of h and of h h^T of the activations h.
    """

    head: str
    number: float
    first: Tensor
    second: Tensor


@dataclass(frozen=True, slots=True)
class FitParameters:
    """The last layer of every network along a few directions, and other parameters as they are.

    A last layer makes ``W h + b`` of the activations h. Fitted are b, and W along standardised
    directions z = D (h - c): the outputs change by ``s_0 + S z``. So the answer may depend on mass
    and flavour of the cluster, with far fewer parameters than W has.

    Attributes
    ----------
    outputs
        Number of outputs of each group, in the order of the parameters.
    directions, centres
        ``(d, hidden)`` D and ``(hidden,)`` c of heads; none where only the biases are fitted.
    """

    outputs: Mapping[str, int]
    directions: Mapping[str, Tensor]
    centres: Mapping[str, Tensor]

    @classmethod
    def biases(cls, networks: FittedNetworks) -> "FitParameters":
        """Take the biases of every last layer, and all other parameters that are fitted."""
        outputs = {name: tensor.numel() for name, tensor in networks.fitted_tensors().items()}
        outputs |= {name: last.bias.numel() for name, last in networks.fitted_layers().items()}
        return cls(outputs, {}, {})

    def along(self, head: str, mean: Tensor, covariance: Tensor, number: int) -> "FitParameters":
        """Add directions of one head.

        Parameters
        ----------
        head
            Name of one of the networks.
        mean, covariance
            ``(hidden,)`` and ``(hidden, hidden)`` of its activations.
        number
            How many of the principal directions.
        """
        variance, vectors = torch.linalg.eigh(covariance.double())
        best = torch.argsort(variance, descending=True)[:number]
        best = best[variance[best] > _SMALLEST * variance.max()]
        rows = vectors[:, best].T / torch.sqrt(variance[best])[:, None]
        # The sign of an eigenvector is arbitrary.
        rows *= torch.sign(rows.gather(1, rows.abs().argmax(dim=1, keepdim=True)))
        return replace(
            self,
            directions={**self.directions, head: rows.float()},
            centres={**self.centres, head: mean.float()},
        )

    def principal(self, moments: Iterable[Moments], number: int) -> "FitParameters":
        """Add the principal directions of the activations of every head that was drawn from.

        Parameters
        ----------
        moments
            Of the draws, chunk by chunk; not asked for where no directions are wanted.
        number
            How many directions a head gets.
        """
        if number == 0:
            return self
        sums: dict[str, Moments] = {}
        for own in moments:
            before = sums.get(own.head, Moments(own.head, 0, torch.zeros(()), torch.zeros(())))
            sums[own.head] = Moments(
                own.head,
                before.number + own.number,
                before.first + own.first,
                before.second + own.second,
            )
        parameters = self
        for head, count, first, second in sums.values():
            if count > 1:
                mean = first / count
                covariance = second / count - torch.outer(mean, mean)
                parameters = parameters.along(head, mean, covariance, number)
        return parameters

    @property
    def slices(self) -> dict[str, slice]:
        """Where each group lies in a vector of all parameters: biases, then each direction."""
        slices, start = {}, 0
        for name, size in self.outputs.items():
            length = size * (1 + len(self.directions.get(name, ())))
            slices[name] = slice(start, start + length)
            start += length
        return slices

    @property
    def size(self) -> int:
        """Number of parameters."""
        return sum(part.stop - part.start for part in self.slices.values())

    def spread(self, head: str, gradient: Tensor, hidden: Tensor | None) -> Tensor:
        """Turn the derivative by the outputs of a group into that by its parameters.

        Parameters
        ----------
        head
            The group.
        gradient
            ``(N, outputs)``.
        hidden
            ``(N, hidden)`` activations.
        """
        if head not in self.directions or hidden is None:
            return gradient
        z = (hidden - self.centres[head]) @ self.directions[head].T
        return torch.cat([gradient, (z[:, :, None] * gradient[:, None, :]).flatten(1)], dim=1)

    def shift(self, networks: FittedNetworks, change: NDArray[np.float64]) -> None:
        """Add a vector of changes, ``(size,)``, to the parameters of networks."""
        layers, tensors = networks.fitted_layers(), networks.fitted_tensors()
        with torch.no_grad():
            for name, part in self.slices.items():
                values = torch.from_numpy(change[part]).to(torch.float32)
                values = values.reshape(-1, self.outputs[name])
                if name in tensors:
                    tensors[name].add_(values[0])
                    continue
                last = layers[name]
                last.bias.add_(values[0])
                if name in self.directions:
                    weight = values[1:].T @ self.directions[name]
                    last.weight.add_(weight)
                    last.bias.sub_(weight @ self.centres[name])
