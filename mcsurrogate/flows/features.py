# SPDX-License-Identifier: GPL-3.0-or-later
"""What the networks of a flow see of a point."""

import math

import torch
from torch import Tensor

__all__ = ["feature_indices", "point_features"]


def feature_indices(chosen: Tensor, periodic: Tensor) -> tuple[Tensor, Tensor, int]:
    """Dimensions that a network sees, by kind, and its number of inputs.

    Parameters
    ----------
    chosen, periodic
        ``(d,)`` bool: dimensions that the network sees, and dimensions on a circle.

    Returns
    -------
    tuple
        Indices of the plain ones and of the circles, as :func:`point_features` takes them, and
        the number of features it makes of them.
    """
    plain = torch.nonzero(chosen & ~periodic)[:, 0]
    circles = torch.nonzero(chosen & periodic)[:, 0]
    return plain, circles, len(plain) + 2 * len(circles)


def point_features(x: Tensor, plain: Tensor, circles: Tensor) -> Tensor:
    """Coordinates of points, with periodic ones as sine and cosine.

    Parameters
    ----------
    x
        ``(G, d, M)`` in [0, 1].
    plain, circles
        Indices of the dimensions that count, by kind.

    Returns
    -------
    Tensor
        ``(G, len(plain) + 2 len(circles), M)``; centred where no dimension is periodic.
    """
    features = x[:, plain]
    if len(circles):
        angle = 2.0 * math.pi * x[:, circles]
        return torch.cat((features, angle.sin(), angle.cos()), 1)
    return features - 0.5
