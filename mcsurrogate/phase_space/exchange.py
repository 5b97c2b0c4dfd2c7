# SPDX-License-Identifier: GPL-3.0-or-later
r"""Chains in which beam particles exchange massive bosons: fusion and scattering of W and Z.

A massless particle that radiates a boson of mass M goes on with most of its energy.  The boson
takes the part x, with the density dx/x, and a transfer T = -t with \(T/(T + M^2)^2\) or
\(M^2/(T + M^2)^2\), transverse or longitudinal (effective vector bosons: S. Dawson, Nucl. Phys.
B249 (1985) 42, eqs. 2.17 and 2.19).  What is left of the chain has the mass squared x s, so that

.. math:: \frac{d\sigma}{dm^2\,dT} \propto \frac{1}{(m^2 + M^2)\,(T + M^2)^\nu}

and the partonic energy, of which the two bosons take parts, is far above all thresholds.
"""

from collections.abc import Sequence

from mcsurrogate.phase_space.invariants import InvariantMap, power_law
from mcsurrogate.phase_space.topology import Propagator, Topology
from mcsurrogate.phase_space.tree import Node, Powers, competing_map

__all__ = ["boson_masses", "energy_of_exchange", "rest_maps", "transfer_maps"]


def boson_masses(topology: Topology, blocks: Sequence[Node]) -> list[float]:
    """Mass in GeV of the boson that a beam particle radiates, for each space-like propagator.

    Parameters
    ----------
    topology
        The channel.
    blocks
        Its blocks, from beam 0 to beam 1.

    Returns
    -------
    list of float
        Zero where no massive boson is exchanged, or not by a massless particle at an end of the
        chain, or where two particles scatter that make no others.
    """
    masses = [0.0] * len(topology.space_like)
    if topology.legs > 4:
        for end, block in ((0, blocks[0]), (-1, blocks[-1])):
            if block.is_leaf and block.least == 0:
                masses[end] = max(mass for mass, _ in topology.space_like[end].poles)
    return masses


def transfer_maps(
    space_like: Sequence[Propagator], bosons: Sequence[float], powers: Powers
) -> list[InvariantMap]:
    """Return the maps of T = -t of each space-like propagator."""
    return [
        competing_map(
            [
                power_law(
                    powers.exchange if boson > 0 and mass > 0 else powers.space_like,
                    max(mass, powers.floor),
                )
                for mass, _ in propagator.poles
            ]
        )
        for propagator, boson in zip(space_like, bosons, strict=True)
    ]


def rest_maps(bosons: Sequence[float], powers: Powers) -> list[InvariantMap]:
    """Return the maps of the mass squared of what is left after each block but the last two."""
    ends = bosons[0] or bosons[-1]
    if ends > 0:
        return [power_law(1.0, boson or ends) for boson in bosons[:-1]]
    return [power_law(powers.open, powers.floor)] * (len(bosons) - 1)


def energy_of_exchange(typical: float) -> InvariantMap:
    """Return the map of the partonic mass squared of such chains, uniform in its logarithm.

    Parameters
    ----------
    typical
        Mass in GeV of the particles between the jets where resonances are on their mass shells:
        below it the density is even.
    """
    return power_law(1.0, typical)
