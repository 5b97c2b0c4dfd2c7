# SPDX-License-Identifier: GPL-3.0-or-later
r"""Several topologies of one process as channels of one integral.

.. math:: I = \sum_k \int dx\, \alpha_k(x) f(x) = \sum_k \int du\, \alpha_k f\, J_k

with analytic channel weights that sum to one at every physical point (R. Kleiss, R. Pittau,
hep-ph/9405257; F. Maltoni, T. Stelzer, hep-ph/0208156).
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space.mapping import Bounds, TopologyMapping
from mcsurrogate.phase_space.protocol import PhaseSpacePoint
from mcsurrogate.phase_space.topology import Propagator, Topology
from mcsurrogate.phase_space.tree import Powers

__all__ = ["ChannelSet"]

Prior = Literal["propagators", "densities", "uniform"]


class ChannelSet:
    r"""Channels of a process and their analytic weights.

    Parameters
    ----------
    mappings
        One for each channel, all of the same process, energy and kind of beams.
    prior
        Which weights `prior` returns: ``"propagators"``, MadGraph's recipe, each channel in
        proportion to :math:`\prod |p^2 - m^2 + i m \Gamma|^{-2}` of its propagators, summed over
        the particles that a line may be (cheap); ``"densities"``, in proportion to the density
        1/J_k of its mapping (one inverse a
        channel); ``"uniform"``.

    Raises
    ------
    PhaseSpaceError
        The channels do not belong together.
    """

    def __init__(self, mappings: Sequence[TopologyMapping], prior: Prior = "propagators") -> None:
        if not mappings:
            raise PhaseSpaceError("a channel set needs at least one channel")
        if prior not in ("propagators", "densities", "uniform"):
            raise PhaseSpaceError(
                f"unknown prior {prior!r}; choose 'propagators', 'densities' or 'uniform'"
            )
        first = mappings[0]
        for mapping in mappings:
            same = (mapping.dim, mapping.masses, mapping.sqrt_s) == (
                first.dim,
                first.masses,
                first.sqrt_s,
            )
            if not same:
                raise PhaseSpaceError("channels of different final states, beams or energies")
        self.mappings = tuple(mappings)
        self.prior_kind: Prior = prior
        self.overlapping = prior == "densities"
        self.dim = first.dim
        self.channels = len(self.mappings)
        self.periodic = first.periodic
        self.names = tuple(
            mapping.topology.name or f"channel {i}" for i, mapping in enumerate(self.mappings)
        )
        groups: dict[tuple[object, ...], list[int]] = {}
        for k, mapping in enumerate(self.mappings):
            groups.setdefault(mapping.key, []).append(k)
        self._groups = tuple(groups.values())
        self._relabelling = [
            _relabelling(self.mappings[group[0]].leaves, self.mappings[k].leaves)
            for k, group in sorted((k, group) for group in self._groups for k in group)
        ]
        ranked = [k for group in self._groups for k in group]
        self._rank = torch.tensor([ranked.index(k) for k in range(self.channels)])
        unique = dict.fromkeys(p for m in self.mappings for p in m.topology.propagators)
        self._propagators: tuple[Propagator, ...] = tuple(unique)
        self._heaviest = max(
            (m for p in unique if not p.space_like for m, width in p.poles if width > 0),
            default=0.0,
        )
        self._uses = torch.tensor(
            [
                [float(p in m.topology.propagators) for p in self._propagators]
                for m in self.mappings
            ],
            dtype=torch.float64,
        ).reshape(self.channels, len(self._propagators))

    @classmethod
    def from_topologies(
        cls,
        topologies: Sequence[Topology],
        final_masses: Sequence[float],
        sqrt_s: float,
        *,
        hadronic: bool = True,
        cuts: Bounds | None = None,
        powers: Powers | None = None,
        prior: Prior | None = None,
    ) -> "ChannelSet":
        """Build one channel for each different topology.

        Topologies with the same propagators are one channel, which keeps the first name.
        Space-like chains begin with a massless particle that has a least transverse momentum,
        if there is one at either end: in the first step cuts are limits of the map.

        Parameters
        ----------
        topologies
            Of the diagrams of a process.
        final_masses, sqrt_s, hadronic, cuts, powers
            As for `TopologyMapping`.
        prior
            As for the class; if None, the densities where massive bosons are exchanged: there
            many channels compete everywhere, and propagators do not say which one is needed.
        """
        different: dict[tuple[object, ...], Topology] = {}
        for topology in topologies:
            key = (topology.legs, frozenset(topology.time_like), topology.space_like)
            different.setdefault(key, topology)
        mappings = [
            TopologyMapping(
                topology,
                final_masses,
                sqrt_s,
                hadronic=hadronic,
                bounds=cuts,
                powers=powers,
                reflected=_better_reflected(topology, final_masses, cuts),
            )
            for topology in different.values()
        ]
        if prior is None:
            prior = "densities" if any(m.exchanges for m in mappings) else "propagators"
        return cls(mappings, prior)

    def forward(self, u: Tensor, channel: Tensor | int) -> PhaseSpacePoint:
        """Map points in their channels to phase space.

        Parameters
        ----------
        u
            ``(N, dim)`` in [0, 1].
        channel
            ``(N,)`` int64, or one channel for all.

        Returns
        -------
        PhaseSpacePoint
            In the order of ``u``, with the jacobian of each point's channel.
        """
        if isinstance(channel, int):
            return self._mapping(channel).forward(u)
        if channel.shape != u.shape[:1]:
            raise PhaseSpaceError(
                f"{tuple(channel.shape)} channels for points of shape {tuple(u.shape)}"
            )
        counts = torch.bincount(channel, minlength=self.channels).tolist()
        if len(counts) > self.channels:
            raise PhaseSpaceError(f"channel {len(counts) - 1} of {self.channels}")
        # Sort by channel, channels with the same map next to each other.
        rank = self._rank.to(channel.device)
        order = torch.argsort(rank[channel], stable=True)
        back = torch.empty_like(order)
        back[order] = torch.arange(len(order), device=order.device)
        sorted_u = u[order]
        points: list[PhaseSpacePoint] = []
        momenta: list[Tensor] = []
        start = 0
        for group in self._groups:
            total = sum(counts[k] for k in group)
            if total == 0:
                continue
            point = self.mappings[group[0]].forward(sorted_u[start : start + total])
            columns, first = point.momenta.permute(2, 1, 0), 0
            for k in group:
                legs = self._relabelling[k]
                momenta.append(columns[:, legs, first : first + counts[k]])
                first += counts[k]
            points.append(point)
            start += total
        if not points:
            return self.mappings[0].forward(u)
        return PhaseSpacePoint(
            torch.cat(momenta, dim=2).index_select(2, back).permute(2, 1, 0),
            torch.cat([p.x1 for p in points])[back],
            torch.cat([p.x2 for p in points])[back],
            torch.cat([p.jacobian for p in points])[back],
        )

    def _mapping(self, channel: int) -> TopologyMapping:
        if not 0 <= channel < self.channels:
            raise PhaseSpaceError(f"channel {channel} of {self.channels}")
        return self.mappings[channel]

    def inverse(
        self, momenta: Tensor, x1: Tensor, x2: Tensor, channel: int
    ) -> tuple[Tensor, Tensor]:
        """Return ``u`` and the jacobian of one channel at physical points."""
        return self._mapping(channel).inverse(momenta, x1, x2)

    def densities(
        self, momenta: Tensor, x1: Tensor, x2: Tensor, needed: Tensor | None = None
    ) -> Tensor:
        """Densities 1/J_k of channels at physical points, ``(N, K)`` in GeV^(4-2n).

        Zero where a channel has no such point, and in channels that are not ``needed`` ``(K,)``.
        """
        observed = self.mappings[0].observed(momenta, x1, x2)
        densities = x1.new_zeros(self.channels, len(x1))
        for k in range(self.channels) if needed is None else needed.nonzero()[:, 0].tolist():
            jacobian = self.mappings[k].jacobian(observed, x1, x2)
            densities[k] = torch.where(jacobian > 0, 1 / jacobian, 0.0)
        return densities.t()

    def prior(
        self, momenta: Tensor, x1: Tensor, x2: Tensor, needed: Tensor | None = None
    ) -> Tensor:
        """Analytic channel weights at physical points.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` in GeV, laboratory frame.
        x1, x2
            ``(N,)`` momentum fractions.
        needed
            ``(K,)`` bool: channels whose weights are asked for.  Where these are densities, others
            take no time and have none.

        Returns
        -------
        Tensor
            ``(N, K)``, not negative, with sum one over the channels, or zero where no needed
            channel has such a point.
        """
        if self.prior_kind == "uniform":
            return momenta.new_full((len(momenta), self.channels), 1 / self.channels)
        if self.prior_kind == "densities":
            densities = self.densities(momenta, x1, x2, needed)
            tiny = torch.finfo(densities.dtype).tiny
            return densities / densities.sum(dim=1, keepdim=True).clamp(min=tiny)
        return self.propagator_weights(momenta)

    def propagator_weights(self, momenta: Tensor) -> Tensor:
        r"""Weights in proportion to :math:`\prod |p^2 - m^2 + i m \Gamma|^{-2}`, ``(N, K)``.

        A line without a width, of distance d from its pole, counts with 1/(d (d + M^2)), where M
        is the mass of the heaviest resonance in the process: closer than that numerators cancel
        one power of the pole, and a jet along a beam must not outweigh a resonance that its
        channel does not map.
        """
        total = momenta[:, 0] + momenta[:, 1]
        s = total[:, 0].square() - total[:, 1:].square().sum(dim=1)
        logits = momenta.new_zeros(len(momenta), self.channels)
        if self._propagators:
            # In units of the energy, so that channels may differ in the number of propagators.
            logs = [self._log_propagator(p, momenta, s) for p in self._propagators]
            logits = torch.stack(logs, dim=1) @ self._uses.to(momenta).t()
        return torch.softmax(logits, dim=1)

    def _log_propagator(self, p: Propagator, momenta: Tensor, s: Tensor) -> Tensor:
        legs = sorted(p.legs)
        q = momenta[:, legs[0]]
        for leg in legs[1:]:
            q = q + momenta[:, leg]
        if p.space_like:
            q = momenta[:, 0] - q
        q2 = q[:, 0].square() - q[:, 1:].square().sum(dim=1)
        eps = torch.finfo(s.dtype).eps
        inverse = []
        for mass, width in p.poles:
            distance = ((q2 - mass**2) / s).abs().clamp(min=eps)
            if width == 0:
                inverse.append(distance * (distance + self._heaviest**2 / s))
            else:
                inverse.append(distance.square() + (mass * width / s).square())
        if len(inverse) == 1:
            return -torch.log(inverse[0])
        return torch.log(torch.stack([1 / value for value in inverse]).sum(0))


def _relabelling(from_leaves: Sequence[int], to_leaves: Sequence[int]) -> list[int]:
    """Legs of one mapping in the order in which another, equal one calls them."""
    legs = list(range(2 + len(from_leaves)))
    for source, target in zip(from_leaves, to_leaves, strict=True):
        legs[target] = source
    return legs


def _better_reflected(topology: Topology, masses: Sequence[float], cuts: Bounds | None) -> bool:
    """Whether a space-like chain is better followed from beam 1.

    Where neither end is better the masses decide, so that channels which are mirror images of
    each other have the same map.
    """

    def end(block: frozenset[int]) -> tuple[bool, list[float]]:
        inside = sorted(masses[leg - 2] for leg in block)
        leg, *others = block
        jet = cuts is not None and not others and cuts.least_transverse_momentum(leg) > 0
        return not (jet and inside[0] == 0), inside

    order = [end(block) for block in topology.blocks]
    return order[::-1] < order
