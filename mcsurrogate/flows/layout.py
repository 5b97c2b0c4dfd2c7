# SPDX-License-Identifier: GPL-3.0-or-later
"""Points of several channels as one padded block, points last.

Networks and splines work on ``(G, d, M)``: G groups of channels, d dimensions, M points a group.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["GroupLayout", "grouped", "ungrouped"]


def grouped(x: Tensor) -> Tensor:
    """``(N, d)`` of a single group as ``(1, d, N)``."""
    return x.t().contiguous()[None]


def ungrouped(x: Tensor) -> Tensor:
    """``(1, d, N)`` as ``(N, d)``."""
    return x[0].t().contiguous()


@dataclass(frozen=True, slots=True)
class GroupLayout:
    """Where each of N points sits in a block ``(G, M)`` padded to the fullest group.

    Attributes
    ----------
    slot
        ``(N,)`` position of each point in the flattened block.
    source
        ``(G * M,)`` point that fills each place; padding repeats point 0.
    groups, width
        G and M.
    """

    slot: Tensor
    source: Tensor
    groups: int
    width: int

    @classmethod
    def of(cls, group: Tensor, groups: int) -> "GroupLayout":
        """Lay out points of the given groups ``(N,)``."""
        counts = torch.bincount(group, minlength=groups)
        width = max(1, int(counts.max()))
        order = torch.argsort(group, stable=True)
        first = counts.cumsum(0) - counts
        sorted_group = group[order]
        number = torch.arange(len(group), device=group.device)
        place = sorted_group * width + number - first[sorted_group]
        slot = torch.empty_like(order)
        slot[order] = place
        source = torch.zeros(groups * width, dtype=torch.int64, device=group.device)
        source[place] = order
        return cls(slot, source, groups, width)

    def pack(self, x: Tensor) -> Tensor:
        """``(N, d)`` to ``(G, d, M)``."""
        if len(x) == 0:  # a place to fill all the same, in the middle
            return x.new_full((self.groups, x.shape[1], self.width), 0.5)
        block = x[self.source].view(self.groups, self.width, x.shape[1])
        return block.transpose(1, 2).contiguous()

    def unpack(self, x: Tensor) -> Tensor:
        """``(G, d, M)`` to ``(N, d)``."""
        return x.transpose(1, 2).reshape(self.groups * self.width, x.shape[1])[self.slot]

    def unpack_scalar(self, x: Tensor) -> Tensor:
        """``(G, M)`` to ``(N,)``."""
        return x.reshape(-1)[self.slot]
