# SPDX-License-Identifier: GPL-3.0-or-later
"""Leading-colour flows of an event, as the Les Houches event record wants them."""

import torch
from torch import Tensor

from mcsurrogate.errors import MatrixElementError

__all__ = ["FIRST_COLOUR_LINE", "ColourFlow", "draw_index"]

FIRST_COLOUR_LINE = 501

ColourFlow = tuple[tuple[int, int], ...]
"""Colour and anticolour line of each leg, incoming first; 0 for none, else from 501 upwards.

Incoming legs carry the colours of the physical incoming particle (hep-ph/0109068): an
incoming quark has a colour line, which an outgoing quark inherits.
"""


def draw_index(weights: Tensor, uniform: Tensor) -> Tensor:
    """Choose one column per row with probability proportional to the weights.

    Parameters
    ----------
    weights
        ``(N, K)``, not negative, with a positive sum in every row.
    uniform
        ``(N,)`` random numbers in [0, 1).

    Returns
    -------
    Tensor
        ``(N,)`` int64 column numbers.

    Raises
    ------
    MatrixElementError
        If a row has no positive finite sum.
    """
    cumulative = weights.detach().cumsum(dim=1)
    total = cumulative[:, -1]
    if not bool(((total > 0.0) & torch.isfinite(total)).all()):
        raise MatrixElementError("cannot draw from weights whose sum is zero or not finite")
    threshold = (uniform.to(total.dtype) * total).unsqueeze(1)
    index = torch.searchsorted(cumulative, threshold, right=True).squeeze(1)
    return index.clamp_(max=weights.shape[1] - 1)
