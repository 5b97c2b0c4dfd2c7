# SPDX-License-Identifier: GPL-3.0-or-later
"""Inclusive jets of hadron collisions."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.observables.angles import azimuth_difference
from mcsurrogate.validation.observables.registry import (
    Observable,
    Section,
    linear,
    logarithmic,
    of_particles,
    register,
)

__all__ = ["JET"]

_jet = Section("jet")

_JETS = "visible final-state particles clustered as the report states"
_ORDINAL = ("leading", "second", "third", "fourth")


def _ranked_pt(rank: int) -> Observable:
    return _jet(
        name=f"jet{rank + 1}_pt",
        title=f"Transverse momentum of the {_ORDINAL[rank]} jet",
        label=rf"$p_T(j_{rank + 1})$",
        edges=logarithmic(25, (1000, 800, 500, 300)[rank], 24),
        compute=lambda e: e.jets.take(e.jets.pt, rank),
        unit="GeV",
        definition=f"{_JETS}; events with at least {rank + 1} jets",
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
    phi = azimuth_difference(jets.take(jets.phi, 0), jets.take(jets.phi, 1))
    dy = jets.take(jets.rapidity, 0) - jets.take(jets.rapidity, 1)
    return np.hypot(phi, dy)


JET = (
    _jet(
        name="jet_multiplicity",
        title="Number of jets",
        label=r"$N_{\rm jets}$",
        edges=linear(-0.5, 14.5, 15),
        compute=lambda e: e.jets.counts.astype(np.float64),
        definition=_JETS,
        log_y=True,
    ),
    *(_ranked_pt(rank) for rank in range(4)),
    _jet(
        name="jet_pt",
        title="Transverse momentum of all jets",
        label=r"$p_T(j)$",
        edges=logarithmic(25, 1000, 30),
        compute=lambda e: of_particles(e.jets, e.jets.pt),
        unit="GeV",
        definition=_JETS,
        log_x=True,
        log_y=True,
    ),
    _jet(
        name="jet_rapidity",
        title="Rapidity of all jets",
        label=r"$y(j)$",
        edges=linear(-4.5, 4.5, 36),
        compute=lambda e: of_particles(e.jets, e.jets.rapidity),
        definition=_JETS,
    ),
    _jet(
        name="jet_mass",
        title="Mass of all jets",
        label=r"$m(j)$",
        edges=(*linear(0, 40, 20), 45, 50, 60, 70, 80, 100, 140),
        compute=lambda e: of_particles(e.jets, e.jets.mass),
        unit="GeV",
        definition=_JETS,
        log_y=True,
    ),
    _jet(
        name="dijet_mass",
        title="Invariant mass of the two leading jets",
        label=r"$m(j_1 j_2)$",
        edges=logarithmic(30, 3000, 28),
        compute=_dijet_mass,
        unit="GeV",
        definition=f"{_JETS}; events with at least 2 jets",
        log_x=True,
        log_y=True,
    ),
    _jet(
        name="dijet_delta_r",
        title="Distance of the two leading jets",
        label=r"$\Delta R(j_1, j_2)$",
        edges=linear(0.2, 6.2, 30),
        compute=_delta_r,
        definition=f"{_JETS}; distance in rapidity and azimuth, events with at least 2 jets",
    ),
)

register(*JET)
