# SPDX-License-Identifier: GPL-3.0-or-later
"""Last-layer Laplace posterior: how far the data pin the network down at a point."""

import torch
from torch import Tensor

__all__ = ["laplace_root"]


def laplace_root(hidden: Tensor, sigma: Tensor, weights: Tensor, rank: int) -> Tensor:
    """Square root of the leading part of the last layer's posterior covariance.

    With the hidden layers fixed the mean is linear in the last layer, and its Gaussian
    posterior has the precision sum phi phi^T / sigma^2 + tau (arXiv:2106.14806, sec. 3; the
    bias counts as a hidden unit that is one).  The prior precision tau is that of weights of
    the size that training found.

    Parameters
    ----------
    hidden
        ``(w, N)`` last hidden layer at the training points.
    sigma
        ``(N,)`` predicted uncertainty of log |M|^2 at these points.
    weights
        ``(w,)`` last layer's weights of the mean.
    rank
        Number of directions to keep: those that the data determine least.

    Returns
    -------
    Tensor
        ``(rank, w + 1)`` float32 R: the variance of the mean at phi is ``|R (phi, 1)|^2``.
    """
    units = hidden.shape[0] + 1
    precision = torch.zeros(units, units, dtype=torch.float64)
    for start in range(0, hidden.shape[1], 16384):
        block = hidden[:, start : start + 16384].double()
        block = torch.cat((block, block.new_ones(1, block.shape[1])))
        block = block / sigma[start : start + 16384].double()
        precision += block @ block.T
    size = float(weights.double().square().mean())
    precision += torch.eye(units, dtype=torch.float64) / max(size, 1e-12)
    values, vectors = torch.linalg.eigh(precision)
    # eigenvalues ascend: the first directions have the largest posterior variance
    keep = min(rank, units)
    root: Tensor = (vectors[:, :keep] / values[:keep].sqrt()).T.float().contiguous()
    return root
