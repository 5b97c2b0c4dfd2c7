# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections of a run card behind the cross section: events, chains and report."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mcsurrogate.cards.decides import Decides
from mcsurrogate.cards.quantities import EventFunction, PositiveEnergy
from mcsurrogate.cards.sections import Section, Text

__all__ = [
    "ChainSection",
    "EmulatorsSection",
    "GenerationSection",
    "MergingSection",
    "StandardChainSection",
    "SurrogateChainSection",
    "ValidationSection",
]


class GenerationSection(Section):
    """Unweighted events."""

    events: int = Field(
        default=10_000,
        ge=1,
        description=(
            "Number of unweighted events; with `process.events` the number of hard events that are "
            "taken, all if absent."
        ),
    )
    seed: int | None = Field(
        default=None,
        ge=1,
        le=900_000_000,
        description=(
            "Seed of the events, of the shower and all that follows, so that one integration "
            "serves many samples; the card's if absent."
        ),
    )
    first_event: int = Field(
        default=0,
        ge=0,
        description=(
            "Number of the first event in the sequence of the seed, counted from 0: jobs that "
            "share a seed make parts of one sample. Quickest in multiples of 100,000."
        ),
    )
    bias: Annotated[EventFunction | None, Decides("integrate", "generate")] = Field(
        default=None,
        description=(
            "Makes events more frequent by a positive function of them, whose inverse is in their "
            "weights: an expression as in 'pt(j1)^2', or 'path/to/file.py:function' (relative to "
            "the card); see docs/generation.md. Distributions and cross sections stay what they "
            "are."
        ),
    )


class MergingSection(Section):
    """Samples of several numbers of jets, merged by Pythia (arXiv:1109.4829, arXiv:0706.2569)."""

    method: Literal["ckkw-l", "mlm"] = Field(
        default="ckkw-l",
        description=(
            "ckkw-l: histories of each event, with weights; mlm: jets of the shower are matched "
            "with partons, and events without a match are left out."
        ),
    )
    jets: int = Field(
        ge=1,
        le=4,
        description=(
            "Largest number of jets beside those of the process definition, which gets none, one, "
            "... of them (j), each number a sample."
        ),
    )
    scale: PositiveEnergy = Field(
        description=(
            "Merging scale in GeV: matrix elements make jets above it, the shower those below."
        )
    )
    measure: Literal["kt", "lund_pt"] = Field(
        default="kt",
        description=(
            "What is compared with the scale: kt, longitudinally invariant, min(pT_i, pT_i dR_ij / "
            "radius); lund_pt, the evolution variable of Pythia's shower (for ckkw-l)."
        ),
    )
    radius: float | None = Field(
        default=None, gt=0, description="Radius of kt: 0.4 for ckkw-l, 1 for mlm if absent."
    )
    process: Text | None = Field(
        default=None,
        description=(
            "The process without jets in Pythia's words ('Merging:Process'), if these do not "
            "follow from the definition."
        ),
    )

    @property
    def jet_radius(self) -> float:
        """Radius of kt: jets of mlm are wider than what CKKW-L leaves to the shower."""
        return self.radius or {"ckkw-l": 0.4, "mlm": 1.0}[self.method]

    @model_validator(mode="after")
    def _keys_of_the_method(self) -> Self:
        if self.method == "mlm" and self.measure != "kt":
            raise ValueError(
                f"measure = {self.measure!r} is of ckkw-l: jets of mlm are those of kt"
            )
        if self.method == "mlm" and self.process is not None:
            raise ValueError("process is of ckkw-l: mlm does not look at the process")
        if self.measure != "kt" and self.radius is not None:
            raise ValueError(f"radius is of kt, and measure = {self.measure!r} has none")
        return self


