# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's uncertainty as named event weights."""

import torch
from torch import Tensor

from mcsurrogate.errors import EmulationError
from mcsurrogate.events import SURROGATE_DOWN, SURROGATE_UP
from mcsurrogate.hard_process import Amplitude, Contributions, HardProcess
from mcsurrogate.matrix_elements import UncertainMatrixElement

__all__ = [
    "EmulatorWeights",
    "member_weight_names",
    "uncertainty_factors",
]


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


class EmulatorWeights:
    r"""Factors on the weights of a hard process's events from all of its emulators.

    The weight of an event sums over amplitudes; each is moved by the factor of its own emulator,

    .. math:: f_\text{up} = \sum_a w_a e^{\sigma_a / |M_a|^2} \Big/ \sum_a w_a ,

    and by the k-th member of its ensemble.  Exact amplitudes, and points that an emulator left to
    the exact amplitude, do not move.

    Parameters
    ----------
    process
        A hard process with emulated amplitudes.
    """

    def __init__(self, process: HardProcess) -> None:
        self._process = process
        sizes = [
            a.matrix_element.members
            for a in process.amplitudes
            if isinstance(a.matrix_element, UncertainMatrixElement)
        ]
        largest = max(sizes, default=0)
        self._members = largest if largest > 1 else 0
        self.names = (SURROGATE_UP, SURROGATE_DOWN, *member_weight_names(self._members))

    def __call__(self, u: Tensor, channel: Tensor) -> Tensor:
        """Return the factors ``(N, W)`` in the order of ``names``.

        Parameters
        ----------
        u, channel
            ``(N, dim)`` and ``(N,)``: points inside the cuts.

        Raises
        ------
        EmulationError
            If a point is outside the cuts.
        """
        with torch.no_grad():
            found = self._process.contributions(u, channel)
            if not bool(found.accepted.all()):
                raise EmulationError("a point is outside the cuts and has no weight to vary")
            total = found.weights.sum(dim=1, keepdim=True).double()
            moved = torch.zeros(len(u), len(self.names), dtype=torch.float64)
            for index, amplitude in enumerate(self._process.amplitudes):
                moved += found.weights[:, index, None] * self._of_amplitude(amplitude, found)
        return moved / total

    def _of_amplitude(self, amplitude: Amplitude, found: Contributions) -> Tensor:
        element = amplitude.matrix_element
        factors = torch.ones(len(found.momenta), len(self.names), dtype=torch.float64)
        if not isinstance(element, UncertainMatrixElement):
            return factors
        momenta = found.momenta[:, list(amplitude.permutation)]
        value, sigma = element.with_uncertainty(momenta, found.alpha_s)
        factors[:, :2] = torch.stack(list(uncertainty_factors(value, sigma).values()), dim=1)
        if element.members > 1:
            members = element.of_members(momenta, found.alpha_s) / value
            members = torch.where(sigma > 0.0, members, 1.0)
            factors[:, 2 : 2 + element.members] = members.T
        return factors
