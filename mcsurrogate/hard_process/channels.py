# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels of the phase space from the diagrams of a process."""

from collections.abc import Sequence, Set
from dataclasses import replace
from itertools import product
from typing import Protocol

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.hard_process.skeletons import Skeleton
from mcsurrogate.matrix_elements import SubprocessGroup, antiparticle, particle_by_pdg
from mcsurrogate.phase_space import (
    ChannelSet,
    Cuts,
    HadronicPhaseSpace,
    PhaseSpacePoint,
    Propagator,
    Topology,
    TopologyMapping,
    TransverseDecays,
    TransverseMapping,
)

__all__ = ["Channels", "build_channels", "symmetry_groups"]

_TWO = 2
_FEW_CHANNELS = 8
"""Number of channels up to which lines that may be several particles have a channel for each."""


class Channels(Protocol):
    """What a hard process needs of its phase space."""

    dim: int
    channels: int
    names: tuple[str, ...]
    periodic: tuple[bool, ...]

    def forward(self, u: Tensor, channel: Tensor | int) -> PhaseSpacePoint:
        """Map points ``(N, dim)`` in their channels ``(N,)`` to phase space."""
        ...

    def prior(
        self, momenta: Tensor, x1: Tensor, x2: Tensor, needed: Tensor | None = None
    ) -> Tensor:
        """Analytic channel weights ``(N, K)``; channels not ``needed`` ``(K,)`` may have none."""
        ...


class _OneChannel:
    """A mapping that needs no others beside it."""

    channels = 1

    def __init__(
        self, mapping: HadronicPhaseSpace | TransverseMapping | TransverseDecays, name: str
    ) -> None:
        self.mapping = mapping
        self.names: tuple[str, ...] = (name,)
        self.dim = mapping.dim
        self.periodic = mapping.periodic
        self.reflections: tuple[tuple[int, ...], ...] = ()
        self.constant: tuple[int, ...] = ()
        if isinstance(mapping, TransverseMapping):
            self.reflections, self.constant = mapping.reflections, mapping.constant

    def forward(self, u: Tensor, channel: Tensor | int) -> PhaseSpacePoint:  # noqa: ARG002
        return self.mapping.forward(u)

    def prior(
        self,
        momenta: Tensor,  # noqa: ARG002
        x1: Tensor,
        x2: Tensor,  # noqa: ARG002
        needed: Tensor | None = None,  # noqa: ARG002
    ) -> Tensor:
        return torch.ones_like(x1)[:, None]


def build_channels(
    groups: Sequence[SubprocessGroup],
    diagrams: Sequence[Skeleton],
    masses: Sequence[float],
    sqrt_s: float,
    cuts: Cuts,
    *,
    hadronic: bool,
    mapping: str = "auto",
) -> Channels:
    """Build a channel for each set of propagators of all subprocesses, or each tree, or one in all.

    Parameters
    ----------
    groups
        Subprocesses, their outgoing legs in the same order.
    diagrams
        Their propagators.
    masses
        Of the outgoing legs in GeV.
    sqrt_s
        Energy of the beams in GeV.
    cuts
        Give the mappings their bounds.
    hadronic
        Whether partons carry fractions of the beams.
    mapping
        ``diagrams``: a channel for each set of propagators, or where these are many, for each tree
        whose lines may be several particles (a photon or a Z boson); ``transverse``: one channel in
        transverse momenta and rapidities, for hadron beams; ``auto``: ``transverse`` where
        nothing is resonant and cuts keep every massless leg away from the beams, and where all
        diagrams have their resonances in common, of these and what is beside them.

    Raises
    ------
    PhaseSpaceError
        ``transverse`` was asked for with partonic beams.
    """
    legs = len(masses) + 2
    if mapping == "transverse" and not hadronic:
        raise PhaseSpaceError(
            "'transverse' draws the momentum fractions with the particles, and partonic "
            "beams have none; take 'diagrams'"
        )
    found = _different(diagrams, legs)
    resonant = _resonant(found, masses)
    if legs == 4 and min(masses) > 0 and not resonant and mapping != "transverse":
        # Flat in the angle is better than any pole.
        s_min = cuts.least_mass(frozenset((2, 3))) ** 2
        flat = HadronicPhaseSpace(sqrt_s, masses, hadronic=hadronic, s_min=s_min)
        return _OneChannel(flat, "two bodies")
    guarded = all(m > 0 or cuts.least_transverse_momentum(i + 2) > 0 for i, m in enumerate(masses))
    if mapping == "transverse" or (mapping == "auto" and hadronic and not resonant and guarded):
        radiated = _radiated(groups, masses, cuts)
        return _OneChannel(TransverseMapping(masses, sqrt_s, cuts, radiated), "transverse")
    if mapping == "auto" and hadronic and (systems := _in_common(found, resonant)):
        alone = set(range(2, legs)).difference(*resonant)
        bodies = len(alone) + sum(not any(a < b for b in resonant) for a in resonant)
        free = (leg for leg in alone if masses[leg - 2] == 0)
        if bodies > _TWO and all(cuts.least_transverse_momentum(leg) > 0 for leg in free):
            decaying = TransverseDecays(systems, masses, sqrt_s, cuts)
            return _OneChannel(decaying, "transverse with decays")
    return ChannelSet.from_topologies(found, masses, sqrt_s, hadronic=hadronic, cuts=cuts)


