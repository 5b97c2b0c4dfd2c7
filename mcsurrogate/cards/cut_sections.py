# SPDX-License-Identifier: GPL-3.0-or-later
"""Sections of a run card that say which events count."""

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from mcsurrogate.cards.quantities import Energy, EventFunction
from mcsurrogate.cards.sections import Section

__all__ = ["CutSection", "IsolationSection", "JetsSection"]


_NO_PARTICLES: dict[str, object] = {
    "particles": ("jets",),
    "others": None,
    "ranks": None,
    "same_flavour": False,
}
_Observable = Literal[
    "pt",
    "energy",
    "eta",
    "rapidity",
    "delta_r",
    "delta_eta",
    "delta_rapidity",
    "delta_phi",
    "mass",
    "kt",
    "system_mass",
    "system_pt",
    "system_rapidity",
    "sum_pt",
    "sum_mt",
    "lund_pt",
]


class CutSection(Section):
    """A cut on particles, pairs or systems; a particle that the process lacks is passed over."""

    observable: _Observable | EventFunction = Field(
        description=(
            "pt, energy, |eta|, |rapidity| of each particle; delta_r, delta_eta, delta_rapidity, "
            "delta_phi, mass, kt (min(pt) times the distance in rapidity and azimuth) of each "
            "pair; system_mass, system_pt, |system_rapidity| of the system; sum_pt (H_T), sum_mt "
            "over it; lund_pt of partons, the least evolution pT of Pythia's shower at which one "
            "of them could have been emitted; GeV where it has a dimension. Or an expression "
            "of events, as for scales ('mass(j1, j2)'), or a function of your own, "
            "'path/to/file.py:name', of momenta (N, n, 4) and PDG ids, which is run."
        )
    )
    particles: tuple[str | int, ...] = Field(
        default=("jets",),
        min_length=1,
        description="jets, b, leptons, neutrinos, photons, or PDG ids.",
    )
    ranks: tuple[int, ...] | None = Field(
        default=None,
        description=(
            "Places among the particles by falling pt that the cut is for, from 1: [1] the leading "
            "one, [1, 2] the two leading ones together; all of them if absent."
        ),
    )
    same_flavour: bool = Field(
        default=False,
        description="For pairs: only particles with their antiparticles (e+ e-, mu+ mu-).",
    )
    others: tuple[str | int, ...] | None = Field(
        default=None, description="For pairs: the partners; the same particles if absent."
    )
    minimum: float | None = Field(default=None, description="Smallest value that passes.")
    maximum: float | None = Field(default=None, description="Largest value that passes.")

    @property
    def is_function(self) -> bool:
        """Whether the observable is an expression or a function of events."""
        return self.observable not in get_args(_Observable)

    @model_validator(mode="after")
    def _functions_have_no_particles(self) -> Self:
        given = [key for key, value in _NO_PARTICLES.items() if getattr(self, key) != value]
        if self.is_function and given:
            raise ValueError(
                f"{self.observable!r} is a function of events, which names its particles itself: "
                f"leave out {', '.join(given)}"
            )
        return self

    @model_validator(mode="after")
    def _limits_say_something(self) -> Self:
        if self.minimum is None and self.maximum is None:
            raise ValueError(f"a cut on {self.observable!r} needs a minimum, a maximum or both")
        if not self.is_function and self.minimum is not None and self.minimum < 0:
            raise ValueError(
                f"a cut on {self.observable!r} above {self.minimum:g}: it is never negative (of "
                "rapidities and angles the size counts), so leave the minimum out; 'eta(j1)' and "
                "the like, expressions of events, have a sign"
            )
        return self


class JetsSection(Section):
    """At least so many anti-kt jets (FastJet) among the partons of the hard process."""

    count: int = Field(ge=1, description="Smallest number of jets.")
    radius: float = Field(default=0.4, gt=0, description="Radius R.")
    pt_min: Energy = Field(default=20.0, description="Smallest transverse momentum in GeV.")
    eta_max: float = Field(default=5.0, gt=0, description="Largest |eta|.")
    cuts: tuple[CutSection, ...] = Field(
        default=(),
        description="[[jets.cuts]]: cuts on the jets that count, as [[cuts]] are on particles.",
    )


class IsolationSection(Section):
    """Photons isolated from coloured particles by a smooth cone (Frixione)."""

    radius: float = Field(default=0.4, gt=0, lt=3.1, description="Radius R0 of the cone.")
    epsilon: float = Field(
        default=1.0, gt=0, description="Transverse energy in the whole cone over the photon's."
    )
    exponent: float = Field(default=1.0, gt=0, description="Power n of (1 - cos r)/(1 - cos R0).")
    particles: tuple[str | int, ...] = Field(
        default=("photons",), min_length=1, description="What is isolated."
    )
    others: tuple[str | int, ...] = Field(
        default=("jets", "b"), min_length=1, description="What it is isolated from."
    )
