r"""Cuts on particles and pairs, as masks on momenta and as bounds for the mappings.

A cut names an observable and the particles it is for:

=============== ================================================== =======
observable      of                                                 unit
=============== ================================================== =======
``pt``          each particle                                      GeV
``energy``      each particle                                      GeV
``eta``         each particle, magnitude of its pseudorapidity
``rapidity``    each particle, magnitude
``delta_r``     each pair, in pseudorapidity and azimuth
``mass``        each pair                                          GeV
``kt``          each pair, min(pT) times distance in rapidity      GeV
``system_mass`` all of them together                               GeV
``system_pt``   the sum of their momenta                           GeV
=============== ================================================== =======

Jets that are more than single partons come from `JetCuts`.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import (
    delta_r,
    invariant_mass_squared,
    pseudorapidity,
    rapidity,
    transverse_momentum,
)
from mcsurrogate.phase_space.jets import JetCuts

__all__ = ["PARTICLE_GROUPS", "Cut", "Cuts"]

PARTICLE_GROUPS: dict[str, frozenset[int]] = {
    "jets": frozenset({21, *range(1, 5), *range(-4, 0)}),
    "b": frozenset({5, -5}),
    "leptons": frozenset({11, 13, 15, -11, -13, -15}),
    "neutrinos": frozenset({12, 14, 16, -12, -14, -16}),
    "photons": frozenset({22}),
}
"""PDG ids by name; ``jets`` are the gluon and the four light quarks, ``b`` comes apart."""

_SINGLE = ("pt", "energy", "eta", "rapidity")
_PAIR = ("delta_r", "mass", "kt")
_SYSTEM = ("system_mass", "system_pt")


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut.

    Attributes
    ----------
    observable
        See the module's table.
    particles
        PDG ids, or names of `PARTICLE_GROUPS`.
    others
        For pairs: the other partner; the same particles where None.
    minimum, maximum
        Allowed range.
    """

    observable: str
    particles: tuple[int | str, ...]
    others: tuple[int | str, ...] | None = None
    minimum: float = -math.inf
    maximum: float = math.inf

    def __post_init__(self) -> None:
        known = (*_SINGLE, *_PAIR, *_SYSTEM)
        if self.observable not in known:
            raise PhaseSpaceError(
                f"unknown observable {self.observable!r} in a cut; known are {', '.join(known)}"
            )
        if self.others is not None and self.observable not in _PAIR:
            raise PhaseSpaceError(f"a cut on {self.observable} has one group of particles, not two")
        if not self.particles:
            raise PhaseSpaceError(f"a cut on {self.observable} names no particles")
        if math.isnan(self.minimum) or math.isnan(self.maximum):
            raise PhaseSpaceError(f"a cut on {self.observable} has a limit that is no number")
        if not self.minimum < self.maximum or self.maximum <= 0:
            raise PhaseSpaceError(
                f"a cut on {self.observable} from {self.minimum:g} to {self.maximum:g}: nothing "
                "passes it"
            )
        for name in (*self.particles, *(self.others or ())):
            if isinstance(name, str) and name not in PARTICLE_GROUPS:
                raise PhaseSpaceError(
                    f"unknown particles {name!r} in a cut on {self.observable}; give PDG ids or "
                    f"one of {', '.join(PARTICLE_GROUPS)}"
                )


def _legs(names: Iterable[int | str], pdg_ids: Sequence[int]) -> list[int]:
    wanted: set[int] = set()
    for name in names:
        wanted |= PARTICLE_GROUPS[name] if isinstance(name, str) else {name}
    return [leg for leg in range(2, len(pdg_ids)) if pdg_ids[leg] in wanted]


