"""The emulator's uncertainty as named event weights."""

import torch
from torch import Tensor

from mcsurrogate.errors import EmulationError

__all__ = ["SURROGATE_DOWN", "SURROGATE_UP", "member_weight_names", "uncertainty_factors"]

SURROGATE_UP = "surrogate_up"
SURROGATE_DOWN = "surrogate_down"


def member_weight_names(members: int) -> tuple[str, ...]:
    """Names of the weights of the members of an ensemble: ``surrogate_member_1``, ..."""
    return tuple(f"surrogate_member_{number + 1}" for number in range(members))


def uncertainty_factors(
    value: Tensor, sigma: Tensor, members: Tensor | None = None
) -> dict[str, Tensor]:
    r"""Return factors on an event's weight, by the name of the weight.

    Up and down are exp(+-sigma / value): positive for any uncertainty, and what the
    emulator's normal distribution of log |M|^2 means.  They treat the error as the same in all of
    phase space, so bands made of them are wide; an ensemble's members keep its correlations.

    Parameters
    ----------
    value, sigma
        ``(N,)`` from :meth:`mcsurrogate.emulation.Emulator.predict`.
    members
        ``(M, N)`` from :meth:`mcsurrogate.emulation.Emulator.predict_members`.

    Raises
    ------
    EmulationError
        If shapes differ or values are not positive.
    """
    if value.shape != sigma.shape or (members is not None and members.shape[1:] != value.shape):
        raise EmulationError("value, sigma and members must be for the same events")
    if not bool((value > 0.0).all()) or not bool((sigma >= 0.0).all()):
        raise EmulationError("values must be positive and uncertainties not negative")
    relative = sigma / value
    factors = {SURROGATE_UP: torch.exp(relative), SURROGATE_DOWN: torch.exp(-relative)}
    if members is not None:
        for name, row in zip(member_weight_names(len(members)), members, strict=True):
            factors[name] = row / value
    return factors
