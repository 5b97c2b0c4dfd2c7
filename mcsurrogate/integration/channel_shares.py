# SPDX-License-Identifier: GPL-3.0-or-later
r"""How much each of several overlapping channels is needed.

Where channel weights are in proportion to the densities g_k of the channels, those of

.. math:: \alpha_k(x) = \frac{a_k\, g_k(x)}{\sum_j a_j\, g_j(x)}

give all channels the same weight :math:`f / \sum_j a_j g_j` at a point, and the a_k are free
(R. Kleiss, R. Pittau, hep-ph/9405257).  They are those of the mixture :math:`\sum_k a_k g_k` that
is closest to f in the Kullback-Leibler sense, which the iteration

.. math:: a_k \leftarrow \frac{\sum_i \rho_i\, a_k g_k(x_i) / \sum_j a_j g_j(x_i)}{\sum_i \rho_i}

finds from points with the weights rho_i (A. Dempster, N. Laird, D. Rubin, J. R. Stat. Soc. B 39
(1977) 1).  It takes the shares of channels that others make superfluous to zero.

The points come from several iterations, whose channels had shares n_k each.  All are taken for a
sample of the sum of these mixtures (A. Owen, Y. Zhou, J. Am. Stat. Assoc. 95 (2000) 135):

.. math:: \rho_i = \frac{f(x_i)}{\sum_{\rm iterations} \sum_k n_k\, g_k(x_i)}

so that a lucky point of an early iteration, whose channels were even, has no large weight once
later ones have points beside it.  This holds while channels sample their own density: grids adapt
afterwards.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.integration.tempering import tempered_shares

__all__ = ["ChannelShares"]

_STEPS = 200
_LEAST_EFFECTIVE = 300.0
"""Effective sample size that tempering leaves: one lucky point cannot decide for its channel."""
_EVEN = 0.1
"""Part of the shares that all channels have alike while they are learned."""
_NEEDED = 0.25
"""Share, in units of an even one, below which a channel is not needed at last."""


class ChannelShares:
    """Shares of the channels, learned from points with known integrand.

    Parameters
    ----------
    groups
        For each of the K channels the number of its group: symmetric ones have the same share.

    Attributes
    ----------
    values
        ``(K,)`` shares, the largest of them one; zero for a channel that is not needed.
    """

    def __init__(self, groups: Sequence[int]) -> None:
        self.values = torch.ones(len(groups), dtype=torch.float64)
        self._group = torch.tensor(groups)
        self._counts = torch.zeros(len(groups), dtype=torch.float64)
        self._priors: list[Tensor] = []
        self._heights: list[Tensor] = []

    def add(self, prior: Tensor, weight: Tensor, channel: Tensor) -> None:
        """Keep points that were drawn from the densities of their channels.

        Parameters
        ----------
        prior
            ``(N, K)`` analytic weights of all channels, in proportion to their densities.
        weight
            ``(N,)`` integrand over the density of the channel that each point was drawn in.
        channel
            ``(N,)`` that channel.
        """
        self._counts += torch.bincount(channel, minlength=len(self.values))
        positive = weight > 0.0
        kept = prior[positive]
        own = kept.gather(1, channel[positive, None])[:, 0]
        self._priors.append(kept.float())
        self._heights.append(weight[positive] * own)

    def learn(self, *, last: bool) -> None:
        """Find the shares of the points so far; the last time, drop what is not needed."""
        if sum(map(len, self._heights)) == 0:
            return
        prior = torch.cat(self._priors).double()
        drawn = (prior @ self._counts).clamp(min=1e-300)
        rho, _ = tempered_shares(torch.cat(self._heights) / drawn, _LEAST_EFFECTIVE)
        count = len(self.values)
        share = torch.full((count,), 1.0 / count, dtype=torch.float64)
        for _ in range(_STEPS):
            density = (prior @ share).clamp(min=1e-300)
            share = share * ((rho / density) @ prior)
            share = self._alike(share / share.sum())
        if last:
            share = torch.where(share * count < _NEEDED, 0.0, share)
            self._priors, self._heights = [], []
        else:
            share = (1.0 - _EVEN) * share + _EVEN / count
        self.values = share / share.max()

    def _alike(self, share: Tensor) -> Tensor:
        """Give all channels of a group their mean."""
        sizes = torch.bincount(self._group)
        return (torch.bincount(self._group, weights=share) / sizes)[self._group]

    def state(self) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
        """Everything, for a checkpoint."""
        return self.values, self._counts.clone(), list(self._priors), list(self._heights)

    def restore(self, state: tuple[Tensor, Tensor, list[Tensor], list[Tensor]]) -> None:
        """Take up a saved state."""
        self.values, self._counts, self._priors, self._heights = state
