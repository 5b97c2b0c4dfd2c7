# SPDX-License-Identifier: GPL-3.0-or-later
"""The contract between a sampler and what it integrates: nothing here knows physics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError

__all__ = [
    "FunctionIntegrand",
    "Integrand",
    "IntegrandValue",
    "as_integrand",
    "discrete_sizes",
    "join_present",
    "network_groups",
    "of_channels",
]


@dataclass(frozen=True, slots=True)
class IntegrandValue:
    """What an integrand returns for a batch of points of one or several channels.

    Attributes
    ----------
    weight
        ``(N,)``: f(x(u)) |dx/du| of the channel that each point belongs to, *without* its
        channel weight, in the units of the integral.  Zero outside the cuts.
    prior
        ``(N, K)`` analytic channel weights that sum to one along the last axis, or None
        where there is one channel.
    features
        ``(N, F)`` quantities that describe the physical point independently of the channel
        (input of learned channel weights), or None where there is one channel.  Of order one.
    """

    weight: Tensor
    prior: Tensor | None = None
    features: Tensor | None = None

    def split(self, sizes: Sequence[int]) -> "list[IntegrandValue]":
        """Cut a batch into parts of the given sizes."""
        ends = list(accumulate(sizes))
        parts = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        return [
            IntegrandValue(
                self.weight[part],
                None if self.prior is None else self.prior[part],
                None if self.features is None else self.features[part],
            )
            for part in parts
        ]


@runtime_checkable
class Integrand(Protocol):
    """A function on the unit hypercube, in one or several channels.

    The integral is the sum over channels k of the integral over [0,1]^dim of
    ``alpha_k(x(u)) * weight_k(u)`` with channel weights alpha_k that sum to one.

    More attributes are optional: ``groups``, for each channel the index of the network that
    it shares with symmetric channels; ``cost``, the seconds that an evaluation takes (else it is
    measured where a decision needs it); and ``discrete``, for each dimension the number of its
    values, 0 where it is continuous.  A discrete dimension of K values is cut into K equal bins in
    each of which the integrand is constant along it: a sum over values is K times the mean.
    ``overlapping`` says that channel weights are in proportion to the channels' densities: their
    shares are learned then, and channels that others make superfluous are dropped.
    ``of_channels(needed)`` returns the same integrand, whose channel weights are asked for in some
    channels ``(K,)`` (bool) alone: it may leave those of others at zero.

    An integrand of one channel may claim symmetries, which are tested before a flow is trained
    with their help: ``reflections``, sets of dimensions such that u -> 1 - u in all of a set
    changes nothing, and ``constant``, dimensions on which nothing depends.
    """

    dim: int
    channels: int
    names: tuple[str, ...]
    periodic: tuple[bool, ...]

    def __call__(self, u: Tensor, channel: Tensor) -> IntegrandValue:
        """Evaluate at points ``u`` ``(N, dim)`` in the channels ``channel`` ``(N,)`` (int64)."""
        ...


class FunctionIntegrand:
    """A plain function of points on the unit hypercube, in one channel.

    Parameters
    ----------
    function
        Takes points ``(N, dim)`` in float64 and returns values ``(N,)``.
    dim
        Number of dimensions.
    periodic
        For each dimension whether it is a circle.
    name
        Name of the only channel.
    reflections, constant
        Symmetries, see :class:`Integrand`.
    """

    channels = 1

    def __init__(
        self,
        function: Callable[[Tensor], Tensor],
        dim: int,
        periodic: tuple[bool, ...] | None = None,
        name: str = "f",
        reflections: tuple[tuple[int, ...], ...] = (),
        constant: tuple[int, ...] = (),
    ) -> None:
        if dim < 1:
            raise IntegrationError(f"dim is {dim}, it must be at least 1")
        self.function = function
        self.dim = dim
        self.names: tuple[str, ...] = (name,)
        self.periodic = (False,) * dim if periodic is None else tuple(periodic)
        if len(self.periodic) != dim:
            raise IntegrationError(f"periodic has {len(self.periodic)} entries for dim={dim}")
        self.reflections, self.constant = reflections, constant

    def __call__(self, u: Tensor, channel: Tensor) -> IntegrandValue:  # noqa: ARG002
        """Evaluate at points ``u`` ``(N, dim)``; the channel is always the only one."""
        value = self.function(u)
        if value.shape != u.shape[:1]:
            raise IntegrationError(
                f"the integrand returned shape {tuple(value.shape)} for {len(u)} points; "
                f"it must return ({len(u)},)"
            )
        return IntegrandValue(value)


def discrete_sizes(integrand: Integrand) -> tuple[int, ...]:
    """For each dimension the number of its values, 0 where it is continuous.

    Raises
    ------
    IntegrationError
        Where the integrand's ``discrete`` does not fit its dimensions.
    """
    sizes = tuple(int(k) for k in getattr(integrand, "discrete", (0,) * integrand.dim))
    if len(sizes) != integrand.dim or min(sizes) < 0:
        raise IntegrationError(
            f"discrete is {sizes}: it must hold a number of values, or 0, for each of the "
            f"{integrand.dim} dimensions"
        )
    return sizes


def network_groups(integrand: Integrand) -> tuple[int, ...]:
    """For each channel the index of its network: the integrand's ``groups``, or one a channel."""
    groups = getattr(integrand, "groups", None)
    return tuple(range(integrand.channels)) if groups is None else tuple(groups)


def of_channels(integrand: Integrand, needed: Tensor) -> Integrand:
    """Return the integrand without the work for channels that are not needed, if it can be."""
    narrow = getattr(integrand, "of_channels", None)
    if narrow is None or bool(needed.all()):
        return integrand
    narrowed: Integrand = narrow(needed)
    return narrowed


def join_present(parts: Sequence[Tensor | None]) -> Tensor | None:
    """Put the parts that are there into one tensor, or None where none is."""
    tensors = [part for part in parts if part is not None]
    return torch.cat(tensors) if tensors else None


def as_integrand(f: Integrand | Callable[[Tensor], Tensor], dim: int | None) -> Integrand:
    """Wrap a plain function; an integrand goes through.

    Raises
    ------
    IntegrationError
        Where a plain function comes without ``dim``, or ``dim`` contradicts the integrand.
    """
    if isinstance(f, Integrand):
        if dim is not None and dim != f.dim:
            raise IntegrationError(f"dim={dim} contradicts the integrand's own dim={f.dim}")
        return f
    if dim is None:
        raise IntegrationError("a plain function needs dim=, its number of dimensions")
    return FunctionIntegrand(f, dim)
