# SPDX-License-Identifier: GPL-3.0-or-later
"""What a flow must be able to do for the integrator: nothing else of it is asked."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from mcsurrogate.errors import IntegrationError

__all__ = ["Flow"]


class Flow(nn.Module, ABC):
    """An invertible map of the unit hypercube for every channel, and so a density on it.

    A family of flows is a class that derives from this one, fulfils the four abstract methods,
    and is built by ``Family(dim, groups=..., periodic=..., discrete=..., seed=..., **options)``:

    dim
        Number d of dimensions.
    groups
        For each channel the index of its network; symmetric channels share one.
    periodic
        For each dimension whether it is a circle.
    discrete
        For each dimension the number of its values, 0 where it is continuous.
    seed
        Seed of the initial parameters.

    Periodic and discrete dimensions are a help that a family may leave unused.  What else the
    constructor takes by name are the family's options.  Training changes and averages parameters
    alone, not buffers.  Maps and densities have the precision of the points, whatever that of the
    parameters: training uses float32, sampling float64, and the density of a sample must be that of
    the map that made it.

    A file with such a class is all that a new family takes; ``docs/integration.md`` says how it is
    chosen, and ``tests/flows/test_families.py`` what it has to fulfil.

    Attributes
    ----------
    dim, channels
        Numbers of dimensions and of channels, set by the constructor.
    """

    dim: int
    channels: int

    @abstractmethod
    def forward_and_log_det(self, z: Tensor, channel: Tensor) -> tuple[Tensor, Tensor]:
        """Draw: map uniform ``z`` ``(N, d)`` to points in the channels ``(N,)`` (int64).

        Returns the points ``(N, d)`` in [0, 1] and the logarithm of the Jacobian determinant
        ``(N,)``, whose negative is that of their density.
        """

    @abstractmethod
    def inverse_and_log_det(self, x: Tensor, channel: Tensor) -> tuple[Tensor, Tensor]:
        """Map points ``(N, d)`` to uniform ones, with the log-determinant ``(N,)``.

        Differentiable by the parameters; finite up to the edges of the hypercube.
        """

    @abstractmethod
    def set_grid(self, channel: int, edges: Tensor) -> None:
        """Start a channel from a VEGAS grid: ``(d, B + 1)`` edges of B bins of equal probability.

        A start alone: a family that has no place for it does nothing and learns from the points.
        """

    @abstractmethod
    def recipe(self) -> dict[str, object]:
        """Arguments of the constructor, as JSON has them, that give a flow of this structure."""

    @property
    def device(self) -> torch.device:
        """Where its parameters lie, and points have to lie."""
        first = next(self.parameters(), None)
        return torch.device("cpu") if first is None else first.device

    def log_prob(self, x: Tensor, channel: Tensor | int | None = None) -> Tensor:
        """Logarithm of the density.

        Parameters
        ----------
        x
            ``(N, d)`` in [0, 1].
        channel
            ``(N,)`` int64, or one channel for all; None where there is one.

        Returns
        -------
        Tensor
            ``(N,)`` in the precision of ``x``.
        """
        return self.inverse_and_log_det(x, self._of_each(len(x), channel))[1]

    @torch.no_grad()
    def sample(
        self,
        num_samples: int = 1,
        channel: Tensor | int | None = None,
        *,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float64,
    ) -> tuple[Tensor, Tensor]:
        """Draw points.

        Parameters
        ----------
        num_samples
            Number N of points.
        channel
            ``(N,)`` int64, or one channel for all; None where there is one.
        generator
            Source of random numbers; None takes torch's global one.
        dtype
            Precision of the points and of their density.

        Returns
        -------
        tuple
            Points ``(N, d)`` and the logarithm of their density ``(N,)``.
        """
        z = torch.rand(num_samples, self.dim, generator=generator, dtype=dtype)
        x, log_det = self.forward_and_log_det(z, self._of_each(num_samples, channel))
        return x, -log_det

    def _of_each(self, count: int, channel: Tensor | int | None) -> Tensor:
        if isinstance(channel, Tensor):
            return channel
        if channel is None and self.channels > 1:
            raise IntegrationError(f"the flow has {self.channels} channels: say which")
        return torch.full((count,), channel or 0)
