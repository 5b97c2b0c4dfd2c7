# SPDX-License-Identifier: GPL-3.0-or-later
"""What an integrand returned at a few points: how a file knows the integrand that it is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.integration.integrand import Integrand, discrete_sizes
from mcsurrogate.integration.vegas import StratifiedGrid

__all__ = ["Probes"]

_POINTS = 16
"""Points from the grids, and as many flat ones; at least one of each kind in every channel."""
_TOLERANCE = 1e-5
"""Relative difference of two values that rounding may make, in single precision too."""
_SEED = 1
"""Decides on the points, in a generator of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Shape of an integrand, and its values at points in every channel.

    Half of the points are flat, half drawn from the grids, where the integrand is large: one
    with other cuts, parameters or mappings differs at some of them.

    Attributes
    ----------
    shape
        Names of the channels, dimensions, and which of these are periodic or discrete.
    u, channel
        Points ``(N, d)`` and their channels ``(N,)``.
    weight, prior
        What the integrand returned: ``(N,)``, and ``(N, K)`` or None.
    """

    shape: dict[str, Any]
    u: Tensor
    channel: Tensor
    weight: Tensor
    prior: Tensor | None = None

    @classmethod
    def of(cls, integrand: Integrand, grids: Sequence[StratifiedGrid]) -> "Probes":
        """Evaluate an integrand at points of its channels' grids."""
        generator = torch.Generator().manual_seed(_SEED)
        each = max(1, _POINTS // integrand.channels)
        points = []
        for grid in grids:
            points += [
                torch.rand(each, grid.dim, generator=generator, dtype=torch.float64),
                grid.sample(each, generator),
            ]
        u = torch.cat(points)
        channel = torch.arange(integrand.channels).repeat_interleave(2 * each)
        with torch.no_grad():
            value = integrand(u, channel)
        return cls(
            shape=_shape(integrand),
            u=u,
            channel=channel,
            weight=value.weight.double(),
            prior=value.prior,
        )

    def difference(self, integrand: Integrand) -> str | None:
        """Say how another integrand differs from the one that was evaluated; None if it does not.

        The first difference is named: of shape, or of a value.
        """
        for name, known in self.shape.items():
            if (found := _shape(integrand)[name]) != known:
                return f"its {name} is {_short(known)}, that of the integrand {_short(found)}"
        with torch.no_grad():
            value = integrand(self.u, self.channel)
        if self.prior is not None and value.prior is not None:
            close = torch.isclose(value.prior, self.prior, rtol=_TOLERANCE, atol=_TOLERANCE)
            if not bool(close.all()):
                return "the integrand has other analytic channel weights"
        far = ~torch.isclose(
            value.weight.double(), self.weight, rtol=_TOLERANCE, atol=0.0, equal_nan=True
        )
        if not bool(far.any()):
            return None
        k = int(torch.nonzero(far)[0, 0])
        return (
            f"the integrand is {float(value.weight[k]):.6g}, not {float(self.weight[k]):.6g}, at "
            f"u = {[round(x, 6) for x in self.u[k].tolist()]} in channel "
            f"{integrand.names[int(self.channel[k])]!r}, and differs at {int(far.sum())} of "
            f"{len(far)} stored points"
        )

    def tensors(self) -> dict[str, Tensor]:
        """Points and values by name."""
        prior = {} if self.prior is None else {"prior": self.prior}
        return {"u": self.u, "channel": self.channel, "weight": self.weight} | prior


def _shape(integrand: Integrand) -> dict[str, Any]:
    return {
        "number of dimensions": integrand.dim,
        "channels": list(integrand.names),
        "periodic dimensions": [bool(flag) for flag in integrand.periodic],
        "discrete dimensions": list(discrete_sizes(integrand)),
    }


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) < 80 else text[:77] + "..."
