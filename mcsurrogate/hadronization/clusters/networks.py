# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of cluster decays, laid out as the C++ evaluator reads them."""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mcsurrogate.hadronization.clusters.flavours import CLUSTER_ENDS, POPPED
from mcsurrogate.hadronization.clusters.steps import KINDS
from mcsurrogate.hadronization.clusters.tables import POPPED_END, DecayTables
from mcsurrogate.hadronization.spline import unit_spline_log_density
from mcsurrogate.hadronization.string_breaks.networks import DenseNetwork

__all__ = [
    "ANGLE_SCALE",
    "ClusterNetworks",
    "Formation",
    "angle_coordinate",
    "mass_coordinate",
    "momentum",
]

_ENDS, _POPPED, _KINDS = len(CLUSTER_ENDS), len(POPPED), len(KINDS)
_ENDS_AND_MASS = 2 * _ENDS + 1
_MASS_INPUTS = 2 * _ENDS + _POPPED + _KINDS + 2
_ANGLE_INPUTS = 2 * _ENDS + _POPPED + _KINDS + 5
#: Transverse momentum in GeV that separates the two regimes of the angle's coordinate.
ANGLE_SCALE = 0.3
_EDGE = 1e-6
_NEVER = -30.0


def momentum(mass: Tensor, m1: Tensor, m2: Tensor) -> Tensor:
    """Momentum of both products in the rest frame, GeV; 0 below the threshold."""
    # Far below the threshold both factors are negative.
    above = (mass**2 - (m1 + m2) ** 2).clamp(min=0.0)
    square = above * (mass**2 - (m1 - m2) ** 2).clamp(min=0.0)
    # The root of zero has no derivative, not even one that counts for nothing.
    is_open = square > 0
    root = torch.sqrt(torch.where(is_open, square, torch.ones_like(square)))
    return torch.where(is_open, root, torch.zeros_like(root)) / (2.0 * mass)


def angle_coordinate(cosine: Tensor, p: Tensor, lowest: Tensor) -> Tensor:
    """Map the cosine to (0, 1), logarithmically in ``2 p^2 (1 - cos)``, about pT squared.

    Parameters
    ----------
    cosine, p
        ``(N,)``; p in GeV.
    lowest
        ``(N,)`` smallest cosine, -1 or 0.
    """
    scale = 2.0 * p * p / ANGLE_SCALE**2
    return torch.log1p(scale * (1.0 - cosine)) / torch.log1p(scale * (1.0 - lowest))