class SurrogateChainSection(Section):
    """The chain on trial: what else in it is a surrogate, and settings of its own."""

    hadronization: Text | None = Field(
        default=None,
        description=(
            "Model that hadronizes: shipped weights ('string_breaks' for short, or a full name "
            "like 'string_breaks_monash') or the path of a weights file; Pythia's own if absent."
        ),
    )
    variations: tuple[Text, ...] = Field(
        default=(),
        description=(
            "Further weights, by name or path, each a named event weight of the HepMC3 file: "
            "members of an ensemble, or other tunes."
        ),
    )
    settings: tuple[Text, ...] = Field(
        default=(), description="Pythia settings of this chain alone, one 'Key = value' each."
    )

    @model_validator(mode="after")
    def _variations_of_a_model(self) -> Self:
        if self.variations and self.hadronization is None:
            raise ValueError(
                "`variations` are densities relative to a model; name it in `hadronization`"
            )
        return self


class EmulatorsSection(Section):
    """Trained emulators in the place of exact amplitudes when events are generated."""

    weights: tuple[Text, ...] = Field(
        min_length=1,
        description=(
            "Files that `mcsurrogate train emulator` wrote (emulator.safetensors), one for each "
            "amplitude to be emulated; a relative path starts from the working folder."
        ),
    )
    exact_second_stage: bool = Field(
        default=True,
        description=(
            "true: the emulator proposes events and the exact amplitude decides on them, which "
            "leaves no bias; false: the emulator alone, its uncertainty in the event weights "
            "surrogate_up, surrogate_down and one for each member of an ensemble."
        ),
    )
    largest_sigma: float | None = Field(
        default=None,
        gt=0,
        description=(
            "Relative uncertainty above which a point gets the exact amplitude; none: only points "
            "outside the emulator's domain do."
        ),
    )
    pilot: int = Field(
        default=20_000,
        ge=1000,
        description=(
            "Points from which the maxima of both stages, the costs and the gain are found; both "
            "amplitudes are evaluated there."
        ),
    )


class StandardChainSection(Section):
    """The reference: Pythia's own process, with card's PDF, scales, coupling and masses."""

    settings: tuple[Text, ...] = Field(
        default=(),
        description=(
            "Pythia settings of this chain alone. With a process definition they switch Pythia's "
            "own process on, e.g. 'Top:gg2ttbar = on', and are required; its electroweak couplings "
            "are Pythia's, where these settings do not say otherwise."
        ),
    )


class ChainSection(Section):
    """What happens to the events in Pythia, in both chains alike."""

    settings: tuple[Text, ...] = Field(
        default=(), description="Pythia settings of both chains, one 'Key = value' each."
    )
    hepmc: Literal["plain", "gz", "zst", "none"] = Field(
        default="zst",
        description=(
            "Compression of the HepMC3 files; none: no such files are written, and the report is "
            "filled with the events as they are made, as it is with files."
        ),
    )
    chunk_events: int = Field(
        default=1000,
        ge=1,
        description=(
            "Events, of which each chunk has a seed of its own and is made by one process: another "
            "number makes other events; that of the processes does not."
        ),
    )
    surrogate: Annotated[SurrogateChainSection, Decides("shower")] = SurrogateChainSection()
    standard: Annotated[StandardChainSection | None, Decides("reference")] = Field(
        default=None, description="The reference chain, which `mcsurrogate run` needs."
    )


RelativeDeviation = Annotated[float, Field(gt=0, lt=1)]


class ValidationSection(Section):
    """The report that compares both chains."""

    preset: Text = Field(default="pp_top", description="Preset of observables.")
    observables_file: Text | None = Field(
        default=None,
        description=(
            "Python file with further observables, functions marked with @observable; relative "
            "to the card."
        ),
    )
    tolerance: RelativeDeviation | dict[str, RelativeDeviation] | None = Field(
        default=None,
        description=(
            "Relative deviation that is still 'within tolerance': one number, or a table by name "
            "of observable ('default' for the others); none: any significant one is 'differs'."
        ),
    )
    deep: bool = Field(
        default=False,
        description="Also train two networks on the particles of both samples; takes minutes.",
    )
    plots: bool = Field(
        default=True, description="Also write every figure of the report as PDF and PNG."
    )
    yoda: bool = Field(default=False, description="Also write the histograms as YODA files.")
