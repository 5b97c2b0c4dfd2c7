# SPDX-License-Identifier: GPL-3.0-or-later
"""Training cards of hadronization models."""

from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from mcsurrogate.hadronization.fit_cards import AddedHadron, EventFitCard, TableFitCard
from mcsurrogate.hadronization.sections import Section

__all__ = ["HadronizationCard", "Recording", "Section", "StringBreakCard", "StringBreakTraining"]

_LARGEST_SEED = 899_000_000


class HadronizationCard(Section):
    """What the training cards of all hadronization models have."""

    kind: Annotated[str, Field(description="the model")]
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", description="name of the weights file")]
    seed: int = 1

    @property
    def weights_names(self) -> tuple[str, ...]:
        """Names of the weights files that the training writes, the best known first."""
        return (self.name,)


class Recording(Section):
    """Pythia events whose string breaks are recorded as training data."""

    settings: Annotated[
        tuple[str, ...],
        Field(description="Pythia settings of the process, one line of a .cmnd file each"),
    ]
    events: Annotated[int, Field(ge=1, description="number of events")]
    repeats: Annotated[
        int,
        Field(
            ge=0,
            le=1000,
            description="further draws recorded for each one used; rare flavours need them",
        ),
    ] = 10
    maximum: Annotated[
        int,
        Field(ge=1000, description="most values of z kept for each pair of flavours"),
    ] = 1_500_000


class StringBreakTraining(Section):
    """How the networks are shaped and trained."""

    bins: Annotated[int, Field(ge=2, le=128, description="bins of the spline in z")] = 16
    hidden: Annotated[
        int, Field(ge=4, le=512, description="hidden units; the plugin computes 32 at a time")
    ] = 32
    components: Annotated[
        int, Field(ge=1, le=16, description="Gaussians of the transverse-momentum mixture")
    ] = 3
    steps: Annotated[int, Field(ge=1, description="steps of Adam for the density of z")] = 20_000
    discrete_steps: Annotated[
        int, Field(ge=1, description="most iterations of L-BFGS for each discrete draw")
    ] = 500
    batch_size: Annotated[int, Field(ge=16, description="values of z a step")] = 8192
    learning_rate: Annotated[float, Field(gt=0, le=1, description="highest learning rate")] = 0.01
    members: Annotated[
        int,
        Field(
            ge=1,
            le=100,
            description=(
                "members of an ensemble; those after the first learn from resampled recordings"
            ),
        ),
    ] = 1


class StringBreakCard(HadronizationCard):
    """Card of ``mcsurrogate train hadronization`` for the model ``string_breaks``."""

    kind: Annotated[Literal["string_breaks"], Field(description="the model")]
    seed: Annotated[
        int,
        Field(ge=1, le=_LARGEST_SEED, description="decides events and training"),
    ] = 1
    recordings: Annotated[
        tuple[Recording, ...], Field(description="where the training data come from")
    ] = ()
    start: Annotated[
        str | None,
        Field(
            description="weights to begin with in place of a training, shipped ones by their name"
        ),
    ] = None
    add: Annotated[
        tuple[AddedHadron, ...], Field(description="hadrons that the fits make besides")
    ] = ()
    fit: Annotated[EventFitCard | None, Field(description="fit to whole events")] = None
    tables: Annotated[TableFitCard | None, Field(description="fit to measured tables")] = None
    training: Annotated[StringBreakTraining, Field(description="networks and optimiser")] = (
        StringBreakTraining()
    )

    @property
    def weights_names(self) -> tuple[str, ...]:
        """The card's name, and those of the further members of an ensemble."""
        members = self.training.members if self.tables is None else self.tables.members + 1
        others = (f"{self.name}_member_{i}" for i in range(1, members))
        return (self.name, *others)

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        if bool(self.recordings) == (self.start is not None):
            raise ValueError("give either [[recordings]] to train on or weights to start from")
        fitted = self.fit is not None or self.tables is not None
        if self.start is not None and not fitted:
            raise ValueError("start needs [fit] or [tables]")
        if self.add and not fitted:
            raise ValueError("hadrons are added for a fit: give [fit] or [tables]")
        if fitted and self.training.members > 1:
            raise ValueError("a fit has members of its own: leave members of [training] at 1")
        return self

    @field_validator("recordings")
    @classmethod
    def _no_seeds(cls, recordings: tuple[Recording, ...]) -> tuple[Recording, ...]:
        for recording in recordings:
            for line in recording.settings:
                if line.lower().replace(" ", "").startswith(("random:", "mcsurrogate:")):
                    raise ValueError(
                        f"{line!r} does not belong here: seed and plugin are set by the training"
                    )
        return recordings
