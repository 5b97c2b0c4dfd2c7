# SPDX-License-Identifier: GPL-3.0-or-later
"""Rational-quadratic coupling block on the unit hypercube."""

import math

import torch
from torch import Tensor

from mcsurrogate.flows.conditioner import GroupedNetwork
from mcsurrogate.flows.features import feature_indices, point_features
from mcsurrogate.flows.layer import GroupedLayer
from mcsurrogate.flows.spline import spline_forward, spline_inverse

__all__ = ["SplineCoupling"]


class SplineCoupling(GroupedLayer):
    """Transform some dimensions by splines whose parameters are functions of the others.

    Periodic dimensions enter the network as sine and cosine; where they are transformed, the
    slopes at 0 and 1 are one parameter and a rotation by a learned angle comes first, so that
    the density is continuous across the seam (arXiv:2002.02428).  The network gives the angle as
    a direction in the plane: so it can follow another angle all the way round the circle, which
    no continuous function to the real numbers does.

    Parameters
    ----------
    keep
        ``(d,)`` bool: dimensions that are kept and condition the others.
    turn
        ``(d,)`` bool: dimensions that are transformed; all that are not kept if None.  One that
        is neither is left alone.
    groups
        Number of groups of channels with a network each.
    bins
        Number K of spline bins.
    hidden
        Widths of the hidden layers.
    periodic
        ``(d,)`` bool, True for dimensions on a circle.
    generator
        Source of the initial weights.

    References
    ----------
    arXiv:1906.04032 (neural spline flows), arXiv:2311.01548 (as used in MadNIS).
    """

    keep_index: Tensor
    turn_index: Tensor
    circular: Tensor
    plain_keep: Tensor
    round_keep: Tensor

    def __init__(
        self,
        keep: Tensor,
        *,
        groups: int,
        bins: int,
        hidden: tuple[int, ...],
        periodic: Tensor,
        generator: torch.Generator,
        turn: Tensor | None = None,
    ) -> None:
        super().__init__()
        turn = ~keep if turn is None else turn
        self.bins = bins
        self.register_buffer("keep_index", torch.nonzero(keep)[:, 0])
        self.register_buffer("turn_index", torch.nonzero(turn)[:, 0])
        self.register_buffer("circular", torch.nonzero(periodic[turn])[:, 0])
        plain, circles, features = feature_indices(keep, periodic)
        self.register_buffer("plain_keep", plain)
        self.register_buffer("round_keep", circles)
        self.turned = int(turn.sum())
        self.rotations = len(self.circular)
        outputs = (3 * bins + 1) * self.turned + 2 * self.rotations
        self.network = GroupedNetwork(groups, features, outputs, hidden, generator)

    def _raw(self, x: Tensor, group: int | None) -> tuple[Tensor, Tensor | None]:
        """Spline parameters ``(G, 3K+1, D, M)`` and rotations ``(G, R, M)`` at kept ``x``."""
        parameter_dtype = self.network.biases[0].dtype
        features = point_features(x, self.plain_keep, self.round_keep)
        # the network stays in its own precision; the spline works in that of the points, so the
        # density of a sample is exact for the map that made it
        out = self.network(features.to(parameter_dtype), group).to(x.dtype)
        if self.rotations == 0:
            return out.view(x.shape[0], 3 * self.bins + 1, self.turned, x.shape[2]), None
        count = self.rotations
        raw = out[:, 2 * count :].reshape(x.shape[0], 3 * self.bins + 1, self.turned, x.shape[2])
        raw = raw.clone()
        raw[:, -1, self.circular] = raw[:, 2 * self.bins, self.circular]
        turn = torch.atan2(out[:, count : 2 * count], 1.0 + out[:, :count])
        return raw, turn / (2.0 * math.pi)

    def transform(
        self, x: Tensor, inverse: bool, group: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Apply to ``(G, d, M)``: density direction, or sampling direction if ``inverse``.

        Returns the values and the logarithm of the Jacobian determinant ``(G, M)``.
        """
        raw, rotation = self._raw(x, group)
        turned = x[:, self.turn_index]
        if rotation is not None and not inverse:
            turned = turned.index_add(1, self.circular, rotation)
            turned[:, self.circular] = turned[:, self.circular].remainder(1.0)
        value, log_slope = (spline_inverse if inverse else spline_forward)(turned, raw)
        if rotation is not None and inverse:
            value = value.index_add(1, self.circular, -rotation)
            value[:, self.circular] = value[:, self.circular].remainder(1.0)
        return x.index_copy(1, self.turn_index, value), log_slope.sum(1)
