# SPDX-License-Identifier: GPL-3.0-or-later
"""Top quarks from the event record: the last copy of each, after radiation, before decay."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.validation.observables.angles import azimuth_difference
from mcsurrogate.validation.observables.registry import Section, linear, of_particles, register

__all__ = ["TOP"]

_top = Section("top")

_LAST = "last copy of the top quark in the event record, after radiation and before its decay"


def _delta_phi(events: Events) -> np.ndarray:
    top, anti = (t.take(t.phi, 0) for t in (events.top, events.antitop))
    return np.abs(azimuth_difference(top, anti))


def _cos_theta_star(events: Events) -> np.ndarray:
    """Cosine of the top's angle to the beam in the rest frame of the pair boosted along z."""
    top, anti = (t.take(t.rapidity, 0) for t in (events.top, events.antitop))
    return np.tanh(0.5 * (top - anti))


TOP = (
    _top(
        name="top_pt",
        title="Transverse momentum of the top quarks",
        label=r"$p_T(t)$",
        edges=(*linear(0, 400, 20), 450, 500, 600, 800),
        compute=lambda e: of_particles(e.tops, e.tops.pt),
        unit="GeV",
        definition=f"{_LAST}; tops and antitops",
        log_y=True,
    ),
    _top(
        name="top_rapidity",
        title="Rapidity of the top quarks",
        label=r"$y(t)$",
        edges=linear(-3.5, 3.5, 28),
        compute=lambda e: of_particles(e.tops, e.tops.rapidity),
        definition=f"{_LAST}; tops and antitops",
    ),
    _top(
        name="top_mass",
        title="Mass of the top quarks",
        label=r"$m(t)$",
        edges=(*linear(160, 169, 6), *linear(170, 176, 12), *linear(177, 186, 6)),
        compute=lambda e: of_particles(e.tops, e.tops.mass),
        unit="GeV",
        definition=f"{_LAST}; tops and antitops",
        log_y=True,
    ),
    _top(
        name="ttbar_mass",
        title="Invariant mass of the top pair",
        label=r"$m(t\bar t)$",
        edges=(*linear(300, 800, 20), 850, 900, 1000, 1200, 1500),
        compute=lambda e: e.top_pair.take(e.top_pair.mass, 0),
        unit="GeV",
        definition=f"{_LAST}; first top and first antitop",
        log_y=True,
    ),
    _top(
        name="ttbar_pt",
        title="Transverse momentum of the top pair",
        label=r"$p_T(t\bar t)$",
        edges=(0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 150, 200, 250, 300, 400, 600),
        compute=lambda e: e.top_pair.take(e.top_pair.pt, 0),
        unit="GeV",
        definition=f"{_LAST}; first top and first antitop",
        log_y=True,
    ),
    _top(
        name="ttbar_rapidity",
        title="Rapidity of the top pair",
        label=r"$y(t\bar t)$",
        edges=linear(-3, 3, 24),
        compute=lambda e: e.top_pair.take(e.top_pair.rapidity, 0),
        definition=f"{_LAST}; first top and first antitop",
    ),
    _top(
        name="ttbar_delta_phi",
        title="Azimuthal angle between top and antitop",
        label=r"$\Delta\phi(t, \bar t)$",
        edges=linear(0, np.pi, 20),
        compute=_delta_phi,
        definition=f"{_LAST}; first top and first antitop",
        log_y=True,
    ),
    _top(
        name="top_cos_theta",
        title="Production angle of the top quark",
        label=r"$\cos\theta^*$",
        edges=linear(-1, 1, 20),
        compute=_cos_theta_star,
        definition=r"tanh of half the rapidity difference of top and antitop: the cosine of the "
        "production angle for equal masses and a pair without transverse momentum",
    ),
)

register(*TOP)