def _resonant(topologies: Sequence[Topology], masses: Sequence[float]) -> set[frozenset[int]]:
    """Outgoing legs of the lines that may be a particle that decays to them.

    One that emits a particle and then is a resonance of every diagram, as tops with a jet in a
    decay chain do, is off its mass shell before.
    """
    common = [_poles(topology) for topology in topologies]

    def emits(topology: Topology, p: Propagator, pole: tuple[float, float]) -> bool:
        after = (q.legs for q in topology.time_like if q.legs < p.legs and pole in q.poles)
        return any(all((legs, pole) in found for found in common) for legs in after)

    return {
        p.legs
        for topology in topologies
        for p in topology.time_like
        for pole in p.poles
        if pole[1] > 0 and pole[0] > (1 + 1e-9) * sum(masses[leg - 2] for leg in p.legs)
        if not emits(topology, p, pole)
    }


def _poles(topology: Topology) -> set[tuple[frozenset[int], tuple[float, float]]]:
    """Legs of time-like lines with masses and widths of what they may be."""
    return {(p.legs, pole) for p in topology.time_like for pole in p.poles}


def _in_common(topologies: Sequence[Topology], resonant: set[frozenset[int]]) -> list[Propagator]:
    """Lines of resonances with all particles that they may be, if every diagram has them all."""
    systems = []
    for legs in sorted(resonant, key=sorted):
        lines = [p for topology in topologies for p in topology.time_like if p.legs == legs]
        if len(lines) < len(topologies):
            return []
        (mass, width), *others = dict.fromkeys(pole for line in lines for pole in line.poles)
        systems.append(Propagator(legs, mass, width, others=tuple(others)))
    return systems


def _different(diagrams: Sequence[Skeleton], legs: int) -> list[Topology]:
    """Different sets of propagators; where they are many, all of one tree are one.

    Narrow resonances stay apart: other particles on their line would take points from them.
    """
    lines = {frozenset(diagram.lines): diagram.lines for diagram in diagrams}
    topologies = list(
        dict.fromkeys(Topology.from_lines(legs, different) for different in lines.values())
    )
    if len(topologies) > _FEW_CHANNELS:
        trees: dict[object, Topology] = {}
        for topology in topologies:
            key = topology.tree, topology.narrow
            trees[key] = trees.get(key, topology).joined(topology)
        topologies = list(trees.values())
    return [replace(topology, name=f"channel {i + 1}") for i, topology in enumerate(topologies)]


def _radiated(
    groups: Sequence[SubprocessGroup], masses: Sequence[float], cuts: Cuts
) -> tuple[int, ...]:
    """Outgoing legs that two jets radiate: several colourless massive ones, and only these."""
    massive = [leg for leg, mass in enumerate(masses) if mass > 0]
    colourless = all(
        particle_by_pdg(member.pdg_ids[leg + 2]).colour == 1
        for group in groups
        for member in group.members
        for leg in massive
    )
    free = all(cuts.least_transverse_momentum(leg + 2) == 0 for leg in massive)
    two_jets = len(masses) - len(massive) == 2
    return tuple(massive) if two_jets and colourless and free and len(massive) > 1 else ()


def symmetry_groups(channels: Channels, groups: Sequence[SubprocessGroup]) -> tuple[int, ...]:
    """Give every channel the number of its network.

    Channels share one if the same point of the hypercube gives events that differ only by an
    exchange of outgoing particles, a reflection of the beams, or both, and the process has that
    symmetry: as it stands, or with all particles replaced by their antiparticles, or those of
    the first generation by those of the second.  In the latter cases only the parton densities
    tell the two apart.
    """
    if not isinstance(channels, ChannelSet):
        return tuple(range(channels.channels))
    members = {member.pdg_ids for group in groups for member in group.members}
    result: list[int] = []
    first: list[TopologyMapping] = []
    for mapping in channels.mappings:
        number = next((i for i, m in enumerate(first) if _symmetric(m, mapping, members)), None)
        if number is None:
            number = len(first)
            first.append(mapping)
        result.append(number)
    return tuple(result)


def _symmetric(a: TopologyMapping, b: TopologyMapping, members: Set[tuple[int, ...]]) -> bool:
    """Whether a symmetry of the subprocesses takes the events of one mapping to the other's."""
    if a.map_key != b.map_key:
        return False
    source = {new: old for old, new in zip(a.leaves, b.leaves, strict=True)}
    beams = (1, 0) if a.reflected != b.reflected else (0, 1)
    order = (*beams, *(source[leg] for leg in range(2, 2 + len(source))))
    images = {tuple(ids[leg] for leg in order) for ids in members}
    return any(
        {tuple(_renamed(pdg, *how) for pdg in ids) for ids in images} == members
        for how in product((False, True), repeat=3)
    )


def _renamed(pdg: int, conjugated: bool, quarks: bool, leptons: bool) -> int:
    """Return what a symmetry makes of a particle; quarks and leptons exchange generations apart."""
    kinds = (((1, 3), (2, 4)) if quarks else ()) + (((11, 13), (12, 14)) if leptons else ())
    for pair in kinds:
        if abs(pdg) in pair:
            pdg = (sum(pair) - abs(pdg)) * (1 if pdg > 0 else -1)
    return antiparticle(pdg) if conjugated else pdg
