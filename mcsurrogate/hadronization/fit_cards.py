# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections of training cards about fits to events and to measurements."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mcsurrogate.hadronization.sections import Section

__all__ = ["AddedHadron", "AdversarialCard", "EventFitCard", "FitSteps", "TableFitCard"]


class AddedHadron(Section):
    """A hadron that the matched data lack, at first like one that they have."""

    hadron: Annotated[int, Field(gt=100, lt=10_000_000, description="PDG code, Pythia's numbering")]
    like: Annotated[int, Field(gt=100, description="PDG code of a hadron of the same flavours")]
    rate: Annotated[
        float,
        Field(gt=0, le=10, description="its rate at the start, relative to that hadron's"),
    ]


class Steps(Section):
    """Steps on events, each made anew, at whose end parameters are averaged."""

    settings: Annotated[
        tuple[str, ...],
        Field(description="Pythia settings of the process, one line of a .cmnd file each"),
    ]
    steps: int
    averaged: Annotated[
        int, Field(ge=1, description="steps at the end over which parameters are averaged")
    ] = 1

    @model_validator(mode="after")
    def _enough_steps(self) -> Self:
        if self.averaged > self.steps:
            raise ValueError(
                f"parameters cannot be averaged over {self.averaged} of {self.steps} steps"
            )
        return self


class FitSteps(Steps):
    """What fits by the scores of events have in common."""

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
    anchor: Annotated[
        float,
        Field(ge=0, description="events that the model before the whole fit counts for"),
    ] = 0.0
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
            "present parameters, counts beside a new step's; with correlations or measured values "
            "only",
        ),
    ] = 0.0
    damping: Annotated[
        float, Field(gt=0, le=1, description="part of a step that the second half of them takes")
    ] = 0.5


class EventFitCard(FitSteps):
    """Fit to whole events after the matched training."""

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
        Field(description="hadrons that are made from this fit on"),
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
        return self


class AdversarialCard(Steps):
    """Adversarial training of whole networks on whole events."""

    events: Annotated[int, Field(ge=100, description="events of both kinds a step")] = 4000
    steps: Annotated[int, Field(ge=1, description="steps of Adam of the model")] = 300
    learning_rate: Annotated[
        float, Field(gt=0, le=0.1, description="of the model at first; it falls in the second half")
    ] = 1e-3
    warm_up: Annotated[
        int, Field(ge=0, description="steps of the discriminator alone before the first")
    ] = 20
    discriminator_rate: Annotated[
        float, Field(gt=0, le=0.1, description="learning rate of the discriminator")
    ] = 2e-3
    hidden: Annotated[
        int, Field(ge=4, le=512, description="hidden units of each layer of the discriminator")
    ] = 48
    passes: Annotated[
        int, Field(ge=1, le=100, description="passes of the discriminator over each step's events")
    ] = 4
    penalty: Annotated[
        float,
        Field(
            ge=0,
            description="weight of the squared gradient of the discriminator at events of the "
            "target (R1)",
        ),
    ] = 0.002
    averaged: Annotated[
        int, Field(ge=1, description="steps at the end over which parameters are averaged")
    ] = 100


class TableFitCard(FitSteps):
    """Fit to measured tables, each compared as it was measured, after all decays."""

    files: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="files of measured tables, names of those that come with the package or "
            "paths of others of these names; all tables with a definition are fitted",
        ),
    ]
    settings: Annotated[
        tuple[str, ...],
        Field(description="further Pythia settings, lines of a .cmnd file; the process is known"),
    ] = ()
    energies: Annotated[
        tuple[float, ...],
        Field(min_length=1, description="energies in GeV whose tables are fitted"),
    ] = (91.2,)
    members: Annotated[
        int,
        Field(
            ge=0,
            le=100,
            description="further weights NAME_member_1 and so on, drawn from the covariance of the "
            "fit, as variations: their spread is its uncertainty",
        ),
    ] = 0
    floor: Annotated[
        float,
        Field(ge=0, le=0.2, description="smallest relative error of a measured value"),
    ] = 0.02
