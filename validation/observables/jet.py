"""Inclusive jets of hadron collisions."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.observables.registry import (
    Observable,
    linear,
    logarithmic,
    of_particles,
    register,
)

__all__ = ["JET"]

_JETS = "visible final-state particles clustered as the report states"
_ORDINAL = ("leading", "second", "third", "fourth")


def _ranked_pt(rank: int) -> Observable:
    return Observable(
        f"jet{rank + 1}_pt",
        f"Transverse momentum of the {_ORDINAL[rank]} jet",
        rf"$p_T(j_{rank + 1})$",
        logarithmic(25, (1000, 800, 500, 300)[rank], 24),
        lambda e: e.jets.take(e.jets.pt, rank),
        "jet",
        "GeV",
        f"{_JETS}; events with at least {rank + 1} jets",
        log_x=True,
        log_y=True,
    )


def _pair(jets: Particles) -> Particles:
    """Sum of the two leading jets of the events that have two."""
    return jets.where((jets.rank < 2) & (jets.counts[jets.event] > 1)).total()


def _dijet_mass(events: Events) -> np.ndarray:
    pair = _pair(events.jets)
    return np.where(events.jets.counts > 1, pair.mass, np.nan)


def _delta_r(events: Events) -> np.ndarray:
    jets = events.jets
    phi = jets.take(jets.phi, 0) - jets.take(jets.phi, 1)
    dy = jets.take(jets.rapidity, 0) - jets.take(jets.rapidity, 1)
    return np.hypot(np.mod(phi + np.pi, 2 * np.pi) - np.pi, dy)


JET = (
    Observable(
        "jet_multiplicity",
        "Number of jets",
        r"$N_{\rm jets}$",
        linear(-0.5, 14.5, 15),
        lambda e: e.jets.counts.astype(np.float64),
        "jet",
        "",
        _JETS,
        log_y=True,
    ),
    *(_ranked_pt(rank) for rank in range(4)),
    Observable(
        "jet_pt",
        "Transverse momentum of all jets",
        r"$p_T(j)$",
        logarithmic(25, 1000, 30),
        lambda e: of_particles(e.jets, e.jets.pt),
        "jet",
        "GeV",
        _JETS,
        log_x=True,
        log_y=True,
    ),
    Observable(
        "jet_rapidity",
        "Rapidity of all jets",
        r"$y(j)$",
        linear(-4.5, 4.5, 36),
        lambda e: of_particles(e.jets, e.jets.rapidity),
        "jet",
        "",
        _JETS,
    ),
    Observable(
        "jet_mass",
        "Mass of all jets",
        r"$m(j)$",
        (*linear(0, 40, 20), 45, 50, 60, 70, 80, 100, 140),
        lambda e: of_particles(e.jets, e.jets.mass),
        "jet",
        "GeV",
        _JETS,
        log_y=True,
    ),
    Observable(
        "dijet_mass",
        "Invariant mass of the two leading jets",
        r"$m(j_1 j_2)$",
        logarithmic(30, 3000, 28),
        _dijet_mass,
        "jet",
        "GeV",
        f"{_JETS}; events with at least 2 jets",
        log_x=True,
        log_y=True,
    ),
    Observable(
        "dijet_delta_r",
        "Distance of the two leading jets",
        r"$\Delta R(j_1, j_2)$",
        linear(0.2, 6.2, 30),
        _delta_r,
        "jet",
        "",
        f"{_JETS}; distance in rapidity and azimuth, events with at least 2 jets",
    ),
)

register(*JET)
