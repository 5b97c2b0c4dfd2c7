"""The proposal of one or many channels: a flow, defended by its VEGAS grid and the flat density."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.flows import HypercubeFlow
from mcsurrogate.integration.grid import VegasGrid

__all__ = ["DefensiveMixture", "MixtureFractions"]


@dataclass(frozen=True, slots=True)
class MixtureFractions:
    """Parts of the mixture: the flow has the rest.

    Attributes
    ----------
    grid
        Part of the VEGAS grid.  No weight exceeds the grid's own divided by this.
    flat
        Part of the flat density.
    """

    grid: float = 0.04
    flat: float = 0.01


class DefensiveMixture:
    """Density q_k(u) = (1 - a - b) flow_k(u) + a grid_k(u) + b of every channel k.

    A flow that lost a mode would give it unbounded weights, or none at all in a finite sample;
    the two other parts bound every weight by that of plain VEGAS over ``a`` and of flat sampling
    over ``b`` (defensive importance sampling: Hesterberg, Technometrics 37 (1995) 185).

    Parameters
    ----------
    grids
        One VEGAS grid a channel.
    flow
        The flow; None leaves grid and flat density only.
    fractions
        Parts of the mixture.
    """

    def __init__(
        self,
        grids: list[VegasGrid],
        flow: HypercubeFlow | None = None,
        fractions: MixtureFractions | None = None,
    ) -> None:
        self.grids = grids
        self.flow = flow
        self.fractions = MixtureFractions() if fractions is None else fractions

    @property
    def dim(self) -> int:
        """Number of dimensions."""
        return self.grids[0].dim

    @property
    def channels(self) -> int:
        """Number of channels."""
        return len(self.grids)

    @property
    def parts(self) -> tuple[float, float, float]:
        """Parts of flow, grid and flat density, that sum to one."""
        flat = self.fractions.flat
        if self.flow is None:
            return 0.0, 1.0 - flat, flat
        return 1.0 - self.fractions.grid - flat, self.fractions.grid, flat

    def grid_log_prob(self, u: Tensor, channel: Tensor) -> Tensor:
        """Logarithm of each channel's grid density ``(N,)``."""
        if self.channels == 1:
            return self.grids[0].log_prob(u)
        result = torch.empty(len(u), dtype=torch.float64)
        for k in torch.unique(channel).tolist():
            chosen = channel == k
            result[chosen] = self.grids[k].log_prob(u[chosen])
        return result

    def defence(self, u: Tensor, channel: Tensor) -> Tensor:
        """Density ``(N,)`` of the parts other than the flow, with their weights."""
        _, grid, flat = self.parts
        return grid * self.grid_log_prob(u, channel).exp() + flat

    @torch.no_grad()
    def sample(self, channel: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw one point in each of the channels ``(N,)``.

        Returns points ``(N, d)`` and the logarithm of their mixture density ``(N,)``, float64.
        """
        part_flow, part_grid, _ = self.parts
        count = len(channel)
        select = torch.rand(count, generator=generator, dtype=torch.float64)
        y = torch.rand(count, self.dim, generator=generator, dtype=torch.float64)
        u = y.clone()
        log_flow = torch.full((count,), -torch.inf, dtype=torch.float64)
        from_flow = select < part_flow
        if self.flow is not None and bool(from_flow.any()):
            x, log_det = self.flow.forward_and_log_det(
                y[from_flow], channel[from_flow] if self.channels > 1 else None
            )
            u[from_flow] = x
            log_flow[from_flow] = -log_det
        from_grid = (select >= part_flow) & (select < part_flow + part_grid)
        for k in torch.unique(channel[from_grid]).tolist():
            chosen = from_grid & (channel == k)
            u[chosen] = self.grids[k].forward(y[chosen])[0]
        others = ~from_flow
        if self.flow is not None and bool(others.any()):
            log_flow[others] = self._flow_log_prob(u[others], channel[others])
        return u, (part_flow * log_flow.exp() + self.defence(u, channel)).log()

    @torch.no_grad()
    def log_prob(self, u: Tensor, channel: Tensor) -> Tensor:
        """Logarithm of the mixture density ``(N,)``."""
        density = self.defence(u, channel)
        if self.flow is not None:
            density = density + self.parts[0] * self._flow_log_prob(u, channel).exp()
        return density.log()

    def _flow_log_prob(self, u: Tensor, channel: Tensor) -> Tensor:
        assert self.flow is not None
        return self.flow.log_prob(u, channel if self.channels > 1 else None)
