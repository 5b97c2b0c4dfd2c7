# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be set about an integration."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration.losses import LOSSES

__all__ = ["FlowSettings", "IntegrationSettings", "TrainingSettings"]


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """Which flow.

    Attributes
    ----------
    family
        ``splines``, or another family: see :func:`mcsurrogate.flows.flow_family`.
    options
        What the family's constructor takes beside the shape of the integrand, such as ``hidden``
        and ``bins`` of :class:`mcsurrogate.flows.HypercubeFlow`.
    """

    family: str = "splines"
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the flow and the channel weights are trained.

    Attributes
    ----------
    loss
        Loss once most points count: ``tail``, ``variance`` or ``kl``.  Before that it is ``kl``.
    batch
        Points of a training step.
    learning_rate
        Largest learning rate; it rises over the first twentieth of the training and falls as a
        cosine to a hundredth.
    rounds
        Number of times that fresh points are drawn.
    reuse
        How often a point is trained on, on average: decides on the number of steps.  None: by the
        cost of the integrand, so that training takes about as long as the points that it
        uses, 10 to 40 times.
    max_steps
        Largest number of steps.
    averaging
        Decay of the moving average of the parameters that the sampler uses.
    learn_channel_weights
        Whether channel weights are learned or the analytic prior is kept.
    channel_weight_hidden
        Widths of the hidden layers of their network.
    drop_channels
        Channels that together hold less than this part of the integral are dropped.
    """

    loss: str = "variance"
    batch: int = 2048
    learning_rate: float = 2e-2
    rounds: int = 10
    reuse: float | None = None
    max_steps: int = 6000
    averaging: float = 0.98
    learn_channel_weights: bool = True
    channel_weight_hidden: tuple[int, ...] = (32, 32)
    drop_channels: float = 1e-3

    def __post_init__(self) -> None:
        if self.loss not in LOSSES:
            raise IntegrationError(f"loss is {self.loss!r}; it must be one of {sorted(LOSSES)}")
        reuse = 1.0 if self.reuse is None else self.reuse
        if self.batch < 16 or self.rounds < 1 or reuse <= 0.0 or self.learning_rate <= 0.0:
            raise IntegrationError(
                "training needs batch >= 16, rounds >= 1, reuse > 0 and learning_rate > 0, not "
                f"{self.batch}, {self.rounds}, {self.reuse}, {self.learning_rate}"
            )


@dataclass(frozen=True, slots=True)
class IntegrationSettings:
    """How the evaluations are spent.

    Attributes
    ----------
    channels_fraction, channels_iterations
        Part of the evaluations that finds the shares of overlapping channels, and in how many
        iterations.
    vegas_fraction, training_fraction
        Parts of the evaluations that the VEGAS+ start and the training rounds get; the frozen
        sampler has the rest.
    vegas_iterations
        Iterations of the VEGAS+ start.
    grid_part, flat_part
        Parts of the proposal that defend it: the VEGAS+ density and the flat one.
    chunk
        Points drawn at a time by the frozen sampler.
    flow
        Family and sizes of the flow.
    training
        Training of the flow.
    device
        Where the networks of flow and channel weights are trained and evaluated: cpu or cuda.
    """

    channels_fraction: float = 0.1
    channels_iterations: int = 4
    vegas_fraction: float = 0.15
    training_fraction: float = 0.5
    vegas_iterations: int = 6
    grid_part: float = 0.04
    flat_part: float = 0.01
    chunk: int = 32768
    flow: FlowSettings = field(default_factory=FlowSettings)
    training: TrainingSettings = field(default_factory=TrainingSettings)
    device: str = "cpu"
