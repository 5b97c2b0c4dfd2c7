# SPDX-License-Identifier: GPL-3.0-or-later
"""Derivatives of the probability of recorded events with respect to parameters of a cluster model.

The score of an event is the gradient of the log probability of everything that was drawn for it.
The derivative of the mean of an observable O is the covariance of O with the score, so one sample
tells how every distribution answers to every parameter.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.hadronization.clusters.networks import ClusterNetworks, Formation
from mcsurrogate.hadronization.clusters.recording import ClusterRecording, Draw
from mcsurrogate.hadronization.fitting.fit_parameters import FitParameters, Moments
from mcsurrogate.hadronization.spline import unit_spline_log_density

__all__ = ["event_scores", "formation_log_density", "principal_parameters"]

_CHUNK = 8192


def event_scores(
    networks: ClusterNetworks, recording: ClusterRecording, parameters: FitParameters
) -> NDArray[np.float32]:
    """Score of each event, ``(E, K)``, for the K parameters."""
    scores = torch.zeros(recording.events, parameters.size)
    for head, event, gradient, hidden in _gradients(networks, recording):
        part = scores[:, parameters.slices[head]]
        part.index_add_(0, event, parameters.spread(head, gradient, hidden))
    return scores.numpy()


def principal_parameters(
    networks: ClusterNetworks, recording: ClusterRecording, directions: int
) -> FitParameters:
    """Parameters along the principal directions of the activations in recorded draws.

    Parameters
    ----------
    networks
        That the draws were made with.
    recording
        Of events of the process that is fitted.
    directions
        How many of them; 0 for the biases alone.
    """

    def moments() -> Iterator[Moments]:
        for head, _, _, hidden in _gradients(networks, recording):
            if hidden is not None:
                values = hidden.double()
                yield Moments(head, len(values), values.sum(dim=0), values.T @ values)

    return FitParameters.biases(networks).principal(moments(), directions)


def formation_log_density(networks: ClusterNetworks, recording: ClusterRecording) -> Tensor:
    """``(E,)`` log density of all draws of each event by which clusters were formed.

    With derivatives by the parameters of the formation.
    """
    total = torch.zeros(recording.events)
    draw = recording.codes[:, 1]
    formation = networks.formation
    densities: list[tuple[Draw, Callable[[Tensor, Tensor], Tensor]]] = [
        (kind, _unshifted(density, size))
        for kind, _, size, density in _formation_densities(formation)
    ]
    densities.append((Draw.HADRON, lambda c, v: _single_hadron(networks, c, v)))
    for kind, density in densities:
        rows = np.flatnonzero(draw == kind)
        codes = torch.from_numpy(recording.codes[rows].astype(np.int64))
        values = torch.from_numpy(recording.values[rows])
        total = total.index_add(0, codes[:, 0], density(codes, values))
    return total


def _unshifted(density: "_Density", size: int) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda c, v: density(c, v, torch.zeros(len(c), size))


def _single_hadron(networks: ClusterNetworks, c: Tensor, v: Tensor) -> Tensor:
    """Log probability of the only hadron of a light cluster among those of its flavours."""
    formation = networks.formation
    vertices = torch.from_numpy(networks.tables.vertices[:, :2])
    mass = torch.from_numpy(networks.tables.hadron_mass).float()
    distance = (mass - v[:, :1]) / formation.single[1].detach()
    weight = formation.single_hadron.clamp(max=80.0) - 0.5 * (distance**2).clamp(max=200.0)
    others = (vertices[c[:, 4]][:, None] != vertices).any(dim=2)
    return _chosen(torch.log_softmax(weight.masked_fill(others, -torch.inf), dim=1), c[:, 4])


def _gradients(
    networks: ClusterNetworks, recording: ClusterRecording
) -> Iterator[tuple[str, Tensor, Tensor, Tensor | None]]:
    """Group, event, derivative by the outputs and last activations of draws, chunk by chunk."""
    draw = recording.codes[:, 1]
    for kind, head, size, log_probability in _densities(networks):
        rows = np.flatnonzero(draw == kind)
        for start in range(0, len(rows), _CHUNK):
            index = rows[start : start + _CHUNK]
            codes = torch.from_numpy(recording.codes[index].astype(np.int64))
            values = torch.from_numpy(recording.values[index])
            shift = torch.zeros(len(index), size, requires_grad=True)
            density = log_probability(codes, values, shift)
            (gradient,) = torch.autograd.grad(density.sum(), shift)
            yield (
                head, codes[:, 0], torch.nan_to_num(gradient),
                networks.activations.pop(head, None),
            )  # fmt: skip


_Density = Callable[[Tensor, Tensor, Tensor], Tensor]


def _chosen(log_probability: Tensor, choice: Tensor) -> Tensor:
    return log_probability.gather(1, choice[:, None])[:, 0]


def _densities(networks: ClusterNetworks) -> list[tuple[Draw, str, int, _Density]]:
    def of_head(head: str, density: Callable[[Tensor, Tensor], Tensor]) -> _Density:
        def shifted(codes: Tensor, values: Tensor, shift: Tensor) -> Tensor:
            networks.shifts = {head: shift}
            try:
                return density(codes, values)
            finally:
                networks.shifts = {}

        return shifted

    def pair(c: Tensor, v: Tensor) -> Tensor:
        position = networks.position_of_pair(c[:, 2], c[:, 3], c[:, 4:6])
        return _chosen(networks.pair_log_probability(c[:, 2], c[:, 3], v[:, 0]), position)

    def angle(c: Tensor, v: Tensor) -> Tensor:
        return networks.angle_log_density(
            c[:, 2], c[:, 3], c[:, 4], c[:, 6], c[:, 7] > 0, v[:, 0], v[:, 2:4], v[:, 1]
        )

    heads: list[tuple[Draw, str, Callable[[Tensor, Tensor], Tensor]]] = [
        (Draw.KIND, "kind", lambda c, v: _chosen(
            networks.kind_log_probability(c[:, 2], c[:, 3], v[:, 0]), c[:, 4])),
        (Draw.PAIR, "hadron", pair),
        (Draw.PEEL, "peel", lambda c, v: _chosen(
            networks.peel_log_probability(c[:, 2], c[:, 3], v[:, 0], c[:, 5]), c[:, 4])),
        (Draw.POPPED, "pop", lambda c, v: _chosen(
            networks.pop_log_probability(c[:, 2], c[:, 3], v[:, 0]), c[:, 4])),
        (Draw.MASS, "mass", lambda c, v: networks.mass_log_density(
            c[:, 2], c[:, 3], c[:, 4], v[:, 0], c[:, 5], v[:, 2], v[:, 1])),
        (Draw.COSINE, "angle", angle),
    ]  # fmt: skip
    result: list[tuple[Draw, str, int, _Density]] = [
        (draw, head, getattr(networks, head).last.bias.numel(), of_head(head, density))
        for draw, head, density in heads
    ]
    return result + _formation_densities(networks.formation)


def _formation_densities(formation: Formation) -> list[tuple[Draw, str, int, _Density]]:
    def flavour(c: Tensor, _v: Tensor, shift: Tensor) -> Tensor:
        return _chosen(torch.log_softmax(formation.flavour + shift, dim=1), c[:, 4])

    def share(_c: Tensor, v: Tensor, shift: Tensor) -> Tensor:
        return unit_spline_log_density((formation.share + shift).T, v[:, 1])

    def absorb(c: Tensor, v: Tensor, shift: Tensor) -> Tensor:
        parameters = formation.absorb + shift
        logit = parameters[:, 0] - parameters[:, 1] * torch.log(v[:, 1].clamp(min=1e-9))
        return torch.nn.functional.logsigmoid(torch.where(c[:, 4] > 0, logit, -logit))

    def single(c: Tensor, _v: Tensor, shift: Tensor) -> Tensor:
        logit = formation.single[0] + shift[:, 0]
        return torch.nn.functional.logsigmoid(torch.where(c[:, 4] > 0, logit, -logit))

    return [
        (Draw.FLAVOUR, "flavour", formation.flavour.numel(), flavour),
        (Draw.SHARE, "share", formation.share.numel(), share),
        (Draw.ABSORB, "absorb", 2, absorb),
        (Draw.SINGLE, "single", 1, single),
    ]
