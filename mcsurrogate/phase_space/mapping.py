# SPDX-License-Identifier: GPL-3.0-or-later
r"""Phase space along a topology: luminosity, space-like chain, decays.

The n-body phase space is cut into masses of intermediate systems and two-body steps,

.. math:: d\Phi_n = \prod \frac{ds_i}{2\pi} \prod d\Phi_2

(E. Byckling, K. Kajantie, *Particle Kinematics* (1973), chapter VI; MadSpace,
arXiv:2602.06895, section 2.2).  The dimensions of the hypercube are, in this order: partonic
energy and rapidity (hadrons only), masses and polar variables, and last n - 1 azimuths, which
are periodic.  The first azimuth turns the whole event around the beam: nothing that is
averaged over spins depends on it.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space.chain import Chain
from mcsurrogate.phase_space.decays import decay
from mcsurrogate.phase_space.exchange import (
    boson_masses,
    energy_of_exchange,
    rest_maps,
    transfer_maps,
)
from mcsurrogate.phase_space.frames import Columns
from mcsurrogate.phase_space.invariants import (
    BreitWigner,
    InvariantMap,
    power_law,
)
from mcsurrogate.phase_space.luminosity import Beams, Luminosity
from mcsurrogate.phase_space.protocol import PhaseSpacePoint
from mcsurrogate.phase_space.topology import Propagator, Topology
from mcsurrogate.phase_space.tree import (
    Node,
    Powers,
    build_blocks,
    competing_map,
    least_sum,
    typical_sums,
)
from mcsurrogate.phase_space.walk import Backward, Forward, Mass, Observed, Walker, Weigher

__all__ = ["Bounds", "TopologyMapping", "build_mapping"]

_TWO_PI = 2 * math.pi


class Bounds(Protocol):
    """What cuts tell a mapping about the region that they leave."""

    def least_mass(self, legs: frozenset[int]) -> float:
        """Least mass in GeV of a set of outgoing legs."""
        ...

    def least_transverse_momentum(self, leg: int) -> float:
        """Least transverse momentum in GeV of an outgoing leg."""
        ...

    def largest_rapidity(self, leg: int) -> float:
        """Largest magnitude of the rapidity of an outgoing leg; infinite without a cut."""
        ...


class _NoBounds:
    def least_mass(self, legs: frozenset[int]) -> float:  # noqa: ARG002
        return 0.0

    def least_transverse_momentum(self, leg: int) -> float:  # noqa: ARG002
        return 0.0

    def largest_rapidity(self, leg: int) -> float:  # noqa: ARG002
        return math.inf


class TopologyMapping:
    """Differentiable, invertible phase space along one topology.

    Parameters
    ----------
    topology
        The channel.  Without any propagator phase space is flat (RAMBO on diet).
    final_masses
        Masses of the outgoing legs 2, 3, ... in GeV.
    sqrt_s
        Energy of the collision in GeV: of the hadrons, or of the partons.
    hadronic
        Whether the partons carry fractions of the beams; x1 = x2 = 1 otherwise.
    powers
        Exponents of the maps.
    bounds
        What the cuts leave, for example `Cuts`; the mapping then avoids part of what they
        remove.
    energy
        Map of the partonic mass squared in hadron collisions; a Breit-Wigner where the
        topology has a resonance that carries it, else a power law, where None.
    reflected
        Whether a space-like chain is followed from beam 1 to beam 0: the hypercube of the
        mirrored event.

    Attributes
    ----------
    dim, names, periodic
        Number of dimensions of the hypercube, their names, and which are circles.
    exchanges
        Whether a massless particle along a beam radiates a massive boson.
    leaves
        Outgoing legs in the order of the recursion.
    map_key
        Equal for mappings that differ by the order of their leaves and by reflection only.
    key
        Equal for mappings that differ by the order of their leaves only.

    Raises
    ------
    PhaseSpaceError
        Masses or energies are impossible, or cuts and energy exclude each other.
    """

    def __init__(
        self,
        topology: Topology,
        final_masses: Sequence[float],
        sqrt_s: float,
        *,
        hadronic: bool = True,
        powers: Powers | None = None,
        bounds: Bounds | None = None,
        energy: InvariantMap | None = None,
        reflected: bool = False,
    ) -> None:
        n = topology.legs - 2
        powers = powers or Powers()
        bounds = bounds or _NoBounds()
        if len(final_masses) != n:
            raise PhaseSpaceError(f"{len(final_masses)} final masses for {n} outgoing legs")
        if not all(0 <= m < math.inf for m in final_masses):
            raise PhaseSpaceError(f"final masses {tuple(final_masses)} GeV: none may be negative")
        self.topology = topology
        self.reflected = reflected
        walked = topology.reflected() if reflected else topology
        self.masses = tuple(map(float, final_masses))
        self.sqrt_s = float(sqrt_s)
        blocks = build_blocks(walked, self.masses, powers, bounds.least_mass)
        bosons = boson_masses(walked, blocks)
        self.exchanges = any(bosons)
        everything = frozenset(range(2, topology.legs))
        least = max(least_sum(blocks), bounds.least_mass(everything))
        if not least < sqrt_s < math.inf:
            raise PhaseSpaceError(
                f"{sqrt_s:g} GeV are not enough: final state and cuts need {least:g} GeV"
            )
        self.luminosity: Luminosity | None = None
        if hadronic:
            if max(sum(self.masses), bounds.least_mass(everything)) == 0:
                raise PhaseSpaceError(
                    "massless particles in hadron collisions need a cut that keeps their mass "
                    "above zero"
                )
            energy = energy or _energy_map(topology, blocks, bosons, powers, least)
            self.luminosity = Luminosity(self.sqrt_s, least * least, energy)
        self._root = blocks[0] if len(blocks) == 1 else None
        self._chain: Chain | None = None
        if self._root is None:
            least_pt = [
                bounds.least_transverse_momentum(block.legs[0]) if block.is_leaf else 0.0
                for block in blocks
            ]
            soft = None
            if bosons[0] == 0:
                # whoever radiates a massive particle is not soft
                power = powers.soft if _may_be_massless(walked.space_like[0]) else 0.0
                soft = power_law(power, 0.0)
            self._chain = Chain(
                blocks,
                transfer_maps(walked.space_like, bosons, powers),
                rest_maps(bosons, powers),
                soft,
                least_pt,
            )
        self.leaves = tuple(leg for block in blocks for leg in block.leaves)
        self.map_key: tuple[object, ...] = (
            self.sqrt_s,
            self.luminosity and (self.luminosity.s_min, self.luminosity.invariant.key),
            tuple(block.key for block in blocks),
            self._chain and self._chain.key,
        )
        self.key: tuple[object, ...] = (*self.map_key, reflected)
        offset = 2 if hadronic else 0
        self._regular = slice(offset, offset + 2 * n - 3)
        self.dim = offset + 3 * n - 4
        self.periodic = (False,) * (self.dim - n + 1) + (True,) * (n - 1)
        self.names = (
            ("tau", "rapidity")[:offset]
            + tuple(f"invariant_{i}" for i in range(2 * n - 3))
            + tuple(f"phi_{i}" for i in range(n - 1))
        )

    def forward(self, u: Tensor) -> PhaseSpacePoint:
        """Map ``u`` of shape ``(N, dim)`` in [0, 1] to phase-space points.

        The momenta are a view whose components are contiguous: ``momenta[:, i, j]`` costs
        nothing.
        """
        if u.ndim != 2 or u.shape[1] != self.dim:
            raise PhaseSpaceError(f"points of shape {tuple(u.shape)}, expected (N, {self.dim})")
        columns = list(u.t().contiguous().unbind(0))
        azimuths = columns[self._regular.stop :]
        walker = Forward(columns[self._regular], azimuths[1:])
        beams = self._beams(columns)
        found: dict[int, Columns] = {}
        self._walk(walker, beams.s, None, found)
        assert walker.jacobian is not None
        jacobian = walker.jacobian * beams.jacobian
        momenta = self._laboratory(beams, found, azimuths[0])
        x1, x2 = self._physical(beams)
        return PhaseSpacePoint(momenta, x1, x2, jacobian)

    def inverse(self, momenta: Tensor, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
        """Return ``u`` of shape ``(N, dim)`` and the jacobian of ``forward`` there."""
        first: list[Tensor] = []
        if self.luminosity is None:
            s = torch.full_like(x1, self.sqrt_s**2)
            beams = Beams(x1, x2, s, torch.ones_like(s))
        else:
            u, beams = self.luminosity.inverse(*((x2, x1) if self.reflected else (x1, x2)))
            first = [u[:, 0], u[:, 1]]
        x, y, z = self._centre_of_mass(momenta, x1, x2)
        x, y, azimuth = self._turned(x, y)
        walker = Backward()
        self._walk(walker, beams.s, self._systems(x, y, -z if self.reflected else z), {})
        assert walker.jacobian is not None
        u = torch.stack([*first, *walker.regular, azimuth, *walker.azimuths], dim=1)
        return u.clamp(0, 1), walker.jacobian * beams.jacobian

    def observed(self, momenta: Tensor, x1: Tensor, x2: Tensor) -> Observed:
        """Events as all mappings of the same process and beams look at them: for `jacobian`."""
        return self._systems(*self._centre_of_mass(momenta, x1, x2))

    def jacobian(self, observed: Observed, x1: Tensor, x2: Tensor) -> Tensor:
        """Jacobian of `forward` ``(N,)`` at events that `observed` has looked at.

        Where channels have systems of particles in common, these are computed once.
        """
        walker = Weigher(reflected=self.reflected)
        luminosity = self.luminosity
        if luminosity is None:
            self._walk(walker, torch.full_like(x1, self.sqrt_s**2), observed, {})
        else:
            self._walk(walker, x1 * x2 * luminosity.s_hadronic, observed, {})
        assert walker.jacobian is not None
        if luminosity is None:
            return walker.jacobian
        key = ("energy", luminosity.s_min, luminosity.invariant.key)
        return walker.jacobian * observed.once(key, lambda: luminosity.inverse(x1, x2)[1].jacobian)

    def _walk(
        self, walker: Walker, s: Tensor, observed: Observed | None, found: dict[int, Columns]
    ) -> None:
        root = s.sqrt()
        event = Mass(s, root, root - sum(self.masses))
        if self._chain is not None:
            self._chain.walk(walker, event, observed, found)
        else:
            assert self._root is not None
            decay(walker, self._root, event, None, observed, found)

    def _physical(self, beams: Beams) -> tuple[Tensor, Tensor]:
        """Momentum fractions of beam 0 and of beam 1."""
        return (beams.x2, beams.x1) if self.reflected else (beams.x1, beams.x2)

    def _beams(self, columns: Sequence[Tensor]) -> Beams:
        if self.luminosity is not None:
            return self.luminosity.forward(columns[0], columns[1])
        one = torch.ones_like(columns[0])
        return Beams(one, one, one * self.sqrt_s**2, one)

    def _laboratory(self, beams: Beams, found: dict[int, Columns], azimuth: Tensor) -> Tensor:
        """Turn by the overall azimuth and boost along the beam."""
        legs = [found[leg] for leg in range(2, self.topology.legs)]
        e, x, y, z = (torch.stack([p[i] for p in legs]) for i in range(4))
        phi = _TWO_PI * azimuth
        cos, sin = torch.cos(phi), torch.sin(phi)
        half = 0.5 * self.sqrt_s
        x1, x2 = self._physical(beams)
        in1, in2 = half * x1, half * x2
        if self.reflected:
            z = -z
        zero = torch.zeros_like(in1)
        turned_x, turned_y = cos * x - sin * y, sin * x + cos * y
        if self.luminosity is not None:
            stretch = (x1 / x2).sqrt()
            plus, minus = (e + z) * (0.5 * stretch), (e - z) * (0.5 / stretch)
            e, z = plus + minus, plus - minus
        rows = (
            torch.cat((torch.stack((in1, in2)), e)),
            torch.cat((torch.stack((zero, zero)), turned_x)),
            torch.cat((torch.stack((zero, zero)), turned_y)),
            torch.cat((torch.stack((in1, -in2)), z)),
        )
        return torch.stack(rows).permute(2, 1, 0)

    def _centre_of_mass(
        self, momenta: Tensor, x1: Tensor, x2: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Undo the boost: components ``(n, N)`` of the outgoing momenta."""
        e, x, y, z = momenta[:, 2:].permute(2, 1, 0).contiguous().unbind(0)
        if self.luminosity is not None:
            stretch = (x1 / x2).sqrt()
            plus, minus = (e + z) * (0.5 / stretch), (e - z) * (0.5 * stretch)
            z = plus - minus
        return x, y, z

    def _turned(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Undo the turn; also return the overall azimuth as a fraction."""
        node = self._root.children[0] if self._root is not None else None
        if node is None:
            assert self._chain is not None
            node = self._chain.blocks[0]
        rows = [leg - 2 for leg in node.legs]
        first_x, first_y = x[rows].sum(dim=0), y[rows].sum(dim=0)
        size = torch.hypot(first_x, first_y).clamp(min=torch.finfo(x.dtype).tiny)
        cos, sin = first_x / size, first_y / size
        azimuth = torch.atan2(first_y, first_x) / _TWO_PI
        azimuth = torch.where(azimuth < 0, azimuth + 1, azimuth)
        return cos * x + sin * y, cos * y - sin * x, azimuth

    def _systems(self, x: Tensor, y: Tensor, z: Tensor) -> Observed:
        """Look at outgoing momenta with components ``(n, N)``."""
        s = x.new_tensor(self.masses).square().unsqueeze(1)
        energies = (x * x + y * y + z * z + s).sqrt()
        legs = range(2, self.topology.legs)
        particles = {leg: Columns(*p) for leg, *p in zip(legs, energies, x, y, z, strict=True)}
        return Observed(particles, dict(zip(legs, self.masses, strict=True)))


def _may_be_massless(propagator: Propagator) -> bool:
    return any(mass == 0 for mass, _ in propagator.poles)


def _energy_map(
    topology: Topology,
    blocks: Sequence[Node],
    bosons: Sequence[float],
    powers: Powers,
    least: float,
) -> InvariantMap:
    parts = blocks if len(blocks) > 1 else blocks[0].children
    sums = typical_sums(parts)
    jets = [block.is_leaf and block.least == 0 for block in (blocks[0], blocks[-1])]
    resonant = any(block.typical[-1] > block.least for block in blocks)
    if any(bosons) or (len(blocks) > 2 and all(jets) and resonant):
        # far above all thresholds
        return energy_of_exchange(sums[-1] if sums[-1] > least else 0.0)
    everything = frozenset(range(2, topology.legs))
    poles = [pole for p in topology.time_like if p.legs == everything for pole in p.poles]
    own: list[InvariantMap] = [BreitWigner(*pole) for pole in poles if pole[1] > 0]
    if not own or len(own) < len(poles):
        own.append(power_law(powers.energy, 0.0))
    return competing_map(own, sums, least)


def build_mapping(
    topology: Topology,
    final_masses: Sequence[float],
    sqrt_s: float,
    *,
    cuts: Bounds | None = None,
    hadronic: bool = True,
    powers: Powers | None = None,
) -> TopologyMapping:
    """Build the mapping of a topology; see `TopologyMapping`."""
    return TopologyMapping(
        topology, final_masses, sqrt_s, hadronic=hadronic, powers=powers, bounds=cuts
    )
