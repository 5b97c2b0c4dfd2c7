# SPDX-License-Identifier: GPL-3.0-or-later
"""Learned probabilities of discrete dimensions, given all others.

A discrete dimension of K values is a coordinate of the hypercube cut into K equal bins: the value
is the bin.  A density that is constant in each bin is a probability of the values, so discrete
dimensions need no books of their own anywhere else: grids, mixtures and weights treat them like
any other.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows.conditioner import GroupedNetwork
from mcsurrogate.flows.features import feature_indices, point_features
from mcsurrogate.flows.layer import GroupedLayer

__all__ = ["DiscreteChoice", "discrete_value"]

_FLOOR = 0.01
"""Part of the probability that is spread evenly: no value is ever shut."""
_EDGE = 1e-6
"""Points keep this part of a bin away from its edges, so that single precision finds the bin."""


def discrete_value(x: Tensor, count: int) -> Tensor:
    """Value 0 to ``count - 1`` (int64) of coordinates in [0, 1], of any shape."""
    return (x * count).long().clamp(0, count - 1)


class DiscreteChoice(GroupedLayer):
    """Probability of each value, conditioned on the continuous dimensions.

    Several discrete dimensions are drawn one after the other, each conditioned on those before as
    well.  The layer stands next to the points; what it is conditioned on it leaves alone.

    Parameters
    ----------
    sizes
        For every dimension the number of its values, 0 where it is continuous.
    groups
        Number of groups of channels with a network each.
    hidden
        Widths of the hidden layers.
    periodic
        ``(d,)`` bool, True for dimensions on a circle.
    generator
        Source of the initial weights.

    References
    ----------
    arXiv:2311.01548, section 3.3 (discrete dimensions of MadNIS); arXiv:1705.07057 (one dimension
    after the other).
    """

    plain: Tensor
    circles: Tensor

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        groups: int,
        hidden: tuple[int, ...],
        periodic: Tensor,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        if any(size < 0 for size in sizes):
            raise IntegrationError(f"discrete dimensions have sizes {tuple(sizes)}: none below 0")
        self.axes = [(axis, size) for axis, size in enumerate(sizes) if size > 0]
        continuous = torch.tensor([size == 0 for size in sizes])
        plain, circles, width = feature_indices(continuous, periodic)
        self.register_buffer("plain", plain)
        self.register_buffer("circles", circles)
        networks = []
        for _, size in self.axes:
            networks.append(GroupedNetwork(groups, max(width, 1), size, hidden, generator))
            width += size
        self.networks = nn.ModuleList(networks)

    @torch.no_grad()
    def set_grid(self, group: int, edges: Tensor) -> None:
        """Start from the probabilities in a VEGAS grid.

        Parameters
        ----------
        group
            Which group of channels.
        edges
            ``(d, B + 1)`` edges in [0, 1] of B bins of equal probability.
        """
        probability = torch.linspace(0.0, 1.0, edges.shape[1], dtype=edges.dtype)
        for network, (axis, size) in zip(self.networks, self.axes, strict=True):
            assert isinstance(network, GroupedNetwork)
            target = torch.linspace(0.0, 1.0, size + 1, dtype=edges.dtype)
            right = torch.searchsorted(edges[axis].contiguous(), target)
            right = right.clamp(1, edges.shape[1] - 1)
            start, stop = edges[axis][right - 1], edges[axis][right]
            share = ((target - start) / (stop - start).clamp(min=1e-300)).clamp(0.0, 1.0)
            below = probability[right - 1] + share * (probability[right] - probability[right - 1])
            bias = below.diff().clamp(min=1e-4).log()
            network.biases[-1][group, :, 0] = bias.to(network.biases[-1].dtype)

    def transform(
        self, x: Tensor, inverse: bool, group: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Apply to ``(G, d, M)``: density direction, or sampling direction if ``inverse``.

        Returns the values and the logarithm of the Jacobian determinant ``(G, M)``.
        """
        features = [point_features(x, self.plain, self.circles)]
        log_det = x.new_zeros(x.shape[0], x.shape[2])
        out = x.clone()
        for network, (axis, size) in zip(self.networks, self.axes, strict=True):
            assert isinstance(network, GroupedNetwork)
            given = torch.cat(features, 1)
            if given.shape[1] == 0:
                given = x.new_zeros(x.shape[0], 1, x.shape[2])
            logits = network(given.to(network.biases[0].dtype), group).to(x.dtype)
            share = (1.0 - _FLOOR) * torch.softmax(logits, 1) + _FLOOR / size
            upper = share.cumsum(1)
            if inverse:
                z = x[:, axis : axis + 1] * upper[:, -1:]
                value = (z >= upper).sum(1, keepdim=True).clamp(max=size - 1)
            else:
                value = discrete_value(x[:, axis : axis + 1], size)
            own = share.gather(1, value)
            below = upper.gather(1, value) - own
            if inverse:
                inside = ((z - below) / own).clamp(_EDGE, 1.0 - _EDGE)
                moved = (value + inside) / size
            else:
                inside = (x[:, axis : axis + 1] * size - value).clamp(0.0, 1.0)
                moved = (below + inside * own).clamp(0.0, 1.0)
            out = torch.cat((out[:, :axis], moved, out[:, axis + 1 :]), 1)
            change = (own * size).log()[:, 0]
            log_det = log_det - change if inverse else log_det + change
            ones = torch.zeros_like(share).scatter_(1, value, 1.0)
            features.append(ones)
        return out, log_det
