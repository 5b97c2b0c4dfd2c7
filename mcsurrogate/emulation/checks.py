# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks on what a user hands to the emulators."""

import torch
from torch import Tensor

from mcsurrogate.errors import EmulationError

__all__ = ["check_surrogate", "check_weights"]


def check_surrogate(surrogate: Tensor) -> Tensor:
    """Return surrogate weights in float64, or refuse them.

    Raises
    ------
    EmulationError
        If they are not ``(N,)``, finite and not negative.
    """
    if surrogate.dim() != 1:
        raise EmulationError(f"surrogate weights of shape {tuple(surrogate.shape)}: must be (N,)")
    if not bool(torch.isfinite(surrogate).all()) or bool((surrogate < 0.0).any()):
        raise EmulationError("surrogate weights must be finite and not negative")
    return surrogate.to(torch.float64)


def check_weights(surrogate: Tensor, exact: Tensor) -> None:
    """Refuse weights that two-stage unweighting cannot use without a bias.

    Raises
    ------
    EmulationError
        If shapes differ, a weight is not finite, or a surrogate weight is negative or zero
        where the exact one is not zero.
    """
    if surrogate.shape != exact.shape or surrogate.dim() != 1:
        raise EmulationError(
            f"surrogate weights of shape {tuple(surrogate.shape)} and exact ones of shape "
            f"{tuple(exact.shape)}: both must be (N,)"
        )
    check_surrogate(surrogate)
    if not bool(torch.isfinite(exact).all()):
        raise EmulationError("exact weights must be finite")
    lost = (surrogate == 0.0) & (exact != 0.0)
    if bool(lost.any()):
        raise EmulationError(
            f"{int(lost.sum())} points have an exact weight but no surrogate weight (first: "
            f"{int(lost.nonzero()[0, 0])}): they would never become events; the surrogate must "
            "be positive wherever the exact weight is"
        )