class Cuts:
    """All cuts of a process: a mask for momenta, and bounds for mappings.

    Parameters
    ----------
    pdg_ids
        Of all external legs, the two incoming ones first.
    cuts
        The cuts; one whose particles the process does not have says nothing.
    masses
        Of the outgoing legs in GeV, for the bounds; zero where None.
    jets
        Cuts on anti-kt jets.
    """

    def __init__(
        self,
        pdg_ids: Sequence[int],
        cuts: Iterable[Cut] = (),
        *,
        masses: Sequence[float] | None = None,
        jets: JetCuts | None = None,
    ) -> None:
        self.pdg_ids = tuple(pdg_ids)
        self.cuts = tuple(cuts)
        n = len(self.pdg_ids) - 2
        self.masses = tuple(masses) if masses is not None else (0.0,) * n
        if n < 1 or len(self.masses) != n:
            raise PhaseSpaceError(f"{len(self.masses)} masses for {n} outgoing legs of a process")
        self.jets = jets
        self._singles: list[tuple[Cut, list[int]]] = []
        self._pairs: list[tuple[Cut, list[tuple[int, int]]]] = []
        self._systems: list[tuple[Cut, list[int]]] = []
        for cut in self.cuts:
            legs = _legs(cut.particles, self.pdg_ids)
            if cut.observable in _SINGLE and legs:
                self._singles.append((cut, legs))
            elif cut.observable in _SYSTEM and legs:
                self._systems.append((cut, legs))
            elif cut.observable in _PAIR:
                others = legs if cut.others is None else _legs(cut.others, self.pdg_ids)
                pairs = {(min(a, b), max(a, b)) for a in legs for b in others if a != b}
                if pairs:
                    self._pairs.append((cut, sorted(pairs)))

    def __call__(self, momenta: Tensor) -> Tensor:
        """Tell which events pass.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV, laboratory frame.

        Returns
        -------
        Tensor
            ``(N,)`` bool.
        """
        momenta = momenta.detach()
        keep = torch.ones(len(momenta), dtype=torch.bool, device=momenta.device)
        for cut, legs in self._singles:
            keep &= _within(cut, _single(cut.observable, momenta[:, legs])).all(dim=1)
        for cut, pairs in self._pairs:
            first = momenta[:, [a for a, _ in pairs]]
            second = momenta[:, [b for _, b in pairs]]
            keep &= _within(cut, _pair(cut.observable, first, second)).all(dim=1)
        for cut, legs in self._systems:
            total = momenta[:, legs].sum(dim=1)
            value = (
                transverse_momentum(total)
                if cut.observable == "system_pt"
                else invariant_mass_squared(total).clamp(min=0).sqrt()
            )
            keep &= _within(cut, value)
        if self.jets is not None:
            where = keep.nonzero().squeeze(1)
            if len(where) > 0:
                keep[where] = self.jets(momenta[where], self.pdg_ids)
        return keep

    def least_transverse_momentum(self, leg: int) -> float:
        """Least transverse momentum in GeV of an outgoing leg."""
        least = [c.minimum for c, legs in self._singles if c.observable == "pt" and leg in legs]
        if self.jets is not None:
            least.append(self.jets.least_transverse_momentum(leg, self.pdg_ids))
        return max([0.0, *least])

    def largest_rapidity(self, leg: int) -> float:
        """Largest magnitude of the rapidity of an outgoing leg; infinite without a cut.

        A pseudorapidity is never smaller in magnitude than the rapidity.
        """
        most = [
            c.maximum
            for c, legs in self._singles
            if c.observable in ("eta", "rapidity") and leg in legs
        ]
        return min([math.inf, *most])

    def least_mass(self, legs: frozenset[int]) -> float:
        r"""Least mass in GeV of a set of outgoing legs.

        From :math:`m^2 = \sum m_i^2 + \sum 2 p_i p_j`, with each product at least the one that
        the masses and the cuts on pairs allow; for all legs together also from the transverse
        masses, which add up to no more than the energy.
        """
        ordered = sorted(legs)
        s = sum(self.masses[leg - 2] ** 2 for leg in ordered)
        s += sum(2 * self._least_product(a, b) for a, b in combinations(ordered, 2))
        least = [math.sqrt(s)]
        for cut, members in self._systems:
            if cut.observable == "system_mass" and set(members) <= legs:
                outside = sum(self.masses[leg - 2] for leg in legs - set(members))
                least.append(max(cut.minimum, 0.0) + outside)
        if len(legs) == len(self.masses):
            transverse = (
                math.hypot(self.masses[leg - 2], self.least_transverse_momentum(leg))
                for leg in ordered
            )
            least.append(sum(transverse))
        return max(least)

    def _least_product(self, a: int, b: int) -> float:
        """Least p_a . p_b in GeV^2."""
        m_a, m_b = self.masses[a - 2], self.masses[b - 2]
        products = [m_a * m_b]
        radius = 0.0
        for cut, pairs in self._pairs:
            if (a, b) not in pairs:
                continue
            if cut.observable == "kt":
                # 2 (cosh y - cos phi) is at least (2 / pi)^2 (y^2 + phi^2)
                products.append(2 * (max(cut.minimum, 0.0) / math.pi) ** 2)
            elif cut.observable == "mass":
                products.append((max(cut.minimum, 0.0) ** 2 - m_a**2 - m_b**2) / 2)
            else:
                radius = max(radius, cut.minimum)
        if self.jets is not None and m_a == m_b == 0:
            # Jets measure rapidities, which are pseudorapidities without mass only.
            radius = max(radius, self.jets.least_distance(a, b, self.pdg_ids))
        pt_a, pt_b = self.least_transverse_momentum(a), self.least_transverse_momentum(b)
        # At a given distance cosh(d eta) - cos(d phi) is least for a pair that differs in
        # azimuth only; masses make the product larger.
        products.append(pt_a * pt_b * (1 - math.cos(min(radius, math.pi))))
        return max(products)


def _single(observable: str, p: Tensor) -> Tensor:
    if observable == "pt":
        return transverse_momentum(p)
    if observable == "energy":
        return p[..., 0]
    return pseudorapidity(p).abs() if observable == "eta" else rapidity(p).abs()


def _pair(observable: str, p: Tensor, q: Tensor) -> Tensor:
    if observable == "mass":
        return invariant_mass_squared(p, q).clamp(min=0).sqrt()
    if observable == "delta_r":
        return delta_r(p, q)
    softer = torch.minimum(transverse_momentum(p), transverse_momentum(q))
    return softer * delta_r(p, q, use_rapidity=True)


def _within(cut: Cut, value: Tensor) -> Tensor:
    return (value >= cut.minimum) & (value <= cut.maximum)
