# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole-event observables of hadron collisions."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Section, linear, logarithmic, register

__all__ = ["EVENT"]

_event = Section("event")
_ORDERS = (1, 2)
_HARMONICS = tuple(
    f"{who}: {wave} {'' if n == 1 else n}φ"
    for who in ("hardest", "charged")
    for n in _ORDERS
    for wave in ("cos", "sin")
)


def _central_charged(events: Events) -> np.ndarray:
    charged = events.charged
    return charged.where((charged.pt > 0.5) & (np.abs(charged.eta) < 2.5)).counts.astype(np.float64)


def _missing_pt(events: Events) -> np.ndarray:
    return events.invisible.total().pt


def _ht(events: Events) -> np.ndarray:
    return events.jets.sum_over(events.jets.pt)


def _harmonics(events: Events) -> Values:
    """Cosines and sines of the azimuths of the hardest and of all charged particles, summed."""
    visible = events.visible.ordered_by(events.visible.pt)
    slots, event, entries = [], [], []
    for i, chosen in enumerate((visible.where(visible.rank == 0), events.charged)):
        waves = [f(n * chosen.phi) for n in _ORDERS for f in (np.cos, np.sin)]
        for j, wave in enumerate(waves):
            slots.append(np.full(len(events), len(waves) * i + j + 0.5))
            event.append(np.arange(len(events)))
            entries.append(chosen.sum_over(wave))
    return Values(np.concatenate(slots), np.concatenate(event), np.concatenate(entries))


EVENT = (
    _event(
        name="charged_multiplicity",
        title="Charged particles",
        label=r"$N_{\rm ch}$",
        edges=linear(-0.5, 799.5, 40),
        compute=lambda e: e.charged.counts.astype(np.float64),
        definition="charged final-state particles, no cut",
    ),
    _event(
        name="charged_multiplicity_central",
        title="Central charged particles",
        label=r"$N_{\rm ch}(p_T > 0.5\ {\rm GeV}, |\eta| < 2.5)$",
        edges=linear(-0.5, 299.5, 40),
        compute=_central_charged,
        definition="charged final-state particles with pT > 0.5 GeV and |eta| < 2.5",
    ),
    _event(
        name="ht",
        title="Scalar sum of the jets' transverse momenta",
        label=r"$H_T$",
        edges=(0, *logarithmic(50, 3000, 30)),
        compute=_ht,
        unit="GeV",
        definition="sum of pT over the jets",
        log_y=True,
    ),
    _event(
        name="missing_pt",
        title="Missing transverse momentum",
        label=r"$p_T^{\rm miss}$",
        edges=(0, 2, 5, 10, 15, *linear(20, 200, 18), 225, 250, 300, 400),
        compute=_missing_pt,
        unit="GeV",
        definition="transverse momentum of the sum of all neutrinos",
        log_y=True,
    ),
    _event(
        name="azimuth_harmonics",
        title="Harmonics of the azimuth",
        label="harmonic",
        edges=linear(0, len(_HARMONICS), len(_HARMONICS)),
        compute=_harmonics,
        definition="cosines and sines of the azimuth and of twice the azimuth: of the visible "
        "particle with the largest transverse momentum, and summed over charged particles",
        categories=_HARMONICS,
        density=False,
        feature=False,
    ),
)

register(*EVENT)
