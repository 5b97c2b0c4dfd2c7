# SPDX-License-Identifier: GPL-3.0-or-later
"""Recorded cluster decays once more, as functions of the networks: gradients of hadron momenta.

What was drawn from a spline is a function of the network and a uniform number that stays as it was:
with the cumulative function F the derivative of a draw x is ``-dF / f(x)`` (implicit
reparametrisation, arXiv:1805.08498), through all later steps of the decay. Discrete draws have no
such derivative; their log probabilities are summed for score-function gradients (arXiv:1506.05254
puts both together).
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.clusters.networks import (
    ANGLE_SCALE,
    ClusterNetworks,
    angle_coordinate,
    momentum,
)
from mcsurrogate.hadronization.clusters.recording import ClusterRecording, Draw
from mcsurrogate.hadronization.spline import unit_spline_cumulative, unit_spline_log_density

__all__ = ["DecayReplay", "reparametrised", "replay"]

_HH, _HC, _CH, _CC = range(4)
# Rows of a step of each kind, in the order of the draws; the last one is the azimuth.
_LENGTHS = np.array([4, 5, 5, 6])
_MARGIN = 1e-4
_EDGE = 1e-6
_SMALLEST_DENSITY = 1e-3
_SMALLEST_SCALE = 1e-8


@dataclass(frozen=True, slots=True)
class DecayReplay:
    """Hadrons of recorded decays.

    Attributes
    ----------
    event
        ``(H,)`` int64 of each hadron, as in the recording.
    momenta
        ``(H, 4)`` float64 [E, px, py, pz] in GeV, with derivatives.
    log_probability
        ``(E,)`` float64 sums over the discrete draws of decays, with derivatives.
    """

    event: Tensor
    momenta: Tensor
    log_probability: Tensor


@dataclass(frozen=True, slots=True)
class _Level:
    """Steps of equal depth: first rows, kinds, swaps, and whose products they decay."""

    row: NDArray[np.int64]
    kind: NDArray[np.int64]
    swapped: NDArray[np.bool_]
    parent: NDArray[np.int64]
    side: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Clusters:
    """Where N steps begin: p ``(N, 3)``, mass ``(N,)``, reference ``(N, 4)``, of_plus ``(N,)``."""

    p: Tensor
    mass: Tensor
    reference: Tensor
    of_plus: Tensor

    def take(self, index: Tensor) -> "_Clusters":
        return _Clusters(*(getattr(self, column.name)[index] for column in fields(self)))


def replay(networks: ClusterNetworks, recording: ClusterRecording) -> DecayReplay:
    """Follow all decays of a recording.

    Parameters
    ----------
    networks
        That made the recording.
    recording
        Of E events.

    Raises
    ------
    HadronizationError
        If the recording does not hold the momenta of clusters.
    """
    momenta, events = [], []
    total = torch.zeros(recording.events, dtype=torch.float64)
    products: list[_Clusters] = []
    for level in _levels(recording):
        if products:
            both = [part.take(torch.from_numpy(level.parent)) for part in products]
            second = torch.from_numpy(level.side > 0)
            clusters = _chosen(second, both[1], both[0])
        else:
            clusters = _formed(recording, level.row)
        step = _Step(networks, recording, level, clusters)
        total = total.index_add(0, step.event, step.log_probability().double())
        products = step.products()
        for side, is_cluster in enumerate(
            (np.isin(level.kind, (_CH, _CC)), np.isin(level.kind, (_HC, _CC)))
        ):
            use = torch.from_numpy(~is_cluster)
            made = products[side]
            energy = torch.sqrt((made.p[use] ** 2).sum(dim=1) + made.mass[use] ** 2)
            momenta.append(torch.cat([energy[:, None], made.p[use]], dim=1))
            events.append(step.event[use])
    if not momenta:
        return DecayReplay(
            torch.zeros(0, dtype=torch.int64), torch.zeros(0, 4, dtype=torch.float64), total
        )
    return DecayReplay(torch.cat(events), torch.cat(momenta), total)


def _chosen(second: Tensor, a: _Clusters, b: _Clusters) -> _Clusters:
    return _Clusters(
        torch.where(second[:, None], a.p, b.p),
        torch.where(second, a.mass, b.mass),
        torch.where(second[:, None], a.reference, b.reference),
        torch.where(second, a.of_plus, b.of_plus),
    )


def _levels(recording: ClusterRecording) -> Iterator[_Level]:
    """Sort steps, which were recorded depth first, by their depth."""
    draw, choice = recording.codes[:, 1], recording.codes[:, 4]
    row = np.flatnonzero(draw == Draw.KIND)
    kind = choice[row]
    last = row + _LENGTHS[kind] - 1
    if len(row) and (row[0] == 0 or last[-1] >= len(draw) or (draw[last] != Draw.AZIMUTH).any()):
        raise HadronizationError(
            "the recording does not hold what momenta of hadrons need; record it again with the "
            "plugin of this version"
        )
    swapped = choice[last] > 0
    is_root = draw[row - 1] == Draw.REFERENCE
    depth, parent, side = (np.zeros(len(row), dtype=np.int64) for _ in range(3))
    position = np.zeros(len(row), dtype=np.int64)
    counts: dict[int, int] = {}
    waiting: list[tuple[int, int]] = []
    for i, (what, root, swap) in enumerate(
        zip(kind.tolist(), is_root.tolist(), swapped.tolist(), strict=True)
    ):
        if not root:
            above, side[i] = waiting.pop()
            depth[i], parent[i] = depth[above] + 1, position[above]
        level = int(depth[i])
        position[i] = counts.get(level, 0)
        counts[level] = int(position[i]) + 1
        if what == _CC:
            waiting += [(i, 0), (i, 1)] if swap else [(i, 1), (i, 0)]
        elif what != _HH:
            waiting.append((i, 1 if what == _HC else 0))
    for level in sorted(counts):
        use = depth == level
        yield _Level(row[use], kind[use].astype(np.int64), swapped[use], parent[use], side[use])


def _formed(recording: ClusterRecording, row: NDArray[np.int64]) -> _Clusters:
    values = torch.from_numpy(recording.values).double()
    reference = values[row - 1]
    return _Clusters(
        values[row - 2, 1:],
        values[row, 0],
        reference,
        torch.from_numpy(recording.codes[row - 1, 4] > 0),
    )


def _boosted(v: Tensor, p: Tensor, mass: Tensor, sign: float) -> Tensor:
    """Boost ``(N, 4)`` vectors from the rest frame of p to where it is p (sign 1), or back (-1)."""
    energy = torch.sqrt((p**2).sum(dim=1) + mass**2)
    beta, gamma = sign * p / energy[:, None], energy / mass
    along = (beta * v[:, 1:]).sum(dim=1)
    factor = gamma * (gamma * along / (1.0 + gamma) + v[:, 0])
    return torch.cat(
        [(gamma * (v[:, 0] + along))[:, None], v[:, 1:] + factor[:, None] * beta], dim=1
    )


def _unit(v: Tensor) -> Tensor:
    return v / torch.sqrt((v**2).sum(dim=1, keepdim=True)).clamp(min=1e-30)


def reparametrised(outputs: Tensor, t: Tensor) -> Tensor:
    """Give draws of a spline the derivative that they have at a fixed uniform number.

    Parameters
    ----------
    outputs
        ``(3 K + 1, N)`` network outputs, as `unit_spline_log_density` takes them.
    t
        ``(N,)`` what was drawn, from 0 to 1.
    """
    t = t.detach().to(outputs.dtype).clamp(_EDGE, 1.0 - _EDGE)
    cumulative = unit_spline_cumulative(outputs, t)
    density = torch.exp(unit_spline_log_density(outputs.detach(), t)).clamp(min=_SMALLEST_DENSITY)
    return (t - (cumulative - cumulative.detach()) / density).double()


class _Step:
    """All steps of one depth."""

    def __init__(
        self,
        networks: ClusterNetworks,
        recording: ClusterRecording,
        level: _Level,
        clusters: _Clusters,
    ) -> None:
        self._networks = networks
        self._codes = torch.from_numpy(recording.codes.astype(np.int64))
        self._values = torch.from_numpy(recording.values)
        self._row = torch.from_numpy(level.row)
        self._kind = torch.from_numpy(level.kind)
        self._swapped = torch.from_numpy(level.swapped)
        self._cosine = torch.from_numpy(level.row + _LENGTHS[level.kind] - 2)
        self._clusters = clusters
        self.event, _, self._first, self._second = self._codes[self._row, :4].T
        self._popped = self._codes[self._cosine, 4]

    def _inputs(self, use: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self._first[use], self._second[use], self._clusters.mass[use].float()

    def log_probability(self) -> Tensor:
        """``(N,)`` of the discrete draws."""
        networks = self._networks
        every = torch.arange(len(self._kind))
        result = torch.zeros(len(every)).index_add(
            0,
            every,
            _of_choice(networks.kind_log_probability(*self._inputs(every)), self._kind),
        )
        for kinds, of_draw in (
            ((_HH,), self._log_pair),
            ((_HC, _CH), self._log_peel),
            ((_CC,), self._log_popped),
        ):
            use = torch.isin(self._kind, torch.tensor(kinds)).nonzero()[:, 0]
            if len(use):
                result = result.index_add(0, use, of_draw(use))
        return result

    def _log_pair(self, use: Tensor) -> Tensor:
        first, second, mass = self._inputs(use)
        drawn = self._codes[self._row[use] + 1, 4:6]
        position = self._networks.position_of_pair(first, second, drawn)
        return _of_choice(self._networks.pair_log_probability(first, second, mass), position)

    def _log_peel(self, use: Tensor) -> Tensor:
        vertex, side = self._codes[self._row[use] + 1, 4:6].T
        return _of_choice(self._networks.peel_log_probability(*self._inputs(use), side), vertex)

    def _log_popped(self, use: Tensor) -> Tensor:
        return _of_choice(self._networks.pop_log_probability(*self._inputs(use)), self._popped[use])

    def _masses(self) -> Tensor:
        """``(N, 2)`` masses of both products; those of clusters are functions of the networks."""
        masses = self._values[self._cosine, 2:4].double()
        first, second = masses.T
        for role, kind, own in ((0, _CC, 0), (1, _CC, 1), (2, _HC, 1), (3, _CH, 0)):
            use = (self._kind == kind).nonzero()[:, 0]
            if len(use) == 0:
                continue
            other = (second if own == 0 else first)[use]
            drawn = self._mass(use, role, own, other)
            if own == 0:
                first = first.index_put((use,), drawn)
            else:
                second = second.index_put((use,), drawn)
        return torch.stack([first, second], dim=1)

    def _mass(self, use: Tensor, role: int, own: int, other: Tensor) -> Tensor:
        networks, popped = self._networks, self._popped[use]
        whole = self._clusters.mass[use]
        first, second, mass = self._inputs(use)
        x = networks.popped_end(popped)
        low = networks.lightest(second if own else first, x).double()
        rest = networks.lightest(second, x).double() if role == 0 else other
        high = whole - rest - (_MARGIN if role > 1 else 0.0)
        row = self._row[use] + (3 if role == 1 else 2)
        spline = networks.mass_spline(
            first, second, popped, mass, torch.full_like(first, role), other.float()
        )
        t = reparametrised(spline, self._values[row, 1])
        return low * torch.exp(t * torch.log(high / low))

    def products(self) -> list[_Clusters]:
        """Both products as clusters to be; hadrons have their momentum and mass there."""
        whole, masses = self._clusters, self._masses()
        p = momentum(whole.mass, masses[:, 0], masses[:, 1])
        cosine = self._drawn_cosine(masses, p)
        sine = torch.sqrt((1.0 - cosine**2).clamp(min=1e-16))
        axis = _unit(_boosted(whole.reference, whole.p, whole.mass, -1.0)[:, 1:])
        axis = torch.where((whole.of_plus == self._swapped)[:, None], -axis, axis)
        helper = torch.where(
            axis[:, 2:].abs() < 0.9,
            torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64),
            torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64),
        )
        x = _unit(torch.linalg.cross(axis, helper))
        y = torch.linalg.cross(axis, x)
        phi = self._values[self._cosine + 1, 1].double()
        direction = (
            cosine[:, None] * axis
            + (sine * torch.cos(phi))[:, None] * x
            + (sine * torch.sin(phi))[:, None] * y
        )
        energy = torch.sqrt(p**2 + masses[:, 0] ** 2)
        first = torch.cat([energy[:, None], p[:, None] * direction], dim=1)
        first = _boosted(first, whole.p, whole.mass, 1.0)[:, 1:]
        light = torch.ones(len(axis), 1, dtype=torch.float64)
        of_plus = torch.ones_like(self._swapped)
        return [
            _Clusters(
                momenta,
                masses[:, side],
                _boosted(torch.cat([light, sign * axis], dim=1), whole.p, whole.mass, 1.0),
                of_plus if side == 0 else ~of_plus,
            )
            for side, sign, momenta in ((0, 1.0, first), (1, -1.0, whole.p - first))
        ]

    def _drawn_cosine(self, masses: Tensor, p: Tensor) -> Tensor:
        every = torch.arange(len(self._kind))
        first, second, mass = self._inputs(every)
        primary = self._codes[self._cosine, 7] > 0
        spline = self._networks.angle_spline(
            first, second, self._popped, self._kind, primary, mass, masses.float()
        )
        lowest = self._networks.lowest_cosine(primary, p)
        recorded = self._values[self._cosine, 1].double()
        t = reparametrised(spline, angle_coordinate(recorded, p.detach(), lowest))
        scale = (2.0 * p * p / ANGLE_SCALE**2).clamp(min=_SMALLEST_SCALE)
        deviation = torch.expm1(t * torch.log1p(scale * (1.0 - lowest))) / scale
        return (1.0 - deviation).clamp(-1.0, 1.0)


def _of_choice(log_probability: Tensor, choice: Tensor) -> Tensor:
    chosen = log_probability.gather(1, choice[:, None])[:, 0]
    # Close to a threshold rounding may close what was open.
    return torch.where(torch.isfinite(chosen), chosen, torch.zeros_like(chosen))
