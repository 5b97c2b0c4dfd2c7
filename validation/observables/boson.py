# SPDX-License-Identifier: GPL-3.0-or-later
"""W bosons and the angles of their decays."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Section, linear, of_particles, register

__all__ = ["BOSON"]

_top = Section("top")

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
    _top(
        name="w_mass",
        title="Mass of the W bosons",
        label="$m(W)$",
        edges=(*linear(60, 74, 7), *linear(75, 87, 24), *linear(88, 100, 6)),
        compute=lambda e: of_particles(_w(e), _w(e).mass),
        unit="GeV",
        definition=_LAST,
        log_y=True,
    ),
    _top(
        name="w_pt",
        title="Transverse momentum of the W bosons",
        label="$p_T(W)$",
        edges=(*linear(0, 300, 24), 350, 400, 500, 700),
        compute=lambda e: of_particles(_w(e), _w(e).pt),
        unit="GeV",
        definition=_LAST,
        log_y=True,
    ),
    _top(
        name="w_rapidity",
        title="Rapidity of the W bosons",
        label="$y(W)$",
        edges=linear(-4, 4, 32),
        compute=lambda e: of_particles(_w(e), _w(e).rapidity),
        definition=_LAST,
    ),
    _top(
        name="w_helicity_angle",
        title="Helicity angle of W bosons from top quarks",
        label=r"$\cos\theta^*$",
        edges=linear(-1, 1, 20),
        compute=_helicity,
        definition="angle of charged lepton or down-type quark in the W's rest frame to the "
        f"reversed bottom quark; {_DECAYS}",
    ),
    _top(
        name="lepton_bottom_mass",
        title="Mass of lepton and bottom quark of a top decay",
        label=r"$m(\ell b)$",
        edges=linear(0, 180, 30),
        compute=_lepton_bottom_mass,
        unit="GeV",
        definition=f"leptonic decays; {_DECAYS}",
    ),
    _top(
        name="dilepton_delta_phi",
        title="Azimuth between the leptons of a top pair",
        label=r"$\Delta\phi(\ell^+, \ell^-)$",
        edges=linear(0, np.pi, 16),
        compute=lambda e: e.top_decays.lepton_delta_phi,
        definition=f"events with two leptonic decays; {_DECAYS}",
    ),
)

register(*BOSON)
