"""A normalizing flow from the unit hypercube to itself, for one or many channels."""

from collections.abc import Sequence

import normflows as nf
import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows.coupling import SplineCoupling
from mcsurrogate.flows.discrete import DiscreteChoice
from mcsurrogate.flows.layout import GroupLayout, grouped, ungrouped
from mcsurrogate.flows.marginal import MarginalSpline
from mcsurrogate.flows.masks import coupling_masks

__all__ = ["HypercubeFlow"]


class HypercubeFlow(nf.NormalizingFlow):  # type: ignore[misc]
    """Uniform base, coupling blocks, and one elementwise spline next to the points.

    It is a :class:`normflows.NormalizingFlow` and composes like one; the methods here add
    channels, explicit random generators, and double precision where the points have it.

    Parameters
    ----------
    dim
        Number d of dimensions.
    channels
        Number of channels.
    groups
        For each channel the index of its network, 0 to G - 1; symmetric channels share one.
        Default: one network a channel.
    blocks
        Number of coupling blocks; default: enough that every dimension sees every other one.
    bins, marginal_bins
        Spline bins of the coupling blocks and of the elementwise layer.
    hidden
        Widths of the hidden layers of each network.
    periodic
        For each dimension whether it is a circle.
    discrete
        For each dimension the number of its values, 0 where it is continuous; see
        :class:`DiscreteChoice`.
    seed
        Seed of the initial weights.

    References
    ----------
    arXiv:1906.04032 (neural spline flows), arXiv:2311.01548 (MadNIS), arXiv:2302.12014
    (normflows).
    """

    channel_group: Tensor

    def __init__(
        self,
        dim: int,
        *,
        channels: int = 1,
        groups: Sequence[int] | None = None,
        blocks: int | None = None,
        bins: int = 10,
        marginal_bins: int = 32,
        hidden: tuple[int, ...] = (32, 32),
        periodic: Sequence[bool] | None = None,
        discrete: Sequence[int] | None = None,
        seed: int = 0,
    ) -> None:
        if dim < 1 or channels < 1:
            raise IntegrationError(
                f"a flow needs dim >= 1 and channels >= 1, not {dim}, {channels}"
            )
        index = list(range(channels)) if groups is None else [int(g) for g in groups]
        if len(index) != channels or sorted(set(index)) != list(range(max(index) + 1)):
            raise IntegrationError(
                f"groups {index} must name a network 0..G-1 without gaps for each of the "
                f"{channels} channels"
            )
        circle = torch.tensor([False] * dim if periodic is None else list(periodic))
        if len(circle) != dim:
            raise IntegrationError(f"periodic has {len(circle)} entries for {dim} dimensions")
        sizes = [0] * dim if discrete is None else [int(size) for size in discrete]
        if len(sizes) != dim:
            raise IntegrationError(f"discrete has {len(sizes)} entries for {dim} dimensions")
        count = max(index) + 1
        generator = torch.Generator().manual_seed(seed)
        smooth = torch.tensor([axis for axis in range(dim) if sizes[axis] == 0], dtype=torch.int64)
        layers: list[SplineCoupling | MarginalSpline | DiscreteChoice] = []
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
                        hidden=hidden,
                        periodic=circle,
                        generator=generator,
                    )
                )
        layers.append(MarginalSpline(count, dim, marginal_bins, smooth.tolist()))
        if len(smooth) < dim:
            layers.append(
                DiscreteChoice(
                    sizes, groups=count, hidden=hidden, periodic=circle, generator=generator
                )
            )
        marginal = len(layers) - (2 if len(smooth) < dim else 1)
        super().__init__(nf.distributions.base.Uniform(dim, 0.0, 1.0), layers)
        self._marginal = marginal
        self.dim = dim
        self.channels = channels
        self.groups = count
        self.register_buffer("channel_group", torch.tensor(index))

    @property
    def marginal(self) -> MarginalSpline:
        """The elementwise layer next to the continuous points."""
        layer = self.flows[self._marginal]
        assert isinstance(layer, MarginalSpline)
        return layer

    def set_grid(self, group: int, edges: Tensor) -> None:
        """Start a group of channels from a VEGAS grid of ``(d, B + 1)`` edges."""
        self.marginal.set_grid(group, edges)
        last = self.flows[-1]
        if isinstance(last, DiscreteChoice):
            last.set_grid(group, edges)

    def _apply_layers(
        self, block: Tensor, *, sampling: bool, group: int | None
    ) -> tuple[Tensor, Tensor]:
        log_det = block.new_zeros(block.shape[0], block.shape[2])
        for layer in self.flows if sampling else reversed(self.flows):
            block, change = layer.transform(block, sampling, group)
            log_det = log_det + change
        return block, log_det

    def _run(
        self, x: Tensor, channel: Tensor | int | None, *, sampling: bool
    ) -> tuple[Tensor, Tensor]:
        if x.ndim != 2 or x.shape[1] != self.dim:
            raise IntegrationError(f"points have shape {tuple(x.shape)}, not (N, {self.dim})")
        if channel is None and self.channels > 1:
            raise IntegrationError(f"the flow has {self.channels} channels: say which")
        if self.groups == 1 or not isinstance(channel, Tensor):
            one = 0 if self.groups == 1 else int(self.channel_group[int(channel or 0)])
            block, log_det = self._apply_layers(grouped(x), sampling=sampling, group=one)
            return ungrouped(block), log_det[0]
        layout = GroupLayout.of(self.channel_group[channel], self.groups)
        block, log_det = self._apply_layers(layout.pack(x), sampling=sampling, group=None)
        return layout.unpack(block), layout.unpack_scalar(log_det)

    def log_prob(self, x: Tensor, channel: Tensor | int | None = None) -> Tensor:
        """Logarithm of the density.

        Parameters
        ----------
        x
            ``(N, d)`` in [0, 1].
        channel
            ``(N,)`` int64, or one channel for all; None where there is one.

        Returns
        -------
        Tensor
            ``(N,)`` in the precision of ``x``.
        """
        return self._run(x, channel, sampling=False)[1]

    def inverse_and_log_det(
        self, x: Tensor, channel: Tensor | int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map points to the base, with the log-determinant ``(N,)``."""
        return self._run(x, channel, sampling=False)

    def forward_and_log_det(
        self, z: Tensor, channel: Tensor | int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Map base to points, with the log-determinant ``(N,)``."""
        return self._run(z, channel, sampling=True)

    @torch.no_grad()
    def sample(
        self,
        num_samples: int = 1,
        channel: Tensor | int | None = None,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> tuple[Tensor, Tensor]:
        """Draw points.

        Parameters
        ----------
        num_samples
            Number N of points.
        channel
            ``(N,)`` int64, or one channel for all; None where there is one.
        generator
            Source of random numbers; None takes torch's global one.
        dtype
            Precision of the points and of their density.

        Returns
        -------
        tuple
            Points ``(N, d)`` and the logarithm of their density ``(N,)``.
        """
        z = torch.rand(num_samples, self.dim, generator=generator, dtype=dtype)
        x, log_det = self._run(z, channel, sampling=True)
        return x, -log_det
