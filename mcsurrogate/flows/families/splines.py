# SPDX-License-Identifier: GPL-3.0-or-later
"""Rational-quadratic coupling blocks on the unit hypercube, composed in normflows."""

from collections.abc import Sequence

import normflows as nf
import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows.coupling import SplineCoupling
from mcsurrogate.flows.discrete import DiscreteChoice
from mcsurrogate.flows.layer import GroupedLayer
from mcsurrogate.flows.layout import GroupLayout, grouped, ungrouped
from mcsurrogate.flows.marginal import MarginalSpline
from mcsurrogate.flows.masks import coupling_masks
from mcsurrogate.flows.protocol import Flow

__all__ = ["HypercubeFlow"]


class HypercubeFlow(Flow, nf.NormalizingFlow):  # type: ignore[misc]
    """Uniform base, coupling blocks, and one elementwise spline next to the points.

    It is a :class:`normflows.NormalizingFlow` and composes like one; the methods here add
    channels, explicit random generators, and double precision where the points have it.

    Parameters
    ----------
    dim, groups, periodic, discrete, seed
        See :class:`Flow`.  Groups are 0 to G - 1 without gaps; by default one channel, and
        continuous dimensions on no circle.
    hidden
        Widths of the hidden layers of each network.
    bins
        Spline bins of the coupling blocks.  Few are enough where several blocks follow each other,
        and learn fewer single points by heart.
    marginal_bins
        Spline bins of the elementwise layer that takes the VEGAS grid.
    blocks
        Number of coupling blocks; None for as many as let every dimension see every other one.

    References
    ----------
    arXiv:1906.04032 (neural spline flows), arXiv:2311.01548 (MadNIS), arXiv:2302.12014
    (normflows).
    """

    channel_group: Tensor
    flows: Sequence[GroupedLayer]

    def __init__(
        self,
        dim: int,
        *,
        groups: Sequence[int] = (0,),
        periodic: Sequence[bool] | None = None,
        discrete: Sequence[int] | None = None,
        seed: int = 0,
        hidden: Sequence[int] = (64, 64),
        bins: int = 4,
        marginal_bins: int = 32,
        blocks: int | None = None,
    ) -> None:
        circle = [False] * dim if periodic is None else [bool(flag) for flag in periodic]
        values = [0] * dim if discrete is None else [int(size) for size in discrete]
        _check_shape(dim, groups, circle, values)
        _check_sizes(hidden=hidden, bins=[bins], marginal_bins=[marginal_bins], blocks=[blocks])
        count, widths, round_axes = max(groups) + 1, tuple(hidden), torch.tensor(circle)
        generator = torch.Generator().manual_seed(seed)
        smooth = torch.tensor([axis for axis in range(dim) if values[axis] == 0], dtype=torch.int64)
        layers: list[GroupedLayer] = []
        if len(smooth) > 1:
            for row in coupling_masks(len(smooth), blocks):
                keep, turn = torch.zeros(2, dim, dtype=torch.bool)
                keep[smooth], turn[smooth] = row, ~row
                layers.append(
                    SplineCoupling(
                        keep,
                        turn=turn,
                        groups=count,
                        bins=bins,
                        hidden=widths,
                        periodic=round_axes,
                        generator=generator,
                    )
                )
        layers.append(MarginalSpline(count, dim, marginal_bins, smooth.tolist()))
        if len(smooth) < dim:
            layers.append(
                DiscreteChoice(
                    values, groups=count, hidden=widths, periodic=round_axes, generator=generator
                )
            )
        super().__init__(nf.distributions.base.Uniform(dim, 0.0, 1.0), layers)
        self.dim, self.channels, self.groups = dim, len(groups), count
        self.register_buffer("channel_group", torch.tensor([int(group) for group in groups]))
        self._recipe: dict[str, object] = {
            "dim": dim,
            "groups": self.channel_group.tolist(),
            "periodic": circle,
            "discrete": values,
            "hidden": list(widths),
            "bins": bins,
            "marginal_bins": marginal_bins,
            "blocks": blocks,
        }

    def recipe(self) -> dict[str, object]:
        """Arguments of the constructor, as JSON has them, that give a flow of this structure."""
        return dict(self._recipe)

    def set_grid(self, channel: int, edges: Tensor) -> None:
        """Start the group of a channel from a VEGAS grid of ``(d, B + 1)`` edges."""
        for layer in self.flows:
            layer.set_grid(int(self.channel_group[channel]), edges)

    def _apply_layers(
        self, block: Tensor, *, sampling: bool, group: int | None
    ) -> tuple[Tensor, Tensor]:
        log_det = block.new_zeros(block.shape[0], block.shape[2])
        for layer in self.flows if sampling else reversed(self.flows):
            block, change = layer.transform(block, sampling, group)
            log_det = log_det + change
        return block, log_det

    def _run(self, x: Tensor, channel: Tensor | None, *, sampling: bool) -> tuple[Tensor, Tensor]:
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise IntegrationError(f"points have shape {tuple(x.shape)}, not (N, {self.dim})")
        if self.groups == 1:
            block, log_det = self._apply_layers(grouped(x), sampling=sampling, group=0)
            return ungrouped(block), log_det[0]
        if channel is None:
            raise IntegrationError(f"the flow has {self.channels} channels: say which")
        layout = GroupLayout.of(self.channel_group[channel], self.groups)
        block, log_det = self._apply_layers(layout.pack(x), sampling=sampling, group=None)
        return layout.unpack(block), layout.unpack_scalar(log_det)

    def inverse_and_log_det(
        self, x: Tensor, channel: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map points to the base, with the log-determinant ``(N,)``."""
        return self._run(x, channel, sampling=False)

    def forward_and_log_det(
        self, z: Tensor, channel: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map base to points, with the log-determinant ``(N,)``."""
        return self._run(z, channel, sampling=True)


def _check_shape(
    dim: int, groups: Sequence[int], periodic: Sequence[bool], discrete: Sequence[int]
) -> None:
    if dim < 1 or not groups:
        raise IntegrationError(f"a flow needs dim >= 1 and a channel, not {dim}, {list(groups)}")
    if sorted(set(groups)) != list(range(max(groups) + 1)):
        raise IntegrationError(f"groups {list(groups)} must name networks 0..G-1 without gaps")
    for name, entries in (("periodic", periodic), ("discrete", discrete)):
        if len(entries) != dim:
            raise IntegrationError(f"{name} has {len(entries)} entries for {dim} dimensions")


def _check_sizes(**sizes: Sequence[int | None]) -> None:
    for name, numbers in sizes.items():
        if any(n is not None and (type(n) is not int or n < 1) for n in numbers):
            raise IntegrationError(f"{name} of a spline flow must be at least 1, not {numbers}")
