"""Derivatives of the probability of recorded events with respect to parameters of a cluster model.

The score of an event is the gradient of the log probability of everything that was drawn for it.
The derivative of the mean of an observable O is the covariance of O with the score, so one sample
tells how every distribution answers to every parameter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.cluster_networks import ClusterNetworks
from mcsurrogate.hadronization.spline import unit_spline_log_density

__all__ = ["ClusterRecording", "Draw", "event_scores", "parameter_slices", "shift_parameters"]

_CHUNK = 8192
_HEADS = ("kind", "hadron", "peel", "pop", "mass", "angle")


class Draw(IntEnum):
    """Kinds of recorded draws; the same numbers as ``ClusterRecorder::Draw`` in C++."""

    KIND = 0
    PAIR = 1
    PEEL = 2
    POPPED = 3
    MASS = 4
    COSINE = 5
    FLAVOUR = 6
    SHARE = 7
    ABSORB = 8
    SINGLE = 9
    HADRON = 10


@dataclass(frozen=True, slots=True)
class ClusterRecording:
    """Everything that was drawn for E events.

    Attributes
    ----------
    events
        Number E of events.
    codes
        ``(D, 8)`` int32: event, `Draw`, first and second end, choice, second choice, kind of the
        step, whether the cluster is primary.
    values
        ``(D, 4)`` float32: mass of the cluster in GeV, the continuous value drawn, and two masses
        that it depends on.
    labels
        ``(E,)`` int32 scale of row 0 of each event record, by which saved partons may be numbered.
    """

    events: int
    codes: NDArray[np.int32]
    values: NDArray[np.float32]
    labels: NDArray[np.int32]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that the plugin has written (setting ``MCSurrogate:record``).

        Raises
        ------
        HadronizationError
            If the file is missing, damaged or something else.
        """
        try:
            with safe_open(path, framework="np") as file:
                metadata = file.metadata() or {}
                if metadata.get("mcsurrogate.recording") != "clusters":
                    msg = f"{path} is no recording of clusters"
                    raise HadronizationError(msg)
                codes, values = file.get_tensor("codes"), file.get_tensor("values")
                return cls(int(metadata["events"]), codes, values, file.get_tensor("labels"))
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            msg = f"recording {path} cannot be read: {error}"
            raise HadronizationError(msg) from error


def parameter_slices(networks: ClusterNetworks) -> dict[str, slice]:
    """Where each group of parameters lies in a vector of all that are fitted to events.

    They are the parameters of formation and the biases of the last layer of every head.
    """
    sizes = {name: getattr(networks.formation, name).numel() for name in ("flavour", "share")}
    sizes |= {"absorb": 2, "single": 1}
    sizes |= {name: getattr(networks, name).last.bias.numel() for name in _HEADS}
    slices, start = {}, 0
    for name, size in sizes.items():
        slices[name] = slice(start, start + size)
        start += size
    return slices


def shift_parameters(networks: ClusterNetworks, shift: NDArray[np.float64]) -> None:
    """Add a vector of changes, laid out as `parameter_slices` says, to the parameters."""
    with torch.no_grad():
        for name, part in parameter_slices(networks).items():
            change = torch.from_numpy(shift[part]).to(torch.float32)
            if name in _HEADS:
                getattr(networks, name).last.bias += change
            else:
                getattr(networks.formation, name)[: len(change)] += change


def event_scores(networks: ClusterNetworks, recording: ClusterRecording) -> NDArray[np.float32]:
    """Score of each event, ``(E, K)``, for the parameters of `parameter_slices`."""
    slices = parameter_slices(networks)
    total = max(part.stop for part in slices.values())
    scores = torch.zeros(recording.events, total)
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
            part = scores[:, slices[head]]
            part.index_add_(0, codes[:, 0], torch.nan_to_num(gradient))
    return scores.numpy()


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
