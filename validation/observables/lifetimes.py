# SPDX-License-Identifier: GPL-3.0-or-later
"""Mean lives of all species that fly, each in units of its own.

For an exponential distribution the derivative of the log by its mean is t / tau - 1, up to a
factor, and no function of the flights beats its mean.
"""

import numpy as np
from particle import Particle

from mcsurrogate.analysis import Events
from mcsurrogate.events import groups_of
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.decaying import HEAVY_AND_WEAK
from mcsurrogate.validation.observables.registry import Section, linear, register

__all__ = ["LIVES"]

_life = Section("correlation", feature=False, specific=True)
_SPECIES: tuple[tuple[str, int], ...] = (
    ("$K^0_S$", 310),
    (r"$\Lambda$", 3122),
    (r"$\Sigma^+$", 3222),
    (r"$\Sigma^-$", 3112),
    (r"$\Xi^-$", 3312),
    (r"$\Xi^0$", 3322),
    (r"$\Omega$", 3334),
    *HEAVY_AND_WEAK,
    (r"$\Xi_c^+$", 4232),
    (r"$\Xi_c^0$", 4132),
    (r"$\Omega_c$", 4332),
    (r"$\Xi_b^-$", 5132),
    (r"$\Xi_b^0$", 5232),
)
_MOST = 10.0
"""Lives that one particle counts for at most, so that displaced ones do not hide the others."""


def _lives(events: Events) -> Values:
    """Species of each decayed particle, weighted by its life over the mean one, minus one."""
    chunk = events.chunk
    slot = groups_of(np.abs(chunk.pid), tuple((pid,) for _, pid in _SPECIES))
    index = chunk.last_copies(slot >= 0)
    index = index[(chunk.end_vertex[index] >= 0) & (chunk.production_vertex[index] >= 0)]
    mean = np.array([float(Particle.from_pdgid(pid).ctau or np.nan) for _, pid in _SPECIES])
    own = chunk.select(index)
    with np.errstate(divide="ignore", invalid="ignore"):
        lives = chunk.flight(index) * own.mass / (own.p * mean[slot[index]])
    known = np.isfinite(lives)
    weight = np.minimum(lives[known], _MOST) - 1.0
    return Values(slot[index][known].astype(np.float64) + 0.5, own.event[known], weight)


LIVES = (
    _life(
        "mean_lives",
        "Mean lives of decayed particles",
        "species",
        linear(0, len(_SPECIES), len(_SPECIES)),
        _lives,
        "sums over decayed particles (last copies) of t / tau - 1, t the proper time between their "
        f"vertices (at most {_MOST:g} tau) and tau of the Review of Particle Physics",
        categories=tuple(label for label, _ in _SPECIES),
        density=False,
    ),
)

register(*LIVES)
