# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetries of an integrand: each evaluated point stands for all its images in training.

Only the proposal learns from the images: weights stay exact where a symmetry is not, as that of
a reflection at a plane is broken by the widths of W bosons.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration.integrand import Integrand, IntegrandValue

__all__ = ["Symmetries"]

_TOLERANCE = 0.02
_POINTS = 64


@dataclass(frozen=True, slots=True)
class Symmetries:
    """What may be done to a point without a change of the integrand.

    Attributes
    ----------
    reflections
        Sets of dimensions: u -> 1 - u in all dimensions of a set.
    constant
        Dimensions on which the integrand does not depend.
    """

    reflections: tuple[tuple[int, ...], ...] = ()
    constant: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.reflections or self.constant)

    @classmethod
    def of(
        cls,
        integrand: Integrand,
        evaluate: Callable[[Tensor, Tensor], IntegrandValue],
        u: Tensor,
        weight: Tensor,
        generator: torch.Generator,
    ) -> "Symmetries":
        """Test what an integrand of one channel claims, and keep what holds within 2%.

        Parameters
        ----------
        integrand
            May have attributes ``reflections`` and ``constant``.
        evaluate
            Evaluates it at ``(N, dim)`` in the channels ``(N,)``.
        u, weight
            Points ``(N, dim)`` that are known and the integrand there ``(N,)``, not zero: 64 of
            them are evaluated again for each claim.
        generator
            Source of random numbers.

        Raises
        ------
        IntegrationError
            If a dimension does not exist.
        """
        claimed = cls(
            tuple(tuple(map(int, dims)) for dims in getattr(integrand, "reflections", ())),
            tuple(map(int, getattr(integrand, "constant", ()))),
        )
        dims = {dim for one in (*claimed.reflections, claimed.constant) for dim in one}
        if dims and not 0 <= min(dims) <= max(dims) < integrand.dim:
            raise IntegrationError(
                f"reflections {claimed.reflections} and constant {claimed.constant}: dimensions "
                f"are 0 to {integrand.dim - 1}"
            )
        if integrand.channels > 1 or not len(u):
            return cls()
        chosen = torch.randint(len(u), (_POINTS,), generator=generator)
        u, weight = u[chosen], weight[chosen]
        channel = torch.zeros(len(u), dtype=torch.int64)

        def holds(moved: Tensor) -> bool:
            change = evaluate(moved, channel).weight - weight
            return bool(change.abs().sum() <= _TOLERANCE * weight.abs().sum())

        return cls(
            tuple(one for one in claimed.reflections if holds(_reflect(u, one, True))),
            tuple(one for one in claimed.constant if holds(_redraw(u, (one,), generator))),
        )

    def apply(self, u: Tensor, generator: torch.Generator) -> Tensor:
        """Replace points ``(N, dim)`` by random ones of their images."""
        for one in self.reflections:
            which = torch.rand(len(u), 1, generator=generator, dtype=u.dtype) < 0.5
            u = _reflect(u, one, which)
        return _redraw(u, self.constant, generator) if self.constant else u


def _reflect(u: Tensor, dims: tuple[int, ...], which: Tensor | bool) -> Tensor:
    index = list(dims)
    result = u.clone()
    result[:, index] = torch.where(torch.as_tensor(which), 1.0 - u[:, index], u[:, index])
    return result


def _redraw(u: Tensor, dims: tuple[int, ...], generator: torch.Generator) -> Tensor:
    result = u.clone()
    result[:, list(dims)] = torch.rand(len(u), len(dims), generator=generator, dtype=u.dtype)
    return result
