# SPDX-License-Identifier: GPL-3.0-or-later
"""Random numbers that follow from the momenta of an event, and from nothing else."""

import torch
from torch import Tensor

__all__ = ["uniforms"]

# SplitMix64: G. Steele, D. Lea, C. Flood, OOPSLA 2014, as signed 64-bit numbers.
_STEP = 0x9E3779B97F4A7C15 - (1 << 64)
_FIRST = 0xBF58476D1CE4E5B9 - (1 << 64)
_SECOND = 0x94D049BB133111EB - (1 << 64)


def uniforms(momenta: Tensor, samples: int, count: int) -> Tensor:
    """Return numbers in [0, 1) ``(N, samples, count)``, float64.

    Equal momenta have equal numbers, in any batch; those of others are independent.

    Parameters
    ----------
    momenta
        ``(N, n, 4)``.
    samples, count
        Numbers of sequences of an event, and their length.
    """
    bits = momenta.detach().double().contiguous().view(torch.int64).flatten(1)
    state = torch.zeros(len(momenta), dtype=torch.int64, device=momenta.device)
    for column in bits.unbind(1):
        state = _mixed(state + _STEP + column)
    steps = torch.arange(1, samples * count + 1, dtype=torch.int64, device=momenta.device)
    numbers = _mixed(state.unsqueeze(1) + steps * _STEP)
    return (_shifted(numbers, 11).double() * 2.0**-53).view(len(momenta), samples, count)


def _shifted(values: Tensor, places: int) -> Tensor:
    """Shift right without the sign."""
    return (values >> places) & ((1 << (64 - places)) - 1)


def _mixed(values: Tensor) -> Tensor:
    values = (values ^ _shifted(values, 30)) * _FIRST
    values = (values ^ _shifted(values, 27)) * _SECOND
    return values ^ _shifted(values, 31)
