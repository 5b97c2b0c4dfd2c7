# SPDX-License-Identifier: GPL-3.0-or-later
"""Jet rates and jets of hadronic e+ e- annihilation, hemisphere charges."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import MAX_JETS, Events
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import along_thrust
from mcsurrogate.validation.observables.registry import (
    Observable,
    linear,
    of_particles,
    register,
)

__all__ = ["RATES"]

FloatArray = NDArray[np.float64]

_RATE_EDGES = linear(1.0, 11.0, 20)
_CUTS = np.exp(-0.5 * (np.asarray(_RATE_EDGES)[1:] + np.asarray(_RATE_EDGES)[:-1]))
"""Values of y_cut at which rates are taken: one in the middle of each bin of -ln y_cut."""

_VISIBLE = "all visible final-state particles"
_CHARGE_KAPPA = 0.5


def _rate(n: int) -> Callable[[Events], Values]:
    """One entry for each y_cut at which an event has n jets, `MAX_JETS` or more for the last."""

    def compute(events: Events) -> Values:
        scales = np.nan_to_num(events.durham_scales, nan=0.0)
        # scales need not fall: clustering stops at the largest number whose scale is too large
        scales = np.maximum.accumulate(scales[:, ::-1], axis=1)[:, ::-1]
        above = np.inf if n == 2 else scales[:, n - 3, None]
        below = scales[:, n - 2, None] if n < MAX_JETS else 0.0
        event, cut = np.nonzero((above > _CUTS) & (below <= _CUTS))
        return Values(-np.log(_CUTS[cut]), event)

    return compute


def _hemisphere_charge(events: Events) -> Values:
    """Charge of each hemisphere, weighted with momentum along the thrust axis."""
    charged = events.charged
    along = along_thrust(charged, events)
    weight = np.abs(along) ** _CHARGE_KAPPA
    charge = charged.species.three_charge / 3.0
    values, owners = [], []
    for side in (along >= 0.0, along < 0.0):
        with np.errstate(divide="ignore", invalid="ignore"):
            values.append(
                charged.sum_over(np.where(side, charge * weight, 0.0))
                / charged.sum_over(np.where(side, weight, 0.0))
            )
        owners.append(np.arange(len(events)))
    event = np.stack(owners, axis=1).ravel()
    return Values(np.stack(values, axis=1).ravel(), event)


def _jet_energy(events: Events) -> Values:
    jets = events.sphere_jets
    visible = events.visible.sum_over(events.visible.energy)
    return of_particles(jets, 2.0 * jets.energy / visible[jets.event])


def _rate_observable(n: int) -> Observable:
    more = n == MAX_JETS
    return Observable(
        name=f"durham_rate_{n}",
        title=f"Rate of events with {n}{' or more' if more else ''} Durham jets",
        label=r"$-\ln y_{\rm cut}$",
        edges=_RATE_EDGES,
        compute=_rate(n),
        group="jet",
        definition=f"share of events with {n}{' or more' if more else ''} jets at the y_cut in the "
        f"middle of each bin; Durham algorithm, {_VISIBLE}",
        density=False,
        feature=False,
    )


RATES = (
    *(_rate_observable(n) for n in range(2, MAX_JETS + 1)),
    Observable(
        name="sphere_jets",
        title="Number of anti-kt jets on the sphere",
        label=r"$N_{\rm jets}$",
        edges=linear(0.5, 10.5, 10),
        compute=lambda e: e.sphere_jets.counts.astype(np.float64),
        group="jet",
        definition=f"generalised e+ e- kt algorithm with p = -1, R = 0.7, E > 5 GeV; {_VISIBLE}",
        log_y=True,
    ),
    Observable(
        name="sphere_jet_energy",
        title="Energy of anti-kt jets on the sphere",
        label=r"$x_E = 2 E / E_{\rm vis}$",
        edges=linear(0.1, 1.05, 38),
        compute=_jet_energy,
        group="jet",
        definition="2 E over the visible energy; generalised e+ e- kt algorithm with p = -1, R = "
        f"0.7, E > 5 GeV; {_VISIBLE}",
    ),
    Observable(
        name="weighted_hemisphere_charge",
        title="Momentum-weighted charge of the thrust hemispheres",
        label=r"$Q_{\kappa = 0.5}$",
        edges=linear(-1, 1, 32),
        compute=_hemisphere_charge,
        group="event",
        definition="sum of charge times |p T|^0.5 over the sum of |p T|^0.5, both hemispheres of "
        "the thrust axis T; charged final-state particles",
    ),
)

register(*RATES)
