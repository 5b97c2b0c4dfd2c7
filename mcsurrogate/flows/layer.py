# SPDX-License-Identifier: GPL-3.0-or-later
"""What all layers of a flow on the hypercube have in common."""

from abc import abstractmethod

import normflows as nf
from torch import Tensor

from mcsurrogate.flows.layout import grouped, ungrouped

__all__ = ["GroupedLayer"]


class GroupedLayer(nf.flows.Flow):  # type: ignore[misc]
    """A layer that acts on all groups of channels at once, and composes like one of normflows."""

    @abstractmethod
    def transform(
        self, x: Tensor, inverse: bool, group: int | None = None
    ) -> tuple[Tensor, Tensor]:
        """Apply to ``(G, d, M)``: density direction, or sampling direction if ``inverse``.

        Returns the values and the logarithm of the Jacobian determinant ``(G, M)``.
        """

    def set_grid(self, group: int, edges: Tensor) -> None:
        """Start a group of channels from a VEGAS grid, where the layer has a place for it.

        Parameters
        ----------
        group
            Which group of channels.
        edges
            ``(d, B + 1)`` edges in [0, 1] of B bins of equal probability.
        """

    def forward(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``(N, d)`` in the sampling direction, as normflows composes it (first group)."""
        x, log_det = self.transform(grouped(z), inverse=True, group=0)
        return ungrouped(x), log_det[0]

    def inverse(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Map ``(N, d)`` in the density direction, as normflows composes it (first group)."""
        x, log_det = self.transform(grouped(z), inverse=False, group=0)
        return ungrouped(x), log_det[0]
