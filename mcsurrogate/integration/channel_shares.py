r"""How much each of several overlapping channels is needed.

Where channel weights are in proportion to the densities g_k of the channels, those of

.. math:: \alpha_k(x) = \frac{a_k\, g_k(x)}{\sum_j a_j\, g_j(x)}

give all channels the same weight :math:`f / \sum_j a_j g_j` at a point, and the a_k are free
(R. Kleiss, R. Pittau, hep-ph/9405257).  They are those of the mixture :math:`\sum_k a_k g_k` that
is closest to f in the Kullback-Leibler sense, which the iteration

.. math:: a_k \leftarrow \frac{\sum_i \rho_i\, a_k g_k(x_i) / \sum_j a_j g_j(x_i)}{\sum_i \rho_i}

finds from points with the weights rho_i (A. Dempster, N. Laird, D. Rubin, J. R. Stat. Soc. B 39
(1977) 1).  It takes the shares of channels that others make superfluous to zero.
"""

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
    channels
        Number K of channels.

    Attributes
    ----------
    values
        ``(K,)`` shares, the largest of them one; zero for a channel that is not needed.
    """

    def __init__(self, channels: int) -> None:
        self.values = torch.ones(channels, dtype=torch.float64)
        self._priors: list[Tensor] = []
        self._weights: list[Tensor] = []

    def add(self, prior: Tensor, contribution: Tensor) -> None:
        """Keep points.

        Parameters
        ----------
        prior
            ``(N, K)`` analytic weights of all channels, in proportion to their densities.
        contribution
            ``(N,)`` what each point contributes to the integral.
        """
        positive = contribution > 0.0
        self._priors.append(prior[positive].float())
        self._weights.append(contribution[positive])

    def learn(self, *, last: bool) -> None:
        """Find the shares of the points so far; the last time, drop what is not needed."""
        if sum(map(len, self._weights)) == 0:
            return
        prior = torch.cat(self._priors).double()
        rho, _ = tempered_shares(torch.cat(self._weights), _LEAST_EFFECTIVE)
        count = len(self.values)
        share = torch.full((count,), 1.0 / count, dtype=torch.float64)
        for _ in range(_STEPS):
            density = (prior @ share).clamp(min=1e-300)
            share = share * ((rho / density) @ prior)
            share = share / share.sum()
        if last:
            share = torch.where(share * count < _NEEDED, 0.0, share)
            self._priors, self._weights = [], []
        else:
            share = (1.0 - _EVEN) * share + _EVEN / count
        self.values = share / share.max()

    def state(self) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Everything, for a checkpoint."""
        return self.values, list(self._priors), list(self._weights)

    def restore(self, state: tuple[Tensor, list[Tensor], list[Tensor]]) -> None:
        """Take up a saved state."""
        self.values, self._priors, self._weights = state
