# SPDX-License-Identifier: GPL-3.0-or-later
"""The card of an emulator: which amplitude, from which points, how it is trained."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from mcsurrogate.cards.sections import ModelSection, Section, Text

__all__ = [
    "AmplitudeSection",
    "EmulatorCard",
    "EmulatorTrainingSection",
    "NetworkSection",
    "PointsSection",
]


class AmplitudeSection(Section):
    """Which squared amplitude is emulated."""

    definition: Text = Field(
        description=(
            "Partonic process in MadGraph's syntax with definite particles, e.g. "
            "'g g > t t~ g g'; the emulator keeps this order of legs."
        )
    )
    alpha_s: float = Field(
        default=0.118,
        gt=0,
        lt=1,
        description="Strong coupling of the training points; others follow by its power.",
    )


class PointsSection(Section):
    """Where the training points come from."""

    source: Literal["integrator", "events", "arrays"] = Field(
        description=(
            "integrator: points of a finished integration's sampler; events: hard processes of "
            "an LHE file; arrays: an .npz file with momenta, me2, alpha_s and process."
        )
    )
    path: Text = Field(
        description=(
            "Run folder, LHE file or .npz file; a relative path starts from the working folder."
        )
    )
    count: int = Field(
        default=300_000,
        ge=1000,
        description="Number of points, held-out ones included; of a file at most what it has.",
    )
    selection: Literal["plain", "uncertain"] = Field(
        default="plain",
        description=(
            "plain: points as the integrator proposes them; uncertain: nine tenths of them mostly "
            "where a pilot emulator, trained on the first tenth, is uncertain, which makes the "
            "largest errors smaller and the median somewhat larger."
        ),
    )

    @model_validator(mode="after")
    def _selected_from_integrator(self) -> "PointsSection":
        if self.selection == "uncertain" and self.source != "integrator":
            raise ValueError(
                f"selection = 'uncertain' needs source = 'integrator', not {self.source!r}"
            )
        return self


class NetworkSection(Section):
    """The network and what it multiplies."""

    hidden: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        default=(64, 64, 64), min_length=1, description="Widths of the hidden layers."
    )
    members: int = Field(
        default=1,
        ge=1,
        le=64,
        description=(
            "Networks of a repulsive ensemble, each at the cost of a training; 1 has a last-layer "
            "Laplace posterior instead."
        ),
    )
    skeleton: Literal["antenna", "none"] = Field(
        default="antenna",
        description="antenna: the network learns the ratio to the leading-colour antennae.",
    )


class EmulatorTrainingSection(Section):
    """How the network is trained."""

    epochs: int = Field(default=30, ge=1, description="Passes over the training points.")
    batch: int = Field(default=1024, ge=2, description="Points per step.")
    learning_rate: float = Field(
        default=0.015, gt=0, lt=1, description="Largest learning rate of the cosine schedule."
    )
    beta: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Weight sigma^(2 beta) of a point: 0 plain likelihood, 1 least squares.",
    )
    boost: float = Field(
        default=0.3,
        ge=0,
        lt=1,
        description="Part of the epochs, the last, that draw badly described points more often.",
    )
    held_fraction: float = Field(
        default=0.1,
        gt=0,
        lt=0.5,
        description="Part of the points that calibrate the uncertainty and test the emulator.",
    )
    scaling: tuple[Annotated[int, Field(ge=1000)], ...] = Field(
        default=(),
        description=(
            "Numbers of points of further trainings that measure how accuracy grows with data; "
            "none by default."
        ),
    )
    scaling_steps: Literal["growing", "equal"] = Field(
        default="growing",
        description=(
            "Whether those trainings take equal epochs, so that steps grow with the points, or "
            "equal steps, so that only the data differ."
        ),
    )

    @model_validator(mode="after")
    def _growing(self) -> "EmulatorTrainingSection":
        if self.scaling and (
            len(self.scaling) < 2 or list(self.scaling) != sorted(set(self.scaling))
        ):
            raise ValueError("scaling needs two or more increasing numbers")
        return self


class EmulatorCard(Section):
    """An emulator: amplitude, points, network and training."""

    seed: int = Field(ge=1, le=900_000_000, description="Decides every random number.")
    amplitude: AmplitudeSection
    points: PointsSection
    model: ModelSection = ModelSection()
    network: NetworkSection = NetworkSection()
    training: EmulatorTrainingSection = EmulatorTrainingSection()

    @model_validator(mode="after")
    def _scaling_of_plain_points(self) -> "EmulatorCard":
        if self.training.scaling and self.points.selection != "plain":
            raise ValueError("training.scaling needs points.selection = 'plain'")
        return self
