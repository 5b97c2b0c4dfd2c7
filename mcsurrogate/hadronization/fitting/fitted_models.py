# SPDX-License-Identifier: GPL-3.0-or-later
"""Hadronization models that a fit to events can move: what they record, and its scores."""

from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.generators import write_weights
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks
from mcsurrogate.hadronization.clusters.recording import ClusterRecording
from mcsurrogate.hadronization.fitting.break_scores import break_parameters, break_scores
from mcsurrogate.hadronization.fitting.cluster_scores import event_scores, principal_parameters
from mcsurrogate.hadronization.fitting.fit_parameters import FitParameters, FittedNetworks
from mcsurrogate.hadronization.string_breaks.history import BreakHistory
from mcsurrogate.hadronization.string_breaks.networks import StringBreakNetworks

__all__ = [
    "FittedClusters",
    "FittedModel",
    "FittedStringBreaks",
    "Recorded",
    "StoredNetworks",
    "write_model",
]


class StoredNetworks(FittedNetworks, Protocol):
    """Networks as a weights file holds them."""

    def tensors(self) -> dict[str, Any]:
        """Tensors by name."""

    def metadata(self) -> dict[str, str]:
        """Numbers that belong to them."""

    def state_dict(self) -> dict[str, Tensor]:
        """All parameters."""

    def load_state_dict(self, state: Any, /) -> Any:  # noqa: ANN401
        """Take the parameters from a state."""


class Recorded(Protocol):
    """What a model drew for E events."""

    @property
    def labels(self) -> NDArray[np.int32]:
        """``(E,)`` numbers of the events."""


Draws = TypeVar("Draws", bound=Recorded)


class FittedModel(Protocol[Draws]):
    """A model with the scores of what it draws."""

    @property
    def kind(self) -> str:
        """Its name."""

    @property
    def networks(self) -> StoredNetworks:
        """Fitted in place."""

    @property
    def record_settings(self) -> tuple[str, ...]:
        """Settings of the plugin by which it records every event."""

    def read(self, recording: Path) -> Draws:
        """Read what was recorded."""

    def parameters(self, draws: Draws, directions: int) -> FitParameters:
        """Choose what a fit changes: biases, and weights along principal directions."""

    def scores(self, draws: Draws, parameters: FitParameters) -> NDArray[np.float32]:
        """``(E, K)`` gradients of the logarithm of the density of each event."""


class FittedClusters:
    """The model ``clusters``."""

    kind = "clusters"
    record_settings: tuple[str, ...] = ()

    def __init__(self, networks: ClusterNetworks) -> None:
        self.networks = networks

    def read(self, recording: Path) -> ClusterRecording:
        """Read what was recorded."""
        return ClusterRecording.read(recording)

    def parameters(self, draws: ClusterRecording, directions: int) -> FitParameters:
        """Take formation and the last layers."""
        return principal_parameters(self.networks, draws, directions)

    def scores(self, draws: ClusterRecording, parameters: FitParameters) -> NDArray[np.float32]:
        """``(E, K)`` scores."""
        return event_scores(self.networks, draws, parameters)


class FittedStringBreaks:
    """The model ``string_breaks``."""

    kind = "string_breaks"
    record_settings = ("MCSurrogate:recordEvents = on",)

    def __init__(self, networks: StringBreakNetworks) -> None:
        self.networks = networks

    def read(self, recording: Path) -> BreakHistory:
        """Read what was recorded."""
        return BreakHistory.read(recording)

    def parameters(self, draws: BreakHistory, directions: int) -> FitParameters:
        """Take the last layers."""
        return break_parameters(self.networks, draws, directions)

    def scores(self, draws: BreakHistory, parameters: FitParameters) -> NDArray[np.float32]:
        """``(E, K)`` scores."""
        return break_scores(self.networks, draws, parameters)


def write_model(model: FittedModel[Any], path: Path) -> Path:
    """Write the weights of a model as it is now, without a card."""
    write_weights(
        path, model=model.kind, tensors=model.networks.tensors(),
        metadata=model.networks.metadata(), card={},
    )  # fmt: skip
    return path
