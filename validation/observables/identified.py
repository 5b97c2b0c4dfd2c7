# SPDX-License-Identifier: GPL-3.0-or-later
"""Momentum fractions of identified particles in e+ e- annihilation."""

from collections.abc import Callable

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Observable, of_particles, register

__all__ = ["IDENTIFIED", "SPECIES"]

_EDGES = (
    *(0.0, 0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.125, 0.15),
    *(0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0),
)

SPECIES: tuple[tuple[str, str, str, tuple[int, ...], bool], ...] = (
    ("pion", "charged pions", r"\pi^\pm", (211,), False),
    ("kaon", "charged kaons", r"K^\pm", (321,), False),
    ("proton", "protons and antiprotons", r"p, \bar p", (2212,), False),
    ("photon", "photons", r"\gamma", (22,), False),
    ("neutral_kaon", "neutral kaons", "K^0", (130, 310), True),
    ("lambda", "Lambda baryons", r"\Lambda", (3122,), True),
    ("neutral_pion", "neutral pions", r"\pi^0", (111,), True),
    ("eta_meson", "eta mesons", r"\eta", (221,), True),
    ("k_star", "excited neutral kaons", r"K^*(892)^0", (313,), True),
    ("phi_meson", "phi mesons", r"\phi", (333,), True),
    ("d_star", "excited charged D mesons", r"D^*(2010)^\pm", (413,), True),
    ("xi_baryon", "Xi baryons", r"\Xi^-", (3312,), True),
)
"""Name, words, symbol, PDG numbers (with antiparticles), and whether decayed ones count."""


def _select(pids: tuple[int, ...], decayed: bool) -> Callable[[Events], Particles]:
    both = tuple(sign * p for p in pids for sign in (1, -1))
    if decayed:
        return lambda e: e.last_copies(*both)
    return lambda e: e.final.where(np.isin(e.final.pid, both))


def _momentum(
    name: str, words: str, symbol: str, pids: tuple[int, ...], decayed: bool
) -> Observable:
    select = _select(pids, decayed)

    def compute(events: Events) -> Values:
        chosen = select(events)
        return of_particles(chosen, 2.0 * chosen.p / events.energy_scale[chosen.event])

    state = "last copies, decayed ones included" if decayed else "final state"
    return Observable(
        name=f"{name}_xp",
        title=f"Momentum fraction of {words}",
        label=f"$x_p({symbol})$",
        edges=_EDGES,
        compute=compute,
        group="particle",
        definition=f"x_p = 2p/sqrt(s) of {words} ({state})",
        log_y=True,
        # event by event the same as the xi spectra and the numbers
        feature=False,
    )


IDENTIFIED = tuple(_momentum(*species) for species in SPECIES)

register(*IDENTIFIED)
