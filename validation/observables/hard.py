# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinematics of the hard process."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles, groups_of
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import azimuth_difference
from mcsurrogate.validation.observables.registry import (
    Observable,
    Section,
    linear,
    logarithmic,
    of_particles,
    register,
)

__all__ = ["HARD"]

FloatArray = NDArray[np.float64]

_LEGS = "legs of the hard process in the event record (HepMC status 21, 22 and 23)"
_hard = Section("hard", f"; {_LEGS}")
_ORDINAL = ("leading", "second", "third", "fourth")

LEG_SPECIES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("$d$", (1,)),
    ("$u$", (2,)),
    ("$s$", (3,)),
    ("$c$", (4,)),
    ("$b$", (5,)),
    ("$t$", (6,)),
    ("$g$", (21,)),
    (r"$\gamma$", (22,)),
    ("$Z$", (23,)),
    (r"$W^\pm$", (24,)),
    ("$H$", (25,)),
    (r"$\ell^\pm$", (11, 13, 15)),
    (r"$\nu$", (12, 14, 16)),
)
"""Label and PDG numbers, of particle and antiparticle together."""


def _species(legs: Callable[[Events], Particles]) -> Callable[[Events], Values]:
    """Bin number of the species of each leg."""

    def compute(events: Events) -> Values:
        chosen = legs(events)
        slot = groups_of(np.abs(chosen.pid), tuple(pids for _, pids in LEG_SPECIES))
        slot[slot < 0] = len(LEG_SPECIES)
        return of_particles(chosen, slot.astype(np.float64) + 0.5)

    return compute


def _species_table(
    name: str, title: str, legs: Callable[[Events], Particles], definition: str
) -> Observable:
    return _hard(
        name,
        title,
        label="species",
        edges=linear(0, len(LEG_SPECIES) + 1, len(LEG_SPECIES) + 1),
        compute=_species(legs),
        definition=definition,
        log_y=True,
        categories=(*(label for label, _ in LEG_SPECIES), "others"),
    )


def _fraction(side: int) -> Callable[[Events], FloatArray]:
    return lambda e: e.hard_process.momentum_fractions[:, side]


def _delta_phi(events: Events) -> FloatArray:
    legs = events.hard_process.outgoing
    return np.abs(azimuth_difference(legs.take(legs.phi, 0), legs.take(legs.phi, 1)))


def _transverse_sum(events: Events) -> FloatArray:
    """Sum of the transverse momenta, NaN for events without a hard process."""
    legs = events.hard_process.outgoing
    return np.where(legs.counts > 0, legs.sum_over(legs.pt), np.nan)


def _leg_pt(rank: int) -> Callable[[Events], FloatArray]:
    def compute(events: Events) -> FloatArray:
        legs = events.hard_process.outgoing
        return legs.take(legs.pt, rank)

    return compute


HARD = (
    _hard(
        "hard_mass",
        "Partonic centre-of-mass energy",
        r"$\sqrt{\hat s}$",
        logarithmic(20, 5000, 32),
        lambda e: e.hard_process.per_event(e.hard_process.system.mass),
        "invariant mass of the incoming legs",
        "GeV",
        log_x=True,
        log_y=True,
    ),
    _hard(
        "hard_rapidity",
        "Rapidity of the hard process",
        "$y$",
        linear(-5, 5, 40),
        lambda e: e.hard_process.per_event(e.hard_process.system.rapidity),
        "rapidity of the sum of the incoming legs",
    ),
    *(
        _hard(
            f"hard_x{side + 1}",
            f"Momentum fraction of the {('first', 'second')[side]} incoming leg",
            f"$x_{side + 1}$",
            logarithmic(1e-4, 1, 32),
            _fraction(side),
            f"light-cone fraction of the beam along {('+z', '-z')[side]}",
            log_x=True,
            log_y=True,
        )
        for side in range(2)
    ),
    _hard(
        "hard_cos_theta",
        "Production angle of the first outgoing leg",
        r"$\cos\hat\theta$",
        linear(-1, 1, 40),
        lambda e: e.hard_process.cos_theta,
        "polar angle in the rest frame of the incoming legs, for two outgoing legs",
    ),
    _hard(
        "hard_legs",
        "Number of outgoing legs",
        "$n$",
        linear(-0.5, 10.5, 11),
        lambda e: e.hard_process.outgoing.counts.astype(np.float64),
        "resonances count as one leg; 0 where the record does not mark the hard process",
    ),
    *(
        _hard(
            f"hard_pt{rank + 1}",
            f"Transverse momentum of the {_ORDINAL[rank]} outgoing leg",
            rf"$p_T({rank + 1})$",
            (0.0, *logarithmic(5, 2000, 30)),
            _leg_pt(rank),
            f"events with at least {rank + 1} legs",
            "GeV",
            log_y=True,
        )
        for rank in range(3)
    ),
    _hard(
        "hard_leg_rapidity",
        "Rapidity of the outgoing legs",
        "$y$",
        linear(-6, 6, 40),
        lambda e: of_particles(e.hard_process.outgoing, e.hard_process.outgoing.rapidity),
        "all outgoing legs",
    ),
    _hard(
        "hard_leg_mass",
        "Mass of the outgoing legs",
        "$m$",
        (0.0, *logarithmic(0.1, 400, 40)),
        lambda e: of_particles(e.hard_process.outgoing, e.hard_process.outgoing.mass),
        "all outgoing legs",
        "GeV",
        log_y=True,
    ),
    _hard(
        "hard_ht",
        "Sum of the transverse momenta of the outgoing legs",
        r"$\hat H_T$",
        (0.0, *logarithmic(10, 4000, 30)),
        _transverse_sum,
        "scalar sum over all outgoing legs",
        "GeV",
        log_y=True,
    ),
    _hard(
        "hard_delta_phi",
        "Azimuth between the two leading outgoing legs",
        r"$\Delta\phi$",
        linear(0, np.pi, 20),
        _delta_phi,
        "events with at least two legs",
        log_y=True,
    ),
    _species_table(
        "hard_incoming",
        "Species of the incoming legs",
        lambda e: e.hard_process.incoming,
        "mean number an event, antiparticles included",
    ),
    _species_table(
        "hard_outgoing",
        "Species of the outgoing legs",
        lambda e: e.hard_process.outgoing,
        "mean number an event, antiparticles included",
    ),
)

register(*HARD)
