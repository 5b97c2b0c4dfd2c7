"""Whole-event observables of hadron collisions."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.validation.observables.registry import Observable, linear, logarithmic, register

__all__ = ["EVENT"]


def _central_charged(events: Events) -> np.ndarray:
    charged = events.charged
    return charged.where((charged.pt > 0.5) & (np.abs(charged.eta) < 2.5)).counts.astype(np.float64)


def _missing_pt(events: Events) -> np.ndarray:
    return events.invisible.total().pt


def _ht(events: Events) -> np.ndarray:
    return events.jets.sum_over(events.jets.pt)


EVENT = (
    Observable(
        "charged_multiplicity",
        "Charged particles",
        r"$N_{\rm ch}$",
        linear(-0.5, 799.5, 40),
        lambda e: e.charged.counts.astype(np.float64),
        "event",
        "",
        "charged final-state particles, no cut",
    ),
    Observable(
        "charged_multiplicity_central",
        "Central charged particles",
        r"$N_{\rm ch}(p_T > 0.5\ {\rm GeV}, |\eta| < 2.5)$",
        linear(-0.5, 299.5, 40),
        _central_charged,
        "event",
        "",
        "charged final-state particles with pT > 0.5 GeV and |eta| < 2.5",
    ),
    Observable(
        "ht",
        "Scalar sum of the jets' transverse momenta",
        r"$H_T$",
        (0, *logarithmic(50, 3000, 30)),
        _ht,
        "event",
        "GeV",
        "sum of pT over the jets",
        log_y=True,
    ),
    Observable(
        "missing_pt",
        "Missing transverse momentum",
        r"$p_T^{\rm miss}$",
        (0, 2, 5, 10, 15, *linear(20, 200, 18), 225, 250, 300, 400),
        _missing_pt,
        "event",
        "GeV",
        "transverse momentum of the sum of all neutrinos",
        log_y=True,
    ),
)

register(*EVENT)
