# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections of a run card up to the cross section; every field says its unit and its meaning."""

import math
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    model_validator,
)

from mcsurrogate.cards.decides import Decides
from mcsurrogate.cards.quantities import Energy, PositiveEnergy, Scale

__all__ = [
    "BeamsSection",
    "FlowSection",
    "IntegrationSection",
    "ModelSection",
    "PhaseSpaceSection",
    "ProcessSection",
    "ScalesSection",
    "Section",
    "Text",
    "VariationsSection",
]

Text = Annotated[str, Field(min_length=1)]
#: A list of texts, of which one may stand without brackets.
Texts = Annotated[
    tuple[Text, ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
]
Width = Energy | Literal["auto"]
_ENERGY = TypeAdapter(PositiveEnergy)
_TWO_ENERGIES = TypeAdapter(tuple[PositiveEnergy, PositiveEnergy])
Beam = Literal["p", "p~", "e-", "e+", "mu-", "mu+"]


class Section(BaseModel):
    """A section of a card: unknown keys are refused, values cannot change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ProcessSection(Section):
    """Which hard process: one of `definition`, `pythia` and `events`."""

    definition: Text | tuple[Text, ...] | None = Field(
        default=None,
        description=(
            "Process in MadGraph's syntax, e.g. 'p p > t t~' or 'p p > w+ z, w+ > l+ vl, z > j j': "
            "integrated and generated here, the hard process of the surrogate chain; see "
            "docs/matrix_elements.md. A list is of several, of the "
            "same beams, number of outgoing particles and masses."
        ),
    )
    labels: dict[Text, Text | tuple[str | int, ...]] = Field(
        default={},
        description=(
            "Multiparticle labels of one's own, by name: names of particles, labels or PDG ids, as "
            "a list or in one text ('u d s')."
        ),
    )
    bwcutoff: float = Field(
        default=15.0,
        gt=0,
        description=(
            "Widths of a resonance from its mass within which those of a decay chain lie, and "
            "outside of which those after '$' do."
        ),
    )
    pythia: tuple[Text, ...] = Field(
        default=(),
        description=(
            "Pythia settings of the process, e.g. 'HardQCD:all = on': Pythia makes the hard "
            "process of both chains, and nothing is integrated."
        ),
    )
    events: Text | None = Field(
        default=None,
        description=(
            "Les Houches event file of any generator (plain, gz, zst or xz): the hard events of "
            "both chains; relative to the card. Beams and energy are those of the file."
        ),
    )
    light_flavours: int = Field(
        default=4, ge=1, le=5, description="Massless quark flavours in p and j (4: u, d, s, c)."
    )

    @property
    def definitions(self) -> tuple[str, ...]:
        """The process definitions, none where Pythia or a file makes the process."""
        if self.definition is None:
            return ()
        return (self.definition,) if isinstance(self.definition, str) else self.definition

    @property
    def name(self) -> str:
        """What the process definitions are called together."""
        return "; ".join(self.definitions)

    @model_validator(mode="after")
    def _definitions_differ(self) -> Self:
        if self.definition is not None and not self.definitions:
            raise ValueError("`definition` is an empty list; name a process")
        if len(set(self.definitions)) < len(self.definitions):
            raise ValueError("`definition` has the same process twice, which would count twice")
        return self

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if [self.definition is None, not self.pythia, self.events is None].count(False) != 1:
            raise ValueError(
                "give one of `definition`, a process that is integrated here, `pythia`, the "
                "settings of a process that Pythia makes, and `events`, a file of hard events"
            )
        return self


class BeamsSection(Section):
    """Beams, their energy and their parton densities."""

    particles: tuple[Beam, Beam] | None = Field(
        default=None,
        description=(
            "Both beam particles, of p, p~, e-, e+, mu-, mu+; if absent, those of the process "
            "definition, whose partons come from protons, and protons where Pythia makes the "
            "process. Lepton beams have their full energy ('PDF:lepton = off') unless the chain's "
            "settings say otherwise."
        ),
    )
    sqrt_s: PositiveEnergy = Field(
        description="Centre-of-mass energy of the beams in GeV, or text with a unit ('13 TeV')."
    )
    energies: tuple[PositiveEnergy, PositiveEnergy] | None = Field(
        default=None,
        description=(
            "Energies of both beams where they differ, in the place of `sqrt_s`; cuts, scales and "
            "events are in the frame where the beams have them (the laboratory)."
        ),
    )
    pdf: Text | None = Field(
        default=None,
        description=(
            "PDF set (LHAPDF name, a .dat grid file, or a set folder); needed for hadron beams of "
            "a process definition, absent for partonic ones; Pythia's own if Pythia makes the "
            "process and none is given."
        ),
    )
    pdf_member: int = Field(default=0, ge=0, description="Member of the PDF set.")

    @model_validator(mode="before")
    @classmethod
    def _energy_of_both(cls, given: object) -> object:
        """Fill in the energy of beams that are given apart."""
        if not isinstance(given, dict) or given.get("energies") is None:
            return given
        first, second = _TWO_ENERGIES.validate_python(given["energies"])
        both = 2 * math.sqrt(first * second)
        if "sqrt_s" in given:
            told = _ENERGY.validate_python(given["sqrt_s"])
            if not math.isclose(told, both, rel_tol=1e-9):
                raise ValueError(
                    f"sqrt_s = {told:g} GeV is not that of the energies, {both:g}; give one of them"
                )
        return {**given, "sqrt_s": both}

    @property
    def beam_energies(self) -> tuple[float, float]:
        """Energies of both beams in GeV."""
        return self.energies or (self.sqrt_s / 2, self.sqrt_s / 2)


_INVERSE_ALPHA = 132.507


class ModelSection(Section):
    """Parameters of the Standard Model (defaults: MadGraph5_aMC@NLO 3.5.7, restrict_default).

    A width 'auto' is the sum of all decays at tree level: of two-body decays, and for the Higgs of
    W and Z pairs off their mass shell besides. Its decays by loops (two gluons, two photons, Z and
    photon) and into charm, which has no mass here, are missing: 11% of the width of
    arXiv:1610.07922; a bottom mass of 4.7 GeV makes its part larger than it is there.
    """

    z_mass: PositiveEnergy = Field(default=91.188, description="Z mass in GeV.")
    z_width: Width = Field(
        default=2.441404,
        description="Z width in GeV, or 'auto': all two-body decays at lowest order.",
    )
    w_width: Width = Field(
        default=2.0476,
        description="W width in GeV, or 'auto': all two-body decays at lowest order.",
    )
    top_mass: PositiveEnergy = Field(default=173.0, description="Top mass in GeV.")
    top_width: Width = Field(
        default=1.4915,
        description="Top width in GeV, or 'auto': all two-body decays at lowest order.",
    )
    bottom_mass: Energy = Field(default=4.7, description="Bottom mass in GeV.")
    tau_mass: Energy = Field(default=1.777, description="Tau mass in GeV.")
    tau_width: PositiveEnergy = Field(
        default=2.2674e-12,
        description="Tau width in GeV, of decay chains alone: other propagators of it have none.",
    )
    higgs_mass: PositiveEnergy = Field(default=125.0, description="Higgs mass in GeV.")
    higgs_width: Width = Field(
        default=0.006382339,
        description="Higgs width in GeV, or 'auto': all decays at tree level, without loops.",
    )
    top_yukawa_mass: Energy = Field(
        default=173.0, description="Top mass in its Yukawa coupling, GeV."
    )
    bottom_yukawa_mass: Energy = Field(
        default=4.7, description="Bottom mass in its Yukawa coupling, GeV."
    )
    tau_yukawa_mass: Energy = Field(
        default=1.777, description="Tau mass in its Yukawa coupling, GeV."
    )
    inverse_alpha_ew: float = Field(
        default=_INVERSE_ALPHA, gt=0, description="1 / alpha(MZ), dimensionless."
    )
    fermi_constant: float = Field(
        default=1.16639e-5, gt=0, description="Fermi constant G_F in GeV^-2."
    )
    input_scheme: Literal["alpha", "g_mu"] = Field(
        default="alpha",
        description=(
            "What the electroweak sector follows from: alpha, from alpha(MZ), G_F and MZ, which "
            "give MW; g_mu, from G_F, MW and MZ, which give alpha, sqrt(2) G_F MW^2 (1 - MW^2/MZ^2)"
            " / pi."
        ),
    )
    width_scheme: Literal["fixed", "complex-mass"] = Field(
        default="fixed",
        description=(
            "What widths do: fixed, they stand in the denominators of propagators alone; "
            "complex-mass, masses are complex wherever they appear, cos(theta_W) among them, so "
            "that gauge invariance holds. External particles have no width then."
        ),
    )
    w_mass: PositiveEnergy | None = Field(
        default=None, description="W mass in GeV, in the scheme g_mu, and there alone."
    )

    @model_validator(mode="after")
    def _inputs_of_the_scheme(self) -> Self:
        if (self.input_scheme == "g_mu") != (self.w_mass is not None):
            raise ValueError(
                "w_mass is an input of input_scheme = 'g_mu', which needs it, and of no other: in "
                "the scheme 'alpha' it follows from inverse_alpha_ew, fermi_constant and z_mass"
            )
        if self.w_mass is None:
            return self
        if self.inverse_alpha_ew != _INVERSE_ALPHA:
            raise ValueError(
                "inverse_alpha_ew follows from fermi_constant, w_mass and z_mass in the scheme "
                "'g_mu'; leave it out"
            )
        if not 0.5 < (self.w_mass / self.z_mass) ** 2 < 1:
            raise ValueError(
                f"w_mass = {self.w_mass:g} GeV: its square must be between half and the whole of "
                "that of z_mass"
            )
        return self


class ScalesSection(Section):
    """Renormalisation and factorisation scale and the strong coupling."""

    renormalization: Scale = Field(
        default=91.188,
        description=(
            "Renormalisation scale: fixed, in GeV, or dynamic: ht (sum of transverse momenta), "
            "sum_mt (of transverse masses), transverse_energy, sqrt_shat, kt_clustering "
            "(MadGraph's -1), or an expression of these and of observables of particles, as in "
            "'sum_mt/2', '0.5 * mass(e+, e-)' or 'max(pt(j1), 20)', or a function of one's own, "
            "'path/to/file.py:function' (relative to the card); see docs/generation.md."
        ),
    )
    factorization: Scale = Field(
        default=91.188, description="Factorisation scale, as the renormalisation scale."
    )
    shower: Annotated[Scale | None, Decides("generate", "reference")] = Field(
        default=None,
        description=(
            "Where parton showers start (SCALUP of the events), as the renormalisation scale; by "
            "default the factorisation scale, and sqrt_shat where beams have no densities."
        ),
    )
    alpha_s: Annotated[float, Field(gt=0, lt=1)] | Literal["pdf"] = Field(
        default="pdf",
        description=(
            "A strong coupling that does not run, or 'pdf' for that of the PDF set at the "
            "renormalisation scale."
        ),
    )

    def of_showers(self, *, densities: bool) -> float | str:
        """Return where showers start, for beams with or without parton densities."""
        if self.shower is not None:
            return self.shower
        return self.factorization if densities else "sqrt_shat"


class VariationsSection(Section):
    """Other scales and parton densities: uncertainties, and named weights of every event."""

    scales: Literal["7-point", "9-point"] | None = Field(
        default=None,
        description=(
            "Renormalisation and factorisation scale up and down by `scale_factor`: all nine "
            "combinations, or without the two that go apart."
        ),
    )
    scale_factor: Annotated[float, Field(gt=1)] = Field(
        default=2.0, description="How far up and down the scales go."
    )
    pdf: Texts = Field(
        default=(),
        description=(
            "Other densities: 'all' for every member of the card's set, the name of a set for its "
            "central member, 'NAME/all' for all of its members."
        ),
    )


class PhaseSpaceSection(Section):
    """How momenta are made from random numbers."""

    mapping: Literal["auto", "diagrams", "transverse"] = Field(
        default="auto",
        description=(
            "diagrams: one channel for each set of propagators; transverse: one channel in "
            "transverse momenta, rapidities and azimuths; auto: transverse in hadron collisions "
            "where every massless particle has a cut on pt and nothing is resonant, or all "
            "diagrams have their resonances in common, which then decay."
        ),
    )


class FlowSection(Section):
    """The normalizing flow that `madnis` trains."""

    family: Text = Field(
        default="splines",
        description=(
            "splines: rational-quadratic coupling blocks; or a family of one's own, as "
            "'module:Class' or 'path/to/file.py:Class' (relative to the card), whose code runs: "
            "see docs/integration.md."
        ),
    )
    options: dict[str, JsonValue] = Field(
        default={},
        description=(
            "What the family's constructor takes by name; of splines: hidden (widths of the "
            "layers), bins, marginal_bins, blocks."
        ),
    )


class IntegrationSection(Section):
    """How the cross section is computed."""

    method: Literal["auto", "madnis", "vegas"] = Field(
        default="auto",
        description="madnis: normalizing flow; vegas: VEGAS+; auto: the cheaper one, measured.",
    )
    device: Literal["cpu", "cuda"] = Field(
        default="cpu",
        description=(
            "Where the networks of the flow and of its channel weights are trained and evaluated; "
            "cuda needs a GPU that torch finds. Everything else stays on the processor."
        ),
    )
    precision: float = Field(
        default=0.001, gt=0, lt=1, description="Relative error at which integration stops."
    )
    max_evaluations: int = Field(
        default=2_000_000,
        ge=10_000,
        description="Integrand evaluations, training included, after which it stops anyway.",
    )
    overweight_fraction: float = Field(
        default=0.001,
        ge=0,
        lt=0.5,
        description=(
            "Fraction of the cross section that may lie above the maximum weight; the events "
            "above it are kept with their weight."
        ),
    )

    effective_fraction: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description=(
            "Effective sample size over the number of events that is enough. Below 1 unweighting "
            "is partial: fewer points are thrown away, and more events have a weight above one."
        ),
    )
    subprocesses: Literal["sum", "sample"] = Field(
        default="sum",
        description=(
            "sum: every point evaluates all amplitudes of a process that is summed over flavours; "
            "sample: one of them, drawn with learned probabilities."
        ),
    )
    helicities: Literal["sum", "sample"] = Field(
        default="sum",
        description=(
            "sum: every point sums over helicities; sample: one configuration, drawn with learned "
            "probabilities. It pays where amplitudes are dear: see docs/integration.md."
        ),
    )
    flow: FlowSection = FlowSection()

    @model_validator(mode="after")
    def _nothing_to_place(self) -> Self:
        if self.device != "cpu" and self.method == "vegas":
            raise ValueError(
                f"device = {self.device!r} places the networks of a flow, and method = 'vegas' has "
                "none; phase space and amplitudes stay on the processor"
            )
        return self
