# SPDX-License-Identifier: GPL-3.0-or-later
r"""Cuts on particles, pairs and systems, as masks on momenta and as bounds for the mappings.

A cut names an observable (`observables`) and the particles it is for: all of them, or those at
given places in the order of falling transverse momentum.  Pairs may be restricted to those of the
same flavour and opposite sign.  Jets that are more than single partons come from `JetCuts`,
isolated photons from `Isolation`.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import transverse_momentum
from mcsurrogate.phase_space.isolation import Isolation
from mcsurrogate.phase_space.jets import JetCuts
from mcsurrogate.phase_space.observables import PAIRS, PARTICLES, SYSTEMS, WITHIN_EVENT

__all__ = ["PARTICLE_GROUPS", "Cut", "Cuts", "EventCut", "legs_of"]

PARTICLE_GROUPS: dict[str, frozenset[int]] = {
    "jets": frozenset({21, *range(1, 5), *range(-4, 0)}),
    "b": frozenset({5, -5}),
    "leptons": frozenset({11, 13, 15, -11, -13, -15}),
    "neutrinos": frozenset({12, 14, 16, -12, -14, -16}),
    "photons": frozenset({22}),
}
"""PDG ids by name; ``jets`` are the gluon and the four light quarks, ``b`` comes apart."""


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut.

    Attributes
    ----------
    observable
        See `observables`.
    particles
        PDG ids, or names of `PARTICLE_GROUPS`.
    others
        For pairs: the other partner; the same particles where None.
    minimum, maximum
        Allowed range.
    ranks
        Places, from 1, in the order of falling transverse momentum among ``particles``: the
        others are free.  A place that an event does not have says nothing.
    same_flavour
        For pairs: only particles with their antiparticles.
    passed_over
        Legs that the cut is not for.
    """

    observable: str
    particles: tuple[int | str, ...]
    others: tuple[int | str, ...] | None = None
    minimum: float = -math.inf
    maximum: float = math.inf
    ranks: tuple[int, ...] | None = None
    same_flavour: bool = False
    passed_over: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        known = (*PARTICLES, *PAIRS, *SYSTEMS, *WITHIN_EVENT)
        if self.observable not in known:
            raise PhaseSpaceError(
                f"unknown observable {self.observable!r} in a cut; known are {', '.join(known)}"
            )
        if not self.is_pair and (self.others is not None or self.same_flavour):
            raise PhaseSpaceError(
                f"a cut on {self.observable} has one group of particles, not pairs: neither "
                "others nor same_flavour"
            )
        if self.ranks is not None and (self.others is not None or self.same_flavour):
            raise PhaseSpaceError(
                f"a cut on {self.observable}: ranks are places within one group of particles, and "
                "go neither with others nor with same_flavour"
            )
        if self.ranks is not None and (
            min(self.ranks, default=0) < 1 or len(set(self.ranks)) < len(self.ranks)
        ):
            raise PhaseSpaceError(
                f"a cut on {self.observable} with the ranks {list(self.ranks)}: give different "
                "numbers from 1"
            )
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

    @property
    def is_pair(self) -> bool:
        """Whether it is for each pair of particles."""
        return self.observable in PAIRS

    def within(self, value: Tensor) -> Tensor:
        """Tell which values lie in its range."""
        return (value >= self.minimum) & (value <= self.maximum)


def legs_of(names: Iterable[int | str], pdg_ids: Sequence[int]) -> list[int]:
    """Outgoing legs, from 2, that PDG ids or names of `PARTICLE_GROUPS` mean."""
    wanted: set[int] = set()
    for name in names:
        wanted |= PARTICLE_GROUPS[name] if isinstance(name, str) else {name}
    return [leg for leg in range(2, len(pdg_ids)) if pdg_ids[leg] in wanted]


@dataclass(frozen=True, slots=True)
class EventCut:
    """A cut on a function of events.

    Attributes
    ----------
    name
        What messages call the function.
    function
        From momenta ``(N, n, 4)`` in GeV, laboratory frame, to ``(N,)``.
    minimum, maximum
        Allowed range.
    """

    name: str
    function: Callable[[Tensor], Tensor]
    minimum: float = -math.inf
    maximum: float = math.inf

    def __post_init__(self) -> None:
        if not self.minimum < self.maximum:
            raise PhaseSpaceError(
                f"a cut on {self.name!r} from {self.minimum:g} to {self.maximum:g}: nothing "
                "passes it"
            )

    def __call__(self, momenta: Tensor) -> Tensor:
        """Tell which events ``(N, n, 4)`` pass."""
        value = self.function(momenta)
        if bool(value.isnan().any()):
            raise PhaseSpaceError(f"a cut on {self.name!r}: it is not a number for an event")
        return (value >= self.minimum) & (value <= self.maximum)


