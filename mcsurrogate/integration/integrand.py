"""The contract between a sampler and what it integrates: nothing here knows physics."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

__all__ = ["Integrand", "IntegrandValue"]


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
        (input of learned channel weights), or None where there is one channel.
    """

    weight: Tensor
    prior: Tensor | None = None
    features: Tensor | None = None


class Integrand(Protocol):
    """A function on the unit hypercube, in one or several channels.

    The integral is the sum over channels k of the integral over [0,1]^dim of
    ``alpha_k(x(u)) * weight_k(u)`` with channel weights alpha_k that sum to one.
    """

    dim: int
    channels: int
    names: tuple[str, ...]
    periodic: tuple[bool, ...]

    def __call__(self, u: Tensor, channel: Tensor) -> IntegrandValue:
        """Evaluate at points ``u`` ``(N, dim)`` in the channels ``channel`` ``(N,)`` (int64)."""
        ...
