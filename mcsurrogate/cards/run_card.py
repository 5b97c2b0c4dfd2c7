# SPDX-License-Identifier: GPL-3.0-or-later
"""The run card: one TOML file that decides everything about a run."""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from mcsurrogate.cards.cut_sections import CutSection, IsolationSection, JetsSection
from mcsurrogate.cards.decides import Decides
from mcsurrogate.cards.event_sections import (
    ChainSection,
    EmulatorsSection,
    GenerationSection,
    MergingSection,
    ValidationSection,
)
from mcsurrogate.cards.execution import ExecutionSection
from mcsurrogate.cards.expressions import is_own_function
from mcsurrogate.cards.sections import (
    BeamsSection,
    IntegrationSection,
    ModelSection,
    PhaseSpaceSection,
    ProcessSection,
    ScalesSection,
    Section,
    VariationsSection,
)

__all__ = ["OwnFunction", "RunCard", "own_functions"]


class RunCard(Section):
    """A run: process, beams, integration, generation, chains and report."""

    seed: int = Field(ge=1, le=900_000_000, description="Decides every random number of the run.")
    process: ProcessSection
    beams: BeamsSection
    model: Annotated[ModelSection, Decides("integrate", "reference")] = ModelSection()
    scales: Annotated[ScalesSection, Decides("integrate", "reference")] = ScalesSection()
    variations: Annotated[VariationsSection, Decides("integrate", "generate")] = VariationsSection()
    cuts: Annotated[tuple[CutSection, ...], Decides("integrate", "reference")] = ()
    jets: Annotated[JetsSection | None, Decides("integrate", "reference")] = None
    isolation: Annotated[IsolationSection | None, Decides("integrate", "reference")] = None
    preset_cuts: Annotated[Literal["madgraph"] | None, Decides("integrate", "reference")] = Field(
        default=None,
        description=(
            "Cuts beside [[cuts]]: madgraph, those of its run card at leading order (pt of jets "
            "20, of photons and leptons 10 GeV, |eta| of jets 5, of photons and leptons 2.5, "
            "distances 0.4); the products of decay chains are passed over, as there."
        ),
    )
    phase_space: Annotated[PhaseSpaceSection, Decides("integrate")] = PhaseSpaceSection()
    integration: Annotated[IntegrationSection, Decides("integrate")] = IntegrationSection()
    generation: Annotated[GenerationSection, Decides("generate", "shower", "reference")] = (
        GenerationSection()
    )
    merging: Annotated[
        MergingSection | None, Decides("integrate", "generate", "shower", "reference", "validate")
    ] = None
    emulators: Annotated[EmulatorsSection | None, Decides("generate")] = None
    chain: Annotated[ChainSection, Decides("shower", "reference")] = ChainSection()
    validation: Annotated[ValidationSection, Decides("validate")] = ValidationSection()
    execution: ExecutionSection = Field(default=ExecutionSection(), exclude=True)

    @model_validator(mode="after")
    def _merged_definition(self) -> Self:
        if self.merging is not None and self.process.definition is None:
            raise ValueError(
                "merging is of a process `definition`, and the card has none; for events of a file "
                "write Pythia's 'Merging:...' into chain.settings"
            )
        return self

    @model_validator(mode="after")
    def _bias_of_exact_events(self) -> Self:
        if self.generation.bias is not None and self.process.definition is None:
            raise ValueError(
                "generation.bias belongs to a process `definition`, and the card has none; "
                "processes of Pythia have 'PhaseSpace:bias2Selection'"
            )
        if self.generation.bias is not None and self.emulators is not None:
            raise ValueError(
                "generation.bias: events of [emulators] have none; leave one of the two out"
            )
        return self

    @model_validator(mode="after")
    def _first_event_of_a_sequence(self) -> Self:
        if self.generation.first_event and self.process.definition is None:
            raise ValueError(
                "generation.first_event is a place in the sequence of events of a process "
                "`definition`, and the card has none; give generation.seed another value"
            )
        return self


class OwnFunction(NamedTuple):
    """A value of a card that names a function in a Python file of the user's own.

    The key of a cut is its place in the list, from 0.
    """

    section: str
    key: str
    path: str
    name: str


def own_functions(card: RunCard) -> Iterator[OwnFunction]:
    """Yield the functions of events that a card names in Python files."""
    values = {
        ("scales", "renormalization"): card.scales.renormalization,
        ("scales", "factorization"): card.scales.factorization,
        ("scales", "shower"): card.scales.shower,
        ("generation", "bias"): card.generation.bias,
        **{("cuts", str(i)): cut.observable for i, cut in enumerate(card.cuts)},
    }
    for (section, key), value in values.items():
        if isinstance(value, str) and is_own_function(value):
            path, _, name = value.rpartition(":")
            yield OwnFunction(section, key, path, name)
