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

from mcsurrogate.hadronization.clusters.networks import ClusterNetworks
from mcsurrogate.hadronization.clusters.recording import ClusterRecording, Draw
from mcsurrogate.hadronization.fitting.fit_parameters import FitParameters, Moments
from mcsurrogate.hadronization.spline import unit_spline_log_density

__all__ = ["event_scores", "principal_parameters"]

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


def _densities(networks: ClusterNetworks) -> list[tuple[Draw, str, int, _Density]]:
    formation = networks.formation

    def chosen(log_probability: Tensor, choice: Tensor) -> Tensor:
        return log_probability.gather(1, choice[:, None])[:, 0]

    def of_head(head: str, density: Callable[[Tensor, Tensor], Tensor]) -> _Density:
        def shifted(codes: Tensor, values: Tensor, shift: Tensor) -> Tensor:
            networks.shifts = {head: shift}
            try:
                return density(codes, values)
            finally:
                networks.shifts = {}

        return shifted

    def pair(c: Tensor, v: Tensor) -> Tensor:
        pairs = torch.from_numpy(networks.tables.pairs)[c[:, 2], c[:, 3]]
        position = (pairs == c[:, None, 4:6]).all(dim=2).to(torch.int64).argmax(dim=1)
        return chosen(networks.pair_log_probability(c[:, 2], c[:, 3], v[:, 0]), position)

    def angle(c: Tensor, v: Tensor) -> Tensor:
        return networks.angle_log_density(
            c[:, 2], c[:, 3], c[:, 4], c[:, 6], c[:, 7] > 0, v[:, 0], v[:, 2:4], v[:, 1]
        )

    heads: list[tuple[Draw, str, Callable[[Tensor, Tensor], Tensor]]] = [
        (Draw.KIND, "kind", lambda c, v: chosen(
            networks.kind_log_probability(c[:, 2], c[:, 3], v[:, 0]), c[:, 4])),
        (Draw.PAIR, "hadron", pair),
        (Draw.PEEL, "peel", lambda c, v: chosen(
            networks.peel_log_probability(c[:, 2], c[:, 3], v[:, 0], c[:, 5]), c[:, 4])),
        (Draw.POPPED, "pop", lambda c, v: chosen(
            networks.pop_log_probability(c[:, 2], c[:, 3], v[:, 0]), c[:, 4])),
        (Draw.MASS, "mass", lambda c, v: networks.mass_log_density(
            c[:, 2], c[:, 3], c[:, 4], v[:, 0], c[:, 5], v[:, 2], v[:, 1])),
        (Draw.COSINE, "angle", angle),
    ]  # fmt: skip
    result: list[tuple[Draw, str, int, _Density]] = [
        (draw, head, getattr(networks, head).last.bias.numel(), of_head(head, density))
        for draw, head, density in heads
    ]

    def flavour(c: Tensor, _v: Tensor, shift: Tensor) -> Tensor:
        return chosen(torch.log_softmax(formation.flavour.detach() + shift, dim=1), c[:, 4])

    def share(_c: Tensor, v: Tensor, shift: Tensor) -> Tensor:
        return unit_spline_log_density((formation.share.detach() + shift).T, v[:, 1])

    def absorb(c: Tensor, v: Tensor, shift: Tensor) -> Tensor:
        parameters = formation.absorb.detach() + shift
        logit = parameters[:, 0] - parameters[:, 1] * torch.log(v[:, 1].clamp(min=1e-9))
        return torch.nn.functional.logsigmoid(torch.where(c[:, 4] > 0, logit, -logit))

    def single(c: Tensor, _v: Tensor, shift: Tensor) -> Tensor:
        logit = formation.single.detach()[0] + shift[:, 0]
        return torch.nn.functional.logsigmoid(torch.where(c[:, 4] > 0, logit, -logit))

    result += [
        (Draw.FLAVOUR, "flavour", formation.flavour.numel(), flavour),
        (Draw.SHARE, "share", formation.share.numel(), share),
        (Draw.ABSORB, "absorb", 2, absorb),
        (Draw.SINGLE, "single", 1, single),
    ]
    return result
