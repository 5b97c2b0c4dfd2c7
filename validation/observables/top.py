"""Top quarks from the event record: the last copy of each, after radiation, before decay."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.validation.observables.registry import Observable, linear, of_particles, register

__all__ = ["TOP"]

_LAST = "last copy of the top quark in the event record, after radiation and before its decay"


def _delta_phi(events: Events) -> np.ndarray:
    top, anti = (t.take(t.phi, 0) for t in (events.top, events.antitop))
    return np.abs(np.mod(top - anti + np.pi, 2 * np.pi) - np.pi)


def _cos_theta_star(events: Events) -> np.ndarray:
    """Cosine of the top's angle to the beam in the rest frame of the pair boosted along z."""
    top, anti = (t.take(t.rapidity, 0) for t in (events.top, events.antitop))
    return np.tanh(0.5 * (top - anti))


TOP = (
    Observable(
        "top_pt",
        "Transverse momentum of the top quarks",
        r"$p_T(t)$",
        (*linear(0, 400, 20), 450, 500, 600, 800),
        lambda e: of_particles(e.tops, e.tops.pt),
        "top",
        "GeV",
        f"{_LAST}; tops and antitops",
        log_y=True,
    ),
    Observable(
        "top_rapidity",
        "Rapidity of the top quarks",
        r"$y(t)$",
        linear(-3.5, 3.5, 28),
        lambda e: of_particles(e.tops, e.tops.rapidity),
        "top",
        "",
        f"{_LAST}; tops and antitops",
    ),
    Observable(
        "top_mass",
        "Mass of the top quarks",
        r"$m(t)$",
        (*linear(160, 169, 6), *linear(170, 176, 12), *linear(177, 186, 6)),
        lambda e: of_particles(e.tops, e.tops.mass),
        "top",
        "GeV",
        f"{_LAST}; tops and antitops",
        log_y=True,
    ),
    Observable(
        "ttbar_mass",
        "Invariant mass of the top pair",
        r"$m(t\bar t)$",
        (*linear(300, 800, 20), 850, 900, 1000, 1200, 1500),
        lambda e: e.top_pair.take(e.top_pair.mass, 0),
        "top",
        "GeV",
        f"{_LAST}; first top and first antitop",
        log_y=True,
    ),
    Observable(
        "ttbar_pt",
        "Transverse momentum of the top pair",
        r"$p_T(t\bar t)$",
        (0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 150, 200, 250, 300, 400, 600),
        lambda e: e.top_pair.take(e.top_pair.pt, 0),
        "top",
        "GeV",
        f"{_LAST}; first top and first antitop",
        log_y=True,
    ),
    Observable(
        "ttbar_rapidity",
        "Rapidity of the top pair",
        r"$y(t\bar t)$",
        linear(-3, 3, 24),
        lambda e: e.top_pair.take(e.top_pair.rapidity, 0),
        "top",
        "",
        f"{_LAST}; first top and first antitop",
    ),
    Observable(
        "ttbar_delta_phi",
        "Azimuthal angle between top and antitop",
        r"$\Delta\phi(t, \bar t)$",
        linear(0, np.pi, 20),
        _delta_phi,
        "top",
        "",
        f"{_LAST}; first top and first antitop",
        log_y=True,
    ),
    Observable(
        "top_cos_theta",
        "Production angle of the top quark",
        r"$\cos\theta^*$",
        linear(-1, 1, 20),
        _cos_theta_star,
        "top",
        "",
        r"tanh of half the rapidity difference of top and antitop: the cosine of the production "
        "angle for equal masses and a pair without transverse momentum",
    ),
)

register(*TOP)
