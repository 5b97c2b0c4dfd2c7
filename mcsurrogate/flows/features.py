"""What the networks of a flow see of a point."""

import math

import torch
from torch import Tensor

__all__ = ["point_features"]


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
