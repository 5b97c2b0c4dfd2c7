# SPDX-License-Identifier: GPL-3.0-or-later
"""Spectra and yields of final-state particles."""

from collections.abc import Callable

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles, among, groups_of
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import (
    Observable,
    Section,
    linear,
    logarithmic,
    of_particles,
    register,
)

__all__ = ["FINAL_SPECIES", "PARTICLE"]

_particle = Section("particle")

FINAL_SPECIES: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"$\pi^\pm$", (211,)),
    (r"$K^\pm$", (321,)),
    (r"$p, \bar p$", (2212,)),
    (r"$n, \bar n$", (2112,)),
    (r"$K^0_L$", (130,)),
    (r"$K^0_S$", (310,)),
    (r"$\Lambda$", (3122,)),
    (r"$\Sigma, \Xi, \Omega$", (3112, 3222, 3312, 3322, 3334)),
    (r"$\gamma$", (22,)),
    (r"$e^\pm$", (11,)),
    (r"$\mu^\pm$", (13,)),
    (r"$\nu$", (12, 14, 16)),
)


def _species(events: Events) -> Values:
    """Bin number of the species of each final-state particle."""
    final = events.final
    slot = groups_of(np.abs(final.pid), tuple(pids for _, pids in FINAL_SPECIES))
    slot[slot < 0] = len(FINAL_SPECIES)
    return of_particles(final, slot.astype(np.float64) + 0.5)


def _central(events: Events) -> Particles:
    charged = events.charged
    return charged.where(np.abs(charged.eta) < 2.5)


def _pt_of(*pids: int) -> Callable[[Events], Values]:
    def compute(events: Events) -> Values:
        final = events.final
        chosen = final.where(among(np.abs(final.pid), pids) & (np.abs(final.eta) < 2.5))
        return of_particles(chosen, chosen.pt)

    return compute


def _pt_spectrum(name: str, words: str, symbol: str, *pids: int) -> Observable:
    return _particle(
        name=f"{name}_pt",
        title=f"Transverse momentum of {words}",
        label=rf"$p_T({symbol})$",
        edges=logarithmic(0.1, 30, 30),
        compute=_pt_of(*pids),
        unit="GeV",
        definition=f"final-state {words} with |eta| < 2.5",
        log_x=True,
        log_y=True,
    )


PARTICLE = (
    _particle(
        name="charged_pt",
        title="Transverse momentum of charged particles",
        label=r"$p_T$",
        edges=logarithmic(0.1, 100, 36),
        compute=lambda e: of_particles(_central(e), _central(e).pt),
        unit="GeV",
        definition="charged final-state particles with |eta| < 2.5",
        log_x=True,
        log_y=True,
    ),
    _particle(
        name="charged_eta",
        title="Pseudorapidity of charged particles",
        label=r"$\eta$",
        edges=linear(-8, 8, 40),
        compute=lambda e: of_particles(e.charged, e.charged.eta),
        definition="charged final-state particles",
    ),
    _particle(
        name="charged_phi",
        title="Azimuth of charged particles",
        label=r"$\phi$",
        edges=linear(-np.pi, np.pi, 48),
        compute=lambda e: of_particles(e.charged, e.charged.phi),
        definition="charged final-state particles",
    ),
    _pt_spectrum("pion", "charged pions", r"\pi^\pm", 211),
    _pt_spectrum("kaon", "charged kaons", r"K^\pm", 321),
    _pt_spectrum("proton", "protons and antiprotons", r"p, \bar p", 2212),
    _pt_spectrum("lepton", "electrons and muons", r"e^\pm, \mu^\pm", 11, 13),
    _particle(
        name="final_species",
        title="Final-state particles by species",
        label="species",
        edges=linear(0, len(FINAL_SPECIES) + 1, len(FINAL_SPECIES) + 1),
        compute=_species,
        definition="mean number of final-state particles of each species, antiparticles included",
        log_y=True,
        categories=(*(label for label, _ in FINAL_SPECIES), "others"),
    ),
)

register(*PARTICLE)
