# SPDX-License-Identifier: GPL-3.0-or-later
"""Soft and diffractive collisions of hadrons, and of ions by what comes out of them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import azimuth_difference
from mcsurrogate.validation.observables.registry import (
    Section,
    linear,
    logarithmic,
    register,
)

__all__ = ["ION", "SOFT"]

FloatArray = NDArray[np.float64]

_soft = Section("event")
_CENTRAL, _FAR = 2.5, 8.5
_PROTON = 2212
_LEADING_SHARE = 0.8


def _central(events: Events) -> Particles:
    """Charged particles with |eta| < 2.5 and pT > 0.5 GeV, by descending pT."""
    charged = events.charged
    found = charged.where((np.abs(charged.eta) < _CENTRAL) & (charged.pt > 0.5))
    return found.ordered_by(found.pt)


def _gap(events: Events) -> FloatArray:
    """Largest empty interval of pseudorapidity between -8.5 and 8.5."""
    seen = events.visible.where(np.abs(events.visible.eta) < _FAR)
    n = len(events)
    eta = np.concatenate((seen.eta, np.full(n, -_FAR), np.full(n, _FAR)))
    event = np.concatenate((seen.event, np.arange(n), np.arange(n)))
    order = np.lexsort((eta, event))
    eta, event = eta[order], event[order]
    same = event[1:] == event[:-1]
    widest = np.zeros(n)
    np.maximum.at(widest, event[1:][same], np.diff(eta)[same])
    return widest


def _transverse(events: Events) -> tuple[Particles, FloatArray]:
    """Central charged particles at 60 to 120 degrees from the leading one, and its pT."""
    central = _central(events)
    away = np.abs(azimuth_difference(central.phi, central.take(central.phi, 0)[central.event]))
    region = (away > np.pi / 3.0) & (away < 2.0 * np.pi / 3.0)
    return central.where(region), central.take(central.pt, 0)


def _transverse_number(events: Events) -> FloatArray:
    region, leading = _transverse(events)
    return np.where(np.isfinite(leading), region.counts, np.nan)


def _transverse_pt(events: Events) -> FloatArray:
    region, leading = _transverse(events)
    return np.where(np.isfinite(leading), region.sum_over(region.pt), np.nan)


def _leading_pt(events: Events) -> FloatArray:
    central = _central(events)
    return central.take(central.pt, 0)


def _mean_pt(events: Events) -> FloatArray:
    central = _central(events)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: FloatArray = central.sum_over(central.pt) / central.counts
    return mean


def _energy_flow(events: Events) -> Values:
    """Pseudorapidity of visible particles, weighted by their energy over that of the event."""
    seen = events.visible
    with np.errstate(divide="ignore", invalid="ignore"):
        share = seen.energy / events.energy_scale[seen.event]
    return Values(np.abs(seen.eta), seen.event, np.nan_to_num(share))


def _lost(events: Events) -> Values:
    """Share of its energy that the hardest proton of each direction has lost."""
    final = events.final.where(events.final.pid == _PROTON)
    share = 2.0 * final.energy / events.energy_scale[final.event]
    kept = share > _LEADING_SHARE
    return Values(np.maximum(1.0 - share[kept], 1e-6), final.event[kept])


def _flow(order: int) -> Callable[[Events], FloatArray]:
    """Two-particle correlation <cos n (phi_1 - phi_2)> of central charged particles."""

    def compute(events: Events) -> FloatArray:
        central = _central(events)
        x, y = (central.sum_over(f(order * central.phi)) for f in (np.cos, np.sin))
        number = central.counts.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation: FloatArray = (x**2 + y**2 - number) / (number * (number - 1.0))
        return np.where(number > 1.0, correlation, np.nan)

    return compute


def _forward_energy(events: Events) -> FloatArray:
    """Energy of visible particles with 3 < |eta| < 5, by which centrality is told."""
    seen = events.visible
    chosen = (np.abs(seen.eta) > 3.0) & (np.abs(seen.eta) < 5.0)
    return seen.sum_over(np.where(chosen, seen.energy, 0.0))


_REGION = "charged particles with |eta| < 2.5 and pT > 0.5 GeV"
SOFT = (
    _soft(
        "rapidity_gap",
        "Largest rapidity gap",
        r"$\Delta\eta$",
        linear(0.0, 17.0, 34),
        _gap,
        f"largest interval of pseudorapidity within {_FAR} without a visible particle",
        log_y=True,
    ),
    _soft(
        "energy_flow",
        "Energy flow",
        r"$|\eta|$",
        linear(0.0, 15.0, 30),
        _energy_flow,
        "visible particles, weighted by their energy over sqrt(s)",
        log_y=True,
        feature=False,
    ),
    _soft(
        "transverse_number",
        "Charged particles across the leading one",
        r"$N_{\rm trans}$",
        linear(-0.5, 60.5, 61),
        _transverse_number,
        f"{_REGION}, at 60 to 120 degrees of azimuth from the hardest of them",
        log_y=True,
    ),
    _soft(
        "transverse_pt",
        "Momenta across the leading charged particle",
        r"$\sum p_T^{\rm trans}$",
        linear(0.0, 100.0, 40),
        _transverse_pt,
        f"{_REGION}, at 60 to 120 degrees of azimuth from the hardest of them",
        "GeV",
        log_y=True,
    ),
    _soft(
        "leading_charged_pt",
        "Transverse momentum of the leading charged particle",
        r"$p_T^{\rm lead}$",
        logarithmic(0.5, 100.0, 30),
        _leading_pt,
        _REGION,
        "GeV",
        log_x=True,
        log_y=True,
    ),
    _soft(
        "mean_charged_pt",
        "Mean transverse momentum of charged particles",
        r"$\langle p_T \rangle$",
        linear(0.5, 3.0, 50),
        _mean_pt,
        _REGION,
        "GeV",
        log_y=True,
    ),
    _soft(
        "proton_loss",
        "Energy lost by leading protons",
        r"$\xi$",
        logarithmic(1e-6, 0.2, 22),
        _lost,
        f"final protons with more than {100 * _LEADING_SHARE:g}% of the energy of a beam",
        log_x=True,
        log_y=True,
    ),
)
ION = (
    *(
        _soft(
            f"{name}_flow",
            f"{name.capitalize()} flow",
            rf"$\langle \cos {order}(\phi_1 - \phi_2) \rangle$",
            linear(-0.2, 0.4, 30),
            _flow(order),
            f"mean over all pairs of an event, {_REGION}",
            log_y=True,
            specific=True,
        )
        for name, order in (("elliptic", 2), ("triangular", 3))
    ),
    _soft(
        "forward_energy",
        "Forward energy",
        r"$\sum E$",
        (0.0, *logarithmic(100.0, 1e6, 40)),
        _forward_energy,
        "visible particles with 3 < |eta| < 5",
        "GeV",
        log_y=True,
    ),
    _soft(
        "ion_multiplicity",
        "Charged particles of collisions of ions",
        r"$N_{\rm ch}$",
        (0.0, *logarithmic(10.0, 50_000.0, 40)),
        lambda e: e.charged.counts.astype(np.float64),
        "charged final-state particles, no cut",
        log_y=True,
    ),
)

register(*SOFT, *ION)