class _Applied:
    """A cut with the legs that it is for in one process.

    Attributes
    ----------
    legs
        All of them.
    pairs
        The pairs, for observables of pairs.
    """

    def __init__(self, cut: Cut, pdg_ids: Sequence[int]) -> None:
        def meant(names: Iterable[int | str]) -> list[int]:
            return [leg for leg in legs_of(names, pdg_ids) if leg not in cut.passed_over]

        self.cut = cut
        self.legs = meant(cut.particles)
        others = self.legs if cut.others is None else meant(cut.others)
        found = {(min(a, b), max(a, b)) for a in self.legs for b in others if a != b}
        self.pairs = sorted(
            pair for pair in found if not cut.same_flavour or pdg_ids[pair[0]] == -pdg_ids[pair[1]]
        )

    @property
    def says_something(self) -> bool:
        return bool(self.pairs if self.cut.is_pair else self.legs)

    @property
    def selection(self) -> tuple[object, ...]:
        """Equal where it measures the same legs."""
        return (tuple(self.pairs),) if self.cut.is_pair else (tuple(self.legs),)

    def __call__(self, momenta: Tensor) -> Tensor:
        """Tell which events ``(N, n, 4)`` pass."""
        cut = self.cut
        if cut.is_pair and cut.ranks is None:
            first = momenta[:, [a for a, _ in self.pairs]]
            second = momenta[:, [b for _, b in self.pairs]]
            return cut.within(PAIRS[cut.observable](first, second)).all(dim=1)
        p = momenta[:, self.legs]
        if cut.ranks is not None:
            order = transverse_momentum(p).argsort(dim=1, descending=True, stable=True)
            there = [rank - 1 for rank in cut.ranks if rank <= len(self.legs)]
            p = p.gather(1, order[:, there, None].expand(-1, -1, 4))
        if p.shape[1] == 0:
            return torch.ones(len(p), dtype=torch.bool, device=p.device)
        if cut.is_pair:
            places = list(combinations(range(p.shape[1]), 2))
            value = PAIRS[cut.observable](
                p[:, [a for a, _ in places]], p[:, [b for _, b in places]]
            )
            return cut.within(value).all(dim=1)
        if cut.observable in WITHIN_EVENT:
            return cut.within(WITHIN_EVENT[cut.observable](p, momenta[:, :2]))
        if cut.observable in SYSTEMS:
            return cut.within(SYSTEMS[cut.observable](p))
        return cut.within(PARTICLES[cut.observable](p)).all(dim=1)


def _among(keep: Tensor, passes: Callable[[Tensor], Tensor], momenta: Tensor) -> Tensor:
    """Tell which of the events that are kept so far pass."""
    where = keep.nonzero().squeeze(1)
    if len(where) > 0:
        keep[where] = passes(momenta[where])
    return keep


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
    isolation
        Of photons.
    functions
        Cuts on functions of events, which see those that pass all of the above.

    Attributes
    ----------
    selection
        Equal for processes in which the cuts are for the same legs.
    """

    def __init__(
        self,
        pdg_ids: Sequence[int],
        cuts: Iterable[Cut] = (),
        *,
        masses: Sequence[float] | None = None,
        jets: JetCuts | None = None,
        isolation: Isolation | None = None,
        functions: Iterable[EventCut] = (),
    ) -> None:
        self.pdg_ids = tuple(pdg_ids)
        self.cuts = tuple(cuts)
        n = len(self.pdg_ids) - 2
        self.masses = tuple(masses) if masses is not None else (0.0,) * n
        if n < 1 or len(self.masses) != n:
            raise PhaseSpaceError(f"{len(self.masses)} masses for {n} outgoing legs of a process")
        self.jets = jets
        self.isolation = isolation
        self.functions = tuple(functions)
        applied = [_Applied(cut, self.pdg_ids) for cut in self.cuts]
        self._applied = [item for item in applied if item.says_something]
        self._isolated: tuple[list[int], list[int]] = ([], [])
        if isolation is not None:
            particles = legs_of(isolation.particles, self.pdg_ids)
            others = legs_of(isolation.others, self.pdg_ids)
            self._isolated = (particles, [leg for leg in others if leg not in particles])
        self.selection = (*(item.selection for item in applied), self._isolated)
        # bounds know cuts that are for every particle
        whole = [item for item in self._applied if item.cut.ranks is None]
        self._singles = [(i.cut, i.legs) for i in whole if i.cut.observable in PARTICLES]
        self._pairs = [(i.cut, i.pairs) for i in whole if i.cut.is_pair]
        self._systems = [(i.cut, i.legs) for i in whole if i.cut.observable in SYSTEMS]

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
        for cut in self._applied:
            keep &= cut(momenta)
        particles, others = self._isolated
        if self.isolation is not None and particles and others:
            keep &= self.isolation(momenta[:, particles], momenta[:, others])
        for function in self.functions:
            keep = _among(keep, function, momenta)
        if self.jets is not None:
            jets = self.jets
            keep = _among(keep, lambda p: jets(p, self.pdg_ids), momenta)
        return keep

    def with_cut(self, cut: Cut) -> "Cuts":
        """Return these cuts and one more."""
        return Cuts(
            self.pdg_ids,
            [*self.cuts, cut],
            masses=self.masses,
            jets=self.jets,
            isolation=self.isolation,
            functions=self.functions,
        )

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
            least += [sum(transverse), self._least_energy()]
        return max(least)

    def _least_energy(self) -> float:
        """Least energy in GeV that transverse momenta need: they balance."""
        sums = [0.0]
        for cut, members in self._systems:
            if cut.observable in ("sum_pt", "sum_mt"):
                inside = sum(self.masses[leg - 2] for leg in members)
                own = inside if cut.observable == "sum_pt" else 0.0
                sums.append(math.hypot(own, max(cut.minimum, 0.0)) + sum(self.masses) - inside)
        leading = [cut for cut in self.cuts if cut.observable == "pt" and 1 in (cut.ranks or ())]
        sums += [2 * cut.minimum for cut in leading if legs_of(cut.particles, self.pdg_ids)]
        return max(sums)

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
            elif cut.observable == "delta_r":
                radius = max(radius, cut.minimum)
        if self.jets is not None and m_a == m_b == 0:
            # Jets measure rapidities, which are pseudorapidities without mass only.
            radius = max(radius, self.jets.least_distance(a, b, self.pdg_ids))
        pt_a, pt_b = self.least_transverse_momentum(a), self.least_transverse_momentum(b)
        # At a given distance cosh(d eta) - cos(d phi) is least for a pair that differs in
        # azimuth only; masses make the product larger.
        products.append(pt_a * pt_b * (1 - math.cos(min(radius, math.pi))))
        return max(products)
