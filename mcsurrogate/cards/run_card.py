"""The run card: one TOML file that decides everything about a run."""

from pydantic import Field

from mcsurrogate.cards.sections import (
    BeamsSection,
    ChainSection,
    CutSection,
    EmulatorsSection,
    GenerationSection,
    IntegrationSection,
    JetsSection,
    ModelSection,
    PhaseSpaceSection,
    ProcessSection,
    ScalesSection,
    Section,
    ValidationSection,
)

__all__ = ["RunCard"]


class RunCard(Section):
    """A run: process, beams, integration, generation, chains and report."""

    seed: int = Field(ge=1, le=900_000_000, description="Decides every random number of the run.")
    process: ProcessSection
    beams: BeamsSection
    model: ModelSection = ModelSection()
    scales: ScalesSection = ScalesSection()
    cuts: tuple[CutSection, ...] = ()
    jets: JetsSection | None = None
    phase_space: PhaseSpaceSection = PhaseSpaceSection()
    integration: IntegrationSection = IntegrationSection()
    generation: GenerationSection = GenerationSection()
    emulators: EmulatorsSection | None = None
    chain: ChainSection = ChainSection()
    validation: ValidationSection = ValidationSection()