def mass_coordinate(m: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Map a mass between its bounds to (0, 1), logarithmically."""
    return (torch.log(m / low) / torch.log(high / low)).clamp(_EDGE, 1.0 - _EDGE)


def _one_hot(index: Tensor, size: int) -> Tensor:
    return nn.functional.one_hot(index, size).to(torch.float32)


class Formation(nn.Module):
    """How clusters are formed from partons.

    Parameters
    ----------
    vertices
        Number of vertices of the decay tables.
    bins
        Bins of the spline that is the cumulative distribution of a gluon's momentum share.
    strangeness, diquarks
        Rates of strange quarks and of all diquarks together, relative to up quarks, in gluons that
        split.
    absorption
        Transverse momentum in GeV at which half of the gluons are absorbed by their neighbours.
    """

    def __init__(
        self,
        vertices: int,
        *,
        bins: int = 8,
        strangeness: float = 0.35,
        diquarks: float = 0.0,
        absorption: float = 0.6,
    ) -> None:
        super().__init__()
        light = [0.0, 0.0, math.log(strangeness)]
        heavy = math.log(diquarks / 6.0) if diquarks > 0 else _NEVER
        self.flavour = nn.Parameter(torch.tensor(light + 6 * [heavy]))
        self.share = nn.Parameter(torch.zeros(3 * bins + 1))
        self.absorb = nn.Parameter(torch.tensor([6.0 * math.log(absorption), 6.0]))
        self.single = nn.Parameter(torch.tensor([0.0, 0.25]))
        self.single_hadron = nn.Parameter(torch.zeros(vertices))

    def tensors(self, prefix: str) -> dict[str, NDArray[np.float32]]:
        """Parameters by the names that the C++ evaluator expects."""
        return {
            f"{prefix}.{name}": values.detach().to(torch.float32).numpy().copy()
            for name, values in self.named_parameters()
        }


class ClusterNetworks(nn.Module):
    """All networks of the model ``clusters``.

    Parameters
    ----------
    tables
        What clusters can decay into.
    hidden
        Units of each of the two hidden layers.
    bins
        Bins of the splines of masses and angles.
    lowest
        Smallest cosine of the angle in decays of clusters that no cluster decayed into.
    centre, scale
        Normalisation of ``log(M / GeV)``.
    """

    def __init__(
        self,
        tables: DecayTables,
        *,
        hidden: int,
        bins: int,
        lowest: float,
        centre: float,
        scale: float,
    ) -> None:
        super().__init__()
        self.tables = tables
        self.bins = bins
        self.lowest = lowest
        self.centre = centre
        self.scale = scale
        vertices = len(tables.vertices)
        self.kind = DenseNetwork((_ENDS_AND_MASS, hidden, hidden, _KINDS))
        self.hadron = DenseNetwork((_ENDS_AND_MASS, hidden, hidden, vertices))
        self.exponent = nn.Parameter(torch.tensor(0.5))
        self.peel = DenseNetwork((_ENDS_AND_MASS + 1, hidden, hidden, vertices))
        self.pop = DenseNetwork((_ENDS_AND_MASS, hidden, hidden, _POPPED))
        self.mass = DenseNetwork((_MASS_INPUTS, hidden, hidden, 3 * bins + 1))
        self.angle = DenseNetwork((_ANGLE_INPUTS, hidden, hidden, 3 * bins + 1))
        self.formation = Formation(vertices)
        #: Added to the outputs of heads, ``(N, outputs)``: gradients for each draw by itself.
        self.shifts: dict[str, Tensor] = {}
        #: Last hidden activations of the heads that were shifted, ``(N, hidden)``.
        self.activations: dict[str, Tensor] = {}
        pairs = torch.from_numpy(tables.pairs)
        self._pairs = pairs.clamp(min=0)
        self._is_pair = pairs[..., 0] >= 0
        masses = torch.from_numpy(tables.hadron_mass).to(torch.float32)
        self._pair_mass = masses[self._pairs]
        self._thresholds = {
            name: torch.from_numpy(getattr(tables, f"{name}_threshold")()).to(torch.float32)
            for name in ("kind", "peel", "pop")
        }
        self._lightest = torch.from_numpy(tables.lightest).to(torch.float32)

    def _outputs(self, head: str, inputs: Tensor) -> Tensor:
        network: DenseNetwork = getattr(self, head)
        shift = self.shifts.get(head)
        hidden = network.hidden(inputs)
        outputs: Tensor = network.last(hidden)
        if shift is None:
            return outputs
        self.activations[head] = hidden.detach()
        return outputs + shift

    def _ends(self, first: Tensor, second: Tensor, mass: Tensor, *more: Tensor) -> Tensor:
        log_mass = (torch.log(mass) - self.centre) / self.scale
        columns = [_one_hot(first, _ENDS), _one_hot(second, _ENDS), log_mass[:, None]]
        return torch.cat([*columns, *(m[:, None] for m in more)], dim=1)

    def kind_log_probability(self, first: Tensor, second: Tensor, mass: Tensor) -> Tensor:
        """``(N, 4)`` log probabilities of the kinds of step, minus infinity below threshold."""
        logits = self._outputs("kind", self._ends(first, second, mass))
        closed = mass[:, None] <= self._thresholds["kind"][first, second]
        return torch.log_softmax(logits.masked_fill(closed, -math.inf), dim=1)

    def pair_log_probability(self, first: Tensor, second: Tensor, mass: Tensor) -> Tensor:
        """``(N, P)`` log probabilities of the pairs of hadrons."""
        logits = self._outputs("hadron", self._ends(first, second, mass))
        pairs = self._pairs[first, second]
        score = logits.gather(1, pairs[..., 0]) + logits.gather(1, pairs[..., 1])
        m1, m2 = self._pair_mass[first, second].unbind(dim=2)
        p = momentum(mass[:, None], m1, m2)
        is_open = self._is_pair[first, second] & (p > 0)
        factor = torch.log((2.0 * p / mass[:, None]).clamp(min=1e-12)) * 2.0
        score = (score + self.exponent * factor).masked_fill(~is_open, -math.inf)
        return torch.log_softmax(score, dim=1)

    def position_of_pair(self, first: Tensor, second: Tensor, pair: Tensor) -> Tensor:
        """``(N,)`` columns of `pair_log_probability` in which pairs ``(N, 2)`` of hadrons stand."""
        pairs = torch.from_numpy(self.tables.pairs)[first, second]
        return (pairs == pair[:, None]).all(dim=2).to(torch.int64).argmax(dim=1)

    def peel_log_probability(
        self, first: Tensor, second: Tensor, mass: Tensor, side: Tensor
    ) -> Tensor:
        """``(N, V)`` log probabilities of the hadron beside a cluster; side 0 or 1."""
        logits = self._outputs("peel", self._ends(first, second, mass, side.to(mass.dtype)))
        own = torch.where(side == 0, first, second)
        other = torch.where(side == 0, second, first)
        closed = mass[:, None] <= self._thresholds["peel"][own, other]
        return torch.log_softmax(logits.masked_fill(closed, -math.inf), dim=1)

    def pop_log_probability(self, first: Tensor, second: Tensor, mass: Tensor) -> Tensor:
        """``(N, 9)`` log probabilities of the flavour popped between two clusters."""
        logits = self._outputs("pop", self._ends(first, second, mass))
        closed = mass[:, None] <= self._thresholds["pop"][first, second]
        return torch.log_softmax(logits.masked_fill(closed, -math.inf), dim=1)

    def mass_log_density(
        self,
        first: Tensor,
        second: Tensor,
        popped: Tensor,
        mass: Tensor,
        role: Tensor,
        other: Tensor,
        coordinate: Tensor,
    ) -> Tensor:
        """``(N,)`` log density of a product cluster's mass in its coordinate.

        Parameters
        ----------
        role
            ``(N,)`` 0 first of two clusters, 1 second of two, 2 beside a first hadron, 3 beside a
            second hadron.
        other
            ``(N,)`` mass of the other product in GeV, as far as it is known (role 0: ignored).
        """
        outputs = self.mass_spline(first, second, popped, mass, role, other)
        return unit_spline_log_density(outputs, coordinate)

    def mass_spline(
        self,
        first: Tensor,
        second: Tensor,
        popped: Tensor,
        mass: Tensor,
        role: Tensor,
        other: Tensor,
    ) -> Tensor:
        """``(3 K + 1, N)`` spline of a product cluster's mass, as in `mass_log_density`."""
        ratio = torch.where(role == 0, torch.zeros_like(mass), torch.log(other / mass))
        columns = [
            _one_hot(first, _ENDS),
            _one_hot(second, _ENDS),
            _one_hot(popped, _POPPED),
            _one_hot(role, _KINDS),
            ((torch.log(mass) - self.centre) / self.scale)[:, None],
            ratio[:, None],
        ]
        return self._outputs("mass", torch.cat(columns, dim=1)).T.contiguous()

    def angle_log_density(
        self,
        first: Tensor,
        second: Tensor,
        popped: Tensor,
        kind: Tensor,
        primary: Tensor,
        mass: Tensor,
        masses: Tensor,
        cosine: Tensor,
    ) -> Tensor:
        """``(N,)`` log density of the angle in its coordinate; masses is ``(N, 2)``."""
        p = momentum(mass, masses[:, 0], masses[:, 1])
        lowest = self.lowest_cosine(primary, mass)
        outputs = self.angle_spline(first, second, popped, kind, primary, mass, masses)
        t = angle_coordinate(torch.maximum(cosine, lowest), p, lowest).clamp(_EDGE, 1.0 - _EDGE)
        return unit_spline_log_density(outputs, t)

    def lowest_cosine(self, primary: Tensor, mass: Tensor) -> Tensor:
        """``(N,)`` smallest cosine of the angle in decays, in the precision of the masses."""
        return torch.where(primary, self.lowest, -1.0).to(mass.dtype)

    def angle_spline(
        self,
        first: Tensor,
        second: Tensor,
        popped: Tensor,
        kind: Tensor,
        primary: Tensor,
        mass: Tensor,
        masses: Tensor,
    ) -> Tensor:
        """``(3 K + 1, N)`` spline of the angle in its coordinate, as in `angle_log_density`."""
        p = momentum(mass, masses[:, 0], masses[:, 1])
        columns = [
            _one_hot(first, _ENDS),
            _one_hot(second, _ENDS),
            _one_hot(popped, _POPPED),
            _one_hot(kind, _KINDS),
            primary.to(mass.dtype)[:, None],
            ((torch.log(mass) - self.centre) / self.scale)[:, None],
            (masses / mass[:, None]).clamp(max=1.0),
            torch.log(p + 0.01)[:, None],
        ]
        return self._outputs("angle", torch.cat(columns, dim=1)).T.contiguous()

    def lightest(self, a: Tensor, b: Tensor) -> Tensor:
        """Lightest pair of hadrons of clusters with these ends, GeV."""
        return self._lightest[a, b]

    def popped_end(self, popped: Tensor) -> Tensor:
        """Classes of popped flavours as ends of the next cluster."""
        return torch.from_numpy(POPPED_END)[popped]

    def tensors(self) -> dict[str, NDArray[np.float32] | NDArray[np.int32]]:
        """Everything that a weights file holds."""
        result: dict[str, NDArray[np.float32] | NDArray[np.int32]] = {
            "vertex.code": self.tables.vertices.astype(np.int32),
            "vertex.mass": self.tables.hadron_mass.astype(np.float32),
            "hadron.exponent": np.array([self.exponent.item()], dtype=np.float32),
            "mass.norm": np.array([self.centre, self.scale], dtype=np.float32),
            "angle.lowest": np.array([self.lowest], dtype=np.float32),
        }
        for name in ("kind", "hadron", "peel", "pop", "mass", "angle", "formation"):
            result.update(getattr(self, name).tensors(name))
        return result

    def fitted_layers(self) -> dict[str, nn.Linear]:
        """Last layers that a fit to events changes, by the name of their network."""
        heads = ("kind", "hadron", "peel", "pop", "mass", "angle")
        return {name: getattr(self, name).last for name in heads}

    def fitted_tensors(self) -> dict[str, Tensor]:
        """Parameters of the formation that a fit changes, in place."""
        formation = self.formation
        return {
            "flavour": formation.flavour.data,
            "share": formation.share.data,
            "absorb": formation.absorb.data,
            "single": formation.single.data[:1],
        }

    def metadata(self) -> dict[str, str]:
        """Numbers that the C++ evaluator needs beside the tensors."""
        return {"spline.bins": str(self.bins)}
