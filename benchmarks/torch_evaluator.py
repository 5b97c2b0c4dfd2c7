# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulators evaluated in torch, step by step: what the compiled evaluator is tested against."""

import torch
from torch import Tensor

from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.emulation.fitting import BLOCK, points_to_features

__all__ = ["evaluate_in_torch"]


def evaluate_in_torch(emulator: Emulator, momenta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return |M|^2, its uncertainty and whether points are outside the domain.

    Parameters
    ----------
    emulator
        A trained emulator.
    momenta
        ``(N, n, 4)`` [E, px, py, pz] in GeV.

    Returns
    -------
    value, sigma
        ``(N,)`` float64 in GeV^(8 - 2n), at the coupling of the training.
    outside
        ``(N,)`` bool.

    Raises
    ------
    KinematicsError
        If momenta are off shell, unbalanced or not finite.
    """
    power = emulator.features.layout.dimension
    parts = emulator.parts
    blocks = []
    with torch.no_grad():
        for start in range(0, len(momenta), BLOCK):
            features = points_to_features(emulator.features, momenta[start : start + BLOCK])
            found = parts(features)
            value = (features.log_unit(power) + found.mean).exp()
            sigma = parts.calibration(found.log_sigma).exp() * value
            blocks.append((value, sigma, parts.domain.outside(features.inputs, found.epistemic)))
    value, sigma, outside = (torch.cat(column) for column in zip(*blocks, strict=True))
    return value, sigma, outside
