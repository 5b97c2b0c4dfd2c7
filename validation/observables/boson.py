"""W bosons and the angles of their decays."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Observable, linear, of_particles, register

__all__ = ["BOSON"]

_W = 24
_LAST = "last copy of the W in the event record, before its decay"
_DECAYS = "last copies of top quarks that decay to a W and a down-type quark"


def _w(events: Events) -> Particles:
    return events.bosons(_W, -_W)


def _helicity(events: Events) -> Values:
    decays = events.top_decays
    return Values(decays.helicity_cosine, decays.analyser.event)


def _lepton_bottom_mass(events: Events) -> Values:
    decays = events.top_decays
    return Values(decays.lepton_bottom_mass, decays.analyser.event)


BOSON = (
    Observable(
        "w_mass",
        "Mass of the W bosons",
        "$m(W)$",
        (*linear(60, 74, 7), *linear(75, 87, 24), *linear(88, 100, 6)),
        lambda e: of_particles(_w(e), _w(e).mass),
        "top",
        "GeV",
        _LAST,
        log_y=True,
    ),
    Observable(
        "w_pt",
        "Transverse momentum of the W bosons",
        "$p_T(W)$",
        (*linear(0, 300, 24), 350, 400, 500, 700),
        lambda e: of_particles(_w(e), _w(e).pt),
        "top",
        "GeV",
        _LAST,
        log_y=True,
    ),
    Observable(
        "w_rapidity",
        "Rapidity of the W bosons",
        "$y(W)$",
        linear(-4, 4, 32),
        lambda e: of_particles(_w(e), _w(e).rapidity),
        "top",
        "",
        _LAST,
    ),
    Observable(
        "w_helicity_angle",
        "Helicity angle of W bosons from top quarks",
        r"$\cos\theta^*$",
        linear(-1, 1, 20),
        _helicity,
        "top",
        "",
        "angle of charged lepton or down-type quark in the W's rest frame to the reversed bottom "
        f"quark; {_DECAYS}",
    ),
    Observable(
        "lepton_bottom_mass",
        "Mass of lepton and bottom quark of a top decay",
        r"$m(\ell b)$",
        linear(0, 180, 30),
        _lepton_bottom_mass,
        "top",
        "GeV",
        f"leptonic decays; {_DECAYS}",
    ),
    Observable(
        "dilepton_delta_phi",
        "Azimuth between the leptons of a top pair",
        r"$\Delta\phi(\ell^+, \ell^-)$",
        linear(0, np.pi, 16),
        lambda e: e.top_decays.lepton_delta_phi,
        "top",
        "",
        f"events with two leptonic decays; {_DECAYS}",
    ),
)

register(*BOSON)
