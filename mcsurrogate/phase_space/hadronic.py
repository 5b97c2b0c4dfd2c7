# SPDX-License-Identifier: GPL-3.0-or-later
"""Flat phase space of a final state in hadron or parton collisions, without any topology."""

import math
from collections.abc import Sequence

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space.invariants import InvariantMap
from mcsurrogate.phase_space.mapping import TopologyMapping
from mcsurrogate.phase_space.topology import Topology

__all__ = ["HadronicPhaseSpace"]


class _LeastEnergy:
    """Bounds that only ask for a least partonic energy."""

    def __init__(self, mass: float, legs: int) -> None:
        self._mass = mass
        self._legs = legs

    def least_mass(self, legs: frozenset[int]) -> float:
        return self._mass if len(legs) == self._legs else 0.0

    def least_transverse_momentum(self, leg: int) -> float:  # noqa: ARG002
        return 0.0

    def largest_rapidity(self, leg: int) -> float:  # noqa: ARG002
        return math.inf


class HadronicPhaseSpace(TopologyMapping):
    """Partonic energy and rapidity, then flat n-body phase space.

    For two bodies the dimensions are tau, rapidity, (1 + cos theta)/2 in the partonic rest
    frame, and the azimuth, which is periodic.

    Parameters
    ----------
    sqrt_s
        Energy of the collision in GeV: of the hadrons, or of the partons.
    final_masses
        Masses of the outgoing particles in GeV, at least two.
    hadronic
        Whether the partons carry fractions of the beams; x1 = x2 = 1 otherwise, and the first
        two dimensions are missing.
    s_min
        Least partonic mass squared in GeV^2; the threshold where None.
    invariant
        Map of the partonic mass squared, the power law 1/s^2 where None.

    Raises
    ------
    PhaseSpaceError
        Masses or energies are impossible.
    """

    def __init__(
        self,
        sqrt_s: float,
        final_masses: Sequence[float],
        *,
        hadronic: bool = True,
        s_min: float | None = None,
        invariant: InvariantMap | None = None,
    ) -> None:
        n = len(final_masses)
        if n < 2:
            raise PhaseSpaceError(f"{n} final masses; at least two bodies are needed")
        if s_min is not None and not 0 <= s_min < math.inf:
            raise PhaseSpaceError(f"s_min = {s_min} GeV^2 must not be negative")
        super().__init__(
            Topology(n + 2, name="flat"),
            final_masses,
            sqrt_s,
            hadronic=hadronic,
            bounds=_LeastEnergy(math.sqrt(s_min or 0.0), n),
            energy=invariant,
        )
