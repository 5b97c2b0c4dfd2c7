# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays that a user hands over, as tensors."""

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from mcsurrogate.errors import EmulationError

__all__ = ["Points", "as_tensor", "check_values"]

Points = Tensor | ArrayLike
"""A tensor or anything that numpy takes for an array."""


def as_tensor(values: Points) -> Tensor:
    """Return a tensor on the CPU, without gradients."""
    tensor = values.detach() if isinstance(values, Tensor) else torch.as_tensor(np.asarray(values))
    return tensor.cpu()


def check_values(values: Tensor, count: int) -> Tensor:
    """Return squared amplitudes in float64, or refuse them.

    Raises
    ------
    EmulationError
        If they are not ``(count,)``, finite and positive.
    """
    if values.shape != (count,):
        raise EmulationError(
            f"{tuple(values.shape)} squared amplitudes for {count} points: need ({count},)"
        )
    good = torch.isfinite(values) & (values > 0.0)
    if not bool(good.all()):
        index = int((~good).nonzero()[0, 0])
        raise EmulationError(
            f"squared amplitude {index} is {float(values[index])}: all must be finite and "
            "positive; leave such points out"
        )
    return values.double()
