"""Training cards of the model ``clusters``."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from mcsurrogate.hadronization.cards import HadronizationCard, Section

__all__ = [
    "AddedHadron",
    "ClusterCard",
    "ClusterDecays",
    "ClusterTraining",
    "EventFitCard",
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


class AddedHadron(Section):
    """A hadron that the matched data lack, at first like one that they have."""

    hadron: Annotated[int, Field(gt=100, lt=10_000_000, description="PDG code, Pythia's numbering")]
    like: Annotated[int, Field(gt=100, description="PDG code of a hadron of the same flavours")]
    rate: Annotated[
        float,
        Field(gt=0, le=10, description="its rate at the start, relative to that hadron's"),
    ]


class EventFitCard(Section):
    """Fit to whole events after the matched training."""

    settings: Annotated[
        tuple[str, ...],
        Field(description="Pythia settings of the process, one line of a .cmnd file each"),
    ]
    measured: Annotated[
        str | None,
        Field(
            description="a table of multiplicities to fit instead of Pythia's yields: z_pole, or "
            "the path of a .csv file"
        ),
    ] = None
    sample: Annotated[
        Path | None,
        Field(
            description="a HepMC file of events with their decays, to fit instead of Pythia's; "
            "settings must give the same process"
        ),
    ] = None
    loss: Annotated[
        Literal["moments", "adversarial", "both"],
        Field(
            description="means of counts, shapes and spectra; a discriminator that sees momenta "
            "and species of all hadrons, as in HADML; or both"
        ),
    ] = "moments"
    epochs: Annotated[
        int, Field(ge=1, le=100, description="passes of the discriminator's training in each step")
    ] = 4
    events: Annotated[int, Field(ge=500, description="events a step")] = 12_000
    steps: Annotated[int, Field(ge=1, description="steps of Gauss and Newton")] = 12
    first_divergence: Annotated[
        float, Field(gt=0, le=20, description="trust region of the first step, nats an event")
    ] = 1.5
    last_divergence: Annotated[
        float, Field(gt=0, le=20, description="trust region of the last step, nats an event")
    ] = 0.05
    prior: Annotated[
        float, Field(gt=0, description="events that the model before a step counts for")
    ] = 10.0
    tolerance: Annotated[
        float, Field(ge=0, le=0.1, description="relative error of every quantity")
    ] = 0.002
    rarest: Annotated[
        float, Field(gt=0, le=1, description="species that are rarer an event are not counted")
    ] = 0.002
    thrust: Annotated[
        bool, Field(description="fit the distribution of 1 - thrust of primary hadrons too")
    ] = False
    correlations: Annotated[
        bool,
        Field(
            description="fit second moments of species, multiplicity, shape and momenta of an "
            "event too, and all means with their covariance"
        ),
    ] = False
    directions: Annotated[
        int,
        Field(
            ge=0, le=32, description="directions in each last layer that change besides the biases"
        ),
    ] = 0
    memory: Annotated[
        float,
        Field(
            ge=0,
            lt=1,
            description="how much of the means and derivatives of earlier steps, carried to the "
            "present parameters, counts beside a new step's; with correlations or a measured "
            "table only",
        ),
    ] = 0.0
    damping: Annotated[
        float, Field(gt=0, le=1, description="part of a step that the second half of them takes")
    ] = 0.5
    averaged: Annotated[
        int, Field(ge=1, description="steps at the end over which parameters are averaged")
    ] = 1
    shape_error: Annotated[
        float,
        Field(gt=0, description="factor on the errors of shapes where multiplicities are measured"),
    ] = 3.0
    measured_shapes: Annotated[
        bool,
        Field(
            description="fit the event shapes measured by OPAL at the Z beside measured "
            "multiplicities; hadrons decay first"
        ),
    ] = False
    add: Annotated[
        tuple[AddedHadron, ...],
        Field(description="hadrons that clusters decay into from this fit on"),
    ] = ()

    @model_validator(mode="after")
    def _adversary_needs_events(self) -> Self:
        if self.measured is not None and self.loss != "moments":
            raise ValueError("measured multiplicities are means: loss must be moments")
        if self.memory > 0 and (not (self.correlations or self.measured) or self.loss != "moments"):
            raise ValueError(
                "memory needs loss = 'moments', and correlations = true or a measured table"
            )
        if self.correlations and self.measured is not None:
            raise ValueError("correlations are fitted to events: they exclude a measured table")
        if self.measured_shapes and self.measured is None:
            raise ValueError("measured_shapes needs a table of multiplicities in measured")
        if self.averaged > self.steps:
            raise ValueError(
                f"parameters cannot be averaged over {self.averaged} of {self.steps} steps"
            )
        return self


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

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.decays is None) == (self.strings is None):
            raise ValueError("give either [decays] or [strings] as training data")
        return self
