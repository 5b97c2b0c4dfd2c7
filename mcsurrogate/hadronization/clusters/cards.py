# SPDX-License-Identifier: GPL-3.0-or-later
"""Training cards of the model ``clusters``."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from mcsurrogate.hadronization.cards import HadronizationCard
from mcsurrogate.hadronization.fit_cards import AdversarialCard, EventFitCard
from mcsurrogate.hadronization.sections import Section

__all__ = [
    "ClusterCard",
    "ClusterDecays",
    "ClusterTraining",
    "Elsewhere",
    "FormationStart",
    "HeadSteps",
    "StringSinglets",
]

_LARGEST_SEED = 899_000_000


class ClusterDecays(Section):
    """Recorded decays of single clusters: matched training data."""

    file: Annotated[
        Path,
        Field(
            description="an .npz file with end_plus_z_id, end_minus_z_id, mass, n_hadrons, "
            "hadron_id and hadron_p4, or a HepMC file with clusters as particle 81 "
            "(docs/clusters.md)"
        ),
    ]
    lowest_cosine: Annotated[
        Literal[-1, 0],
        Field(description="0 where a product always keeps to the side of its constituent"),
    ] = -1


class StringSinglets(Section):
    """Straight strings that Pythia hadronizes, as matched training data of fission and decay."""

    number: Annotated[int, Field(ge=1000, description="number of strings")] = 150_000
    heaviest: Annotated[
        float, Field(gt=2, le=2000, description="largest mass in GeV; masses are log-uniform")
    ] = 100.0
    settings: Annotated[
        tuple[str, ...],
        Field(description="Pythia settings of the hadron level, a tune for instance"),
    ] = ()
    popcorn: Annotated[
        bool,
        Field(
            description="mesons between a baryon and an antibaryon are made where they are, by "
            "diquarks that exchange a quark; else they are written beside them"
        ),
    ] = False

    @field_validator("settings")
    @classmethod
    def _no_seeds(cls, settings: tuple[str, ...]) -> tuple[str, ...]:
        for line in settings:
            if line.lower().replace(" ", "").startswith(("random:", "mcsurrogate:", "init:")):
                raise ValueError(
                    f"{line!r} does not belong here: seed and plugin are set by the training"
                )
        return settings


class HeadSteps(Section):
    """Steps of Adam for each network."""

    kind: Annotated[int, Field(ge=0, description="what the products are")] = 1000
    hadron: Annotated[int, Field(ge=0, description="pairs of hadrons")] = 2500
    peel: Annotated[int, Field(ge=0, description="a hadron beside a cluster")] = 500
    pop: Annotated[int, Field(ge=0, description="flavour popped between clusters")] = 500
    mass: Annotated[int, Field(ge=0, description="masses of product clusters")] = 2000
    angle: Annotated[int, Field(ge=0, description="angles")] = 3000


class ClusterTraining(Section):
    """How the networks are shaped and trained by maximum likelihood."""

    hidden: Annotated[
        int, Field(ge=4, le=512, description="hidden units; the plugin computes 32 at a time")
    ] = 32
    bins: Annotated[int, Field(ge=2, le=64, description="bins of the splines")] = 12
    batch_size: Annotated[int, Field(ge=16, description="draws a step")] = 4096
    learning_rate: Annotated[float, Field(gt=0, le=1, description="highest learning rate")] = 0.01
    steps: Annotated[HeadSteps, Field(description="length of the training")] = HeadSteps()


class FormationStart(Section):
    """Formation of clusters from partons, before any fit to events."""

    strangeness: Annotated[
        float, Field(gt=0, le=2, description="rate of g -> s sbar relative to u ubar")
    ] = 0.35
    diquarks: Annotated[
        float, Field(ge=0, le=2, description="rate of g -> diquark pairs relative to u ubar")
    ] = 0.0
    absorption: Annotated[
        float, Field(gt=0, le=20, description="kT in GeV at which half of the gluons are absorbed")
    ] = 0.6


class Elsewhere(Section):
    """Processes in which singlets are compared with Pythia's after all fits, for what is known."""

    processes: Annotated[
        tuple[tuple[str, ...], ...],
        Field(min_length=1, description="Pythia settings of each process"),
    ]
    events: Annotated[int, Field(ge=100, description="events of both kinds a process")] = 2000


class ClusterCard(HadronizationCard):
    """Card of ``mcsurrogate train hadronization`` for the model ``clusters``."""

    kind: Annotated[Literal["clusters"], Field(description="the model")]
    seed: Annotated[
        int, Field(ge=1, le=_LARGEST_SEED - 1000, description="decides the training")
    ] = 1
    decays: Annotated[
        ClusterDecays | None, Field(description="recorded cluster decays as training data")
    ] = None
    strings: Annotated[
        StringSinglets | None, Field(description="Pythia's strings as training data")
    ] = None
    start: Annotated[
        str | None,
        Field(
            description="weights to begin with in place of training data, shipped ones by their "
            "name; [fit], [[refine]] or [adversarial] must follow"
        ),
    ] = None
    training: Annotated[ClusterTraining, Field(description="networks and optimiser")] = (
        ClusterTraining()
    )
    formation: Annotated[FormationStart, Field(description="clusters from partons")] = (
        FormationStart()
    )
    fit: Annotated[EventFitCard | None, Field(description="fit to whole events")] = None
    refine: Annotated[
        tuple[EventFitCard, ...], Field(description="further fits after the first, one by one")
    ] = ()

    adversarial: Annotated[
        AdversarialCard | None,
        Field(description="training of whole networks against a discriminator, after all fits"),
    ] = None
    elsewhere: Annotated[
        Elsewhere | None,
        Field(
            description="further processes whose kinds of singlets are known where the model "
            "describes them, and unknown where it misses"
        ),
    ] = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(source is not None for source in (self.decays, self.strings, self.start)) != 1:
            raise ValueError(
                "give either [decays] or [strings] as training data, or weights to start from"
            )
        follows = self.fit is not None or self.refine or self.adversarial is not None
        if self.start is not None and not follows:
            raise ValueError("start needs [fit], [[refine]] or [adversarial]")
        if self.elsewhere is not None and not follows:
            raise ValueError("elsewhere needs a fit to whole events")
        return self
