# SPDX-License-Identifier: GPL-3.0-or-later
"""The proposal of one or many channels: a flow, defended by VEGAS+ and the flat density."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.flows import Flow, family_name, flow_family
from mcsurrogate.integration.vegas import StratifiedGrid

__all__ = ["DefensiveMixture"]

_FLOW, _GRID = 0, 1
"""Parts of the mixture; the third is the flat density."""


class DefensiveMixture:
    """Density q_k(u) = (1 - a - b) flow_k(u) + a grid_k(u) + b of every channel k.

    A flow that lost a mode would give it unbounded weights, or none at all in a finite sample;
    the two other parts bound every weight by that of VEGAS+ over ``a`` and of flat sampling over
    ``b`` (defensive importance sampling: Hesterberg, Technometrics 37 (1995) 185).

    Parameters
    ----------
    grids
        One VEGAS+ density a channel.
    flow
        The flow, on any device; None leaves grid and flat density only.  Points come from the CPU
        and go back there: their random numbers do not depend on the device.
    grid_part, flat_part
        The parts a and b.
    """

    def __init__(
        self,
        grids: list[StratifiedGrid],
        flow: Flow | None = None,
        grid_part: float = 0.04,
        flat_part: float = 0.01,
    ) -> None:
        self.grids = grids
        self.flow = flow
        self.grid_part = grid_part
        self.flat_part = flat_part

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
        if self.flow is None:
            return 0.0, 1.0 - self.flat_part, self.flat_part
        return 1.0 - self.grid_part - self.flat_part, self.grid_part, self.flat_part

    def grid_log_prob(self, u: Tensor, channel: Tensor) -> Tensor:
        """Logarithm of each channel's VEGAS+ density ``(N,)``."""
        if self.channels == 1:
            return self.grids[0].log_prob(u)
        result = torch.empty(len(u), dtype=torch.float64)
        for k in torch.unique(channel).tolist():
            chosen = channel == k
            result[chosen] = self.grids[k].log_prob(u[chosen])
        return result

    def __reduce__(self) -> tuple[Callable[..., "DefensiveMixture"], tuple[object, ...]]:
        """Travel to other processes with the flow as its recipe: a family may be a user's file."""
        known = None
        if self.flow is not None:
            state = {key: value.cpu() for key, value in self.flow.state_dict().items()}
            known = family_name(self.flow), self.flow.recipe(), state, str(self.flow.device)
        return _rebuilt, (self.grids, known, self.grid_part, self.flat_part)

    def random(self, channel: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw all that is random in :meth:`draw`: the part of the mixture, and a point before it.

        Returns
        -------
        tuple
            Part ``(N,)`` and point ``(N, d)``, which the flow has still to map where it is its
            part.
        """
        part_flow, part_grid, _ = self.parts
        count = len(channel)
        select = torch.rand(count, generator=generator, dtype=torch.float64)
        part = (select >= part_flow).long() + (select >= part_flow + part_grid).long()
        u = torch.rand(count, self.dim, generator=generator, dtype=torch.float64)
        for k in torch.unique(channel[part == _GRID]).tolist():
            chosen = torch.nonzero((part == _GRID) & (channel == k))[:, 0]
            u[chosen] = self.grids[k].sample(len(chosen), generator)
        return part, u

    @torch.no_grad()
    def draw(self, channel: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Draw one point in each of the channels ``(N,)``.

        Returns
        -------
        tuple
            Points ``(N, d)``, and the logarithms ``(N,)`` of the mixture density and of the grid
            density; float64.
        """
        part, u = self.random(channel, generator)
        log_flow = torch.full((len(channel),), -torch.inf, dtype=torch.float64)
        chosen = torch.nonzero(part == _FLOW)[:, 0]
        if self.flow is not None and len(chosen):
            place = self.flow.device
            x, log_det = self.flow.forward_and_log_det(
                u[chosen].to(place), channel[chosen].to(place)
            )
            u[chosen] = x.cpu()
            log_flow[chosen] = -log_det.cpu()
        others = torch.nonzero(part != _FLOW)[:, 0]
        if self.flow is not None and len(others):
            log_flow[others] = self._flow_log_prob(self.flow, u[others], channel[others])
        log_grid = self.grid_log_prob(u, channel)
        return u, self._combine(log_flow, log_grid), log_grid

    def sample(self, channel: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw one point in each of the channels: points ``(N, d)``, log-density ``(N,)``."""
        u, log_prob, _ = self.draw(channel, generator)
        return u, log_prob

    @torch.no_grad()
    def log_prob(self, u: Tensor, channel: Tensor) -> Tensor:
        """Logarithm of the mixture density ``(N,)``."""
        log_flow = torch.full((len(u),), -torch.inf, dtype=torch.float64)
        if self.flow is not None:
            log_flow = self._flow_log_prob(self.flow, u, channel)
        return self._combine(log_flow, self.grid_log_prob(u, channel))

    @staticmethod
    def _flow_log_prob(flow: Flow, u: Tensor, channel: Tensor) -> Tensor:
        return flow.log_prob(u.to(flow.device), channel.to(flow.device)).cpu()

    def _combine(self, log_flow: Tensor, log_grid: Tensor) -> Tensor:
        part_flow, part_grid, part_flat = self.parts
        return (part_flow * log_flow.exp() + part_grid * log_grid.exp() + part_flat).log()


def _rebuilt(
    grids: list[StratifiedGrid],
    known: tuple[str, dict[str, Any], dict[str, Tensor], str] | None,
    *parts: float,
) -> DefensiveMixture:
    flow = None
    if known is not None:
        family, recipe, state, place = known
        flow = flow_family(family)(**recipe)
        flow.load_state_dict(state)
        flow.to(place)
    return DefensiveMixture(grids, flow, *parts)
