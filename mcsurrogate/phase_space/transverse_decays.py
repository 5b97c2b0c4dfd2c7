# SPDX-License-Identifier: GPL-3.0-or-later
r"""Phase space in transverse momenta and rapidities of particles and of systems that decay.

.. math:: d\Phi_n = d\Phi_k \prod_{\rm systems} \frac{dm^2}{2\pi}\, d\Phi_{\rm decay}

with the map of `transverse` for the k particles and systems, whose masses follow their
propagators, and that of `decays` inside the systems.  One such map takes the place of all channels
of diagrams that have their resonances in common, as Z bosons with jets have.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space.decays import decay, part_masses
from mcsurrogate.phase_space.frames import Columns
from mcsurrogate.phase_space.mapping import Bounds
from mcsurrogate.phase_space.protocol import PhaseSpacePoint
from mcsurrogate.phase_space.topology import Propagator, Topology
from mcsurrogate.phase_space.transverse import TransverseMapping
from mcsurrogate.phase_space.tree import Node, Powers, build_blocks
from mcsurrogate.phase_space.walk import Backward, Forward, Mass, Observed, Walker

__all__ = ["TransverseDecays"]


class _OfBodies:
    """Bounds of particles and of systems, which have none of their own."""

    def __init__(self, bodies: Sequence[Node], bounds: Bounds) -> None:
        self._bodies, self._bounds = bodies, bounds

    def least_mass(self, legs: frozenset[int]) -> float:
        inside = (leg for body in legs for leg in self._bodies[body - 2].legs)
        return self._bounds.least_mass(frozenset(inside))

    def least_transverse_momentum(self, leg: int) -> float:
        body = self._bodies[leg - 2]
        return self._bounds.least_transverse_momentum(body.legs[0]) if body.is_leaf else 0.0

    def largest_rapidity(self, leg: int) -> float:
        body = self._bodies[leg - 2]
        return self._bounds.largest_rapidity(body.legs[0]) if body.is_leaf else math.inf


class TransverseDecays:
    """Differentiable, invertible map to hadron collisions whose resonances all diagrams have.

    The dimensions are those of the map of particles and systems, then masses and polar variables of
    the decays, last their azimuths.

    Parameters
    ----------
    systems
        Time-like propagators that all diagrams have, nested or disjoint.
    final_masses
        Masses of the outgoing legs 2, 3, ... in GeV.
    sqrt_s
        Energy of the hadrons in GeV.
    bounds
        What the cuts leave.

    Attributes
    ----------
    dim, names, periodic
        Number of dimensions of the hypercube, their names, and which are circles.

    Raises
    ------
    PhaseSpaceError
        Masses or energies are impossible, or the systems leave nothing beside them.
    """

    def __init__(
        self,
        systems: Sequence[Propagator],
        final_masses: Sequence[float],
        sqrt_s: float,
        bounds: Bounds,
    ) -> None:
        legs = len(final_masses) + 2
        topology = Topology(legs, time_like=tuple(systems))
        (root,) = build_blocks(topology, final_masses, Powers(), bounds.least_mass)
        self._bodies = sorted(root.children, key=lambda body: body.legs)
        if len(self._bodies) < 2 or any(p.legs == frozenset(root.legs) for p in systems):
            raise PhaseSpaceError("systems that hold all outgoing legs leave nothing beside them")
        self.masses = tuple(map(float, final_masses))
        self.sqrt_s = float(sqrt_s)
        typical = [body.typical[0] for body in self._bodies]
        self._transverse = TransverseMapping(typical, sqrt_s, _OfBodies(self._bodies, bounds))
        n = len(final_masses)
        inner = n - len(self._bodies)
        # a mass and an angle of each step, and its azimuth
        self.dim = self._transverse.dim + 3 * inner
        self._first, self._azimuths = self._transverse.dim, self._transverse.dim + 2 * inner
        self.periodic = (*self._transverse.periodic, *[False] * (2 * inner), *[True] * inner)
        self.names = (
            *self._transverse.names,
            *(f"invariant_{i}" for i in range(2 * inner)),
            *(f"decay_phi_{i}" for i in range(inner)),
        )

    def forward(self, u: Tensor) -> PhaseSpacePoint:
        """Map ``u`` of shape ``(N, dim)`` in [0, 1] to phase-space points."""
        if u.ndim != 2 or u.shape[1] != self.dim:
            raise PhaseSpaceError(f"points of shape {tuple(u.shape)}, expected (N, {self.dim})")
        columns = u.t().contiguous().unbind(0)
        walker = Forward(columns[self._first : self._azimuths], columns[self._azimuths :])
        masses = self._masses(walker, columns[0], None)
        point = self._transverse.forward(u[:, : self._first], [mass.m for mass in masses])
        found: dict[int, Columns] = {}
        for place, (body, mass) in enumerate(zip(self._bodies, masses, strict=True), start=2):
            frame = Columns(*point.momenta[:, place].unbind(1))
            decay(walker, body, mass, frame, None, found)
        legs = [torch.stack(found[leg], dim=1) for leg in range(2, 2 + len(self.masses))]
        momenta = torch.cat((point.momenta[:, :2], torch.stack(legs, dim=1)), dim=1)
        assert walker.jacobian is not None
        return PhaseSpacePoint(momenta, point.x1, point.x2, point.jacobian * walker.jacobian)

    def inverse(self, momenta: Tensor, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` of shape ``(N, dim)`` and the jacobian of ``forward`` there."""
        legs = range(2, 2 + len(self.masses))
        particles = {leg: Columns(*momenta[:, leg].unbind(1)) for leg in legs}
        observed = Observed(particles, dict(zip(legs, self.masses, strict=True)))
        walker = Backward()
        masses = self._masses(walker, x1, observed)
        frames = [observed.momentum(body.legs) for body in self._bodies]
        bodies = torch.stack([torch.stack(frame, dim=1) for frame in frames], dim=1)
        bodies = torch.cat((momenta[:, :2], bodies), dim=1)
        u, jacobian = self._transverse.inverse(bodies, x1, x2, [mass.m for mass in masses])
        for body, mass, frame in zip(self._bodies, masses, frames, strict=True):
            decay(walker, body, mass, frame, observed, {})
        assert walker.jacobian is not None
        inner = torch.stack([*walker.regular, *walker.azimuths], dim=1).clamp(0, 1)
        return torch.cat((u, inner), dim=1), jacobian * walker.jacobian

    def _masses(self, walker: Walker, like: Tensor, observed: Observed | None) -> list[Mass]:
        energy = torch.full_like(like, self.sqrt_s)
        event = Mass(energy**2, energy, energy - sum(self.masses))
        return part_masses(walker, self._bodies, event, observed)
