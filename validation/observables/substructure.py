# SPDX-License-Identifier: GPL-3.0-or-later
"""Substructure and fragmentation of the two leading jets of an event."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events, JetSubstructure
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import (
    Section,
    linear,
    logarithmic,
    register,
)

__all__ = ["SUBSTRUCTURE"]

FloatArray = NDArray[np.float64]

_JETS = "the two leading jets, clustered as the report states"

_jet = Section("substructure", f"; of {_JETS}")
_inside = Section("substructure", f", of {_JETS}")


def _of_jets(compute: Callable[[JetSubstructure], FloatArray]) -> Callable[[Events], Values]:
    """One entry a jet."""
    return lambda e: Values(compute(e.leading_jets), e.leading_jets.jets.event)


def _of_constituents(
    compute: Callable[[JetSubstructure], FloatArray],
) -> Callable[[Events], Values]:
    """One entry a constituent."""

    def values(events: Events) -> Values:
        inside = events.leading_jets
        return Values(compute(inside), inside.jets.event[inside.constituents.event])

    return values


def _of_branchings(
    compute: Callable[[FloatArray, FloatArray], FloatArray],
) -> Callable[..., Values]:
    """One entry a branching of the primary Lund plane, of its distance and its kt."""

    def values(events: Events) -> Values:
        inside = events.leading_jets
        plane = inside.lund
        with np.errstate(divide="ignore", invalid="ignore"):
            return Values(compute(plane.delta, plane.kt), inside.jets.event[plane.jet])

    return values


_FRAGMENTATION = (
    _inside(
        "jet_fragmentation",
        "Fragmentation function of jets",
        "$z$",
        logarithmic(0.001, 1.0, 24),
        _of_constituents(lambda s: s.charged_fraction),
        "z = p p_jet / p_jet^2 of charged constituents",
        log_x=True,
        log_y=True,
    ),
    _inside(
        "jet_transverse_momentum",
        "Momentum of charged particles across the jet",
        "$j_T$",
        logarithmic(0.02, 20.0, 24),
        _of_constituents(lambda s: s.charged_kt),
        "momentum of charged constituents perpendicular to the jet",
        "GeV",
        log_x=True,
        log_y=True,
    ),
)

_LUND = tuple(
    _inside(
        f"lund_{name}",
        f"Lund plane: {words} of branchings",
        label,
        edges,
        _of_branchings(compute),
        "primary Lund plane, Cambridge/Aachen declustering",
    )
    for name, words, label, edges, compute in (
        ("distance", "distance", r"$\ln(1/\Delta)$", linear(0.0, 6.0, 24), lambda d, _: -np.log(d)),
        (
            "kt",
            "transverse momentum",
            r"$\ln(k_t / {\rm GeV})$",
            linear(-4.0, 5.0, 27),
            lambda _, kt: np.log(kt),
        ),
    )
)

_PLANE_DISTANCE, _PLANE_KT = linear(0.0, 5.0, 10), linear(-3.0, 4.0, 7)
"""Edges of ln(1 / Delta) and of ln(kt / GeV) of the cells of the Lund plane."""


def _lund_cell(delta: FloatArray, kt: FloatArray) -> FloatArray:
    """Place in the list of cells, -1 outside all of them."""
    column = np.searchsorted(_PLANE_DISTANCE, -np.log(delta), side="right") - 1
    row = np.searchsorted(_PLANE_KT, np.log(kt), side="right") - 1
    columns, rows = len(_PLANE_DISTANCE) - 1, len(_PLANE_KT) - 1
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    cell: FloatArray = np.where(inside, row * columns + column + 0.5, -1.0)
    return cell


_LUND_CELLS = tuple(
    f"{_PLANE_DISTANCE[column]:.1f}, {_PLANE_KT[row]:.0f}"
    for row in range(len(_PLANE_KT) - 1)
    for column in range(len(_PLANE_DISTANCE) - 1)
)

_LUND_PLANE = _inside(
    name="lund_plane",
    title="Primary Lund plane",
    label="cell",
    edges=linear(0, len(_LUND_CELLS), len(_LUND_CELLS)),
    compute=_of_branchings(_lund_cell),
    definition="mean number of branchings in cells of ln(1/Delta) and ln(kt/GeV), named by their "
    "lower edges; Cambridge/Aachen declustering along the harder branch (arXiv:1807.04758)",
    categories=_LUND_CELLS,
    # its sums over rows and columns are the two spectra
    feature=False,
)

SUBSTRUCTURE = (
    _jet(
        "jet_constituents",
        "Constituents of a jet",
        "$n$",
        linear(-0.5, 119.5, 30),
        _of_jets(lambda s: s.constituents.counts.astype(np.float64)),
        "number of visible final-state particles",
    ),
    _jet(
        "jet_width",
        "Width of jets",
        r"$\sum p_T \Delta R / \sum p_T$",
        linear(0.0, 0.4, 28),
        _of_jets(lambda s: s.width),
        "girth: mean distance of the constituents to the jet, weighted with pT",
    ),
    _jet(
        "jet_dispersion",
        "pT dispersion of jets",
        r"$\sqrt{\sum p_T^2} / \sum p_T$",
        linear(0.0, 1.0, 25),
        _of_jets(lambda s: s.dispersion),
        "root of the sum of pT^2 over the sum of pT",
    ),
    _jet(
        "jet_charge",
        "Charge of jets",
        r"$Q_{\kappa = 0.5}$",
        linear(-2.0, 2.0, 32),
        _of_jets(lambda s: s.charge),
        "sum of charges times (pT / pT of the jet)^0.5",
    ),
    _jet(
        "tau21",
        "N-subjettiness ratio, two to one",
        r"$\tau_2 / \tau_1$",
        linear(0.0, 1.0, 25),
        _of_jets(lambda s: s.subjettiness_ratio(2)),
        "beta = 1, one-pass kt axes",
    ),
    _jet(
        "tau32",
        "N-subjettiness ratio, three to two",
        r"$\tau_3 / \tau_2$",
        linear(0.0, 1.0, 25),
        _of_jets(lambda s: s.subjettiness_ratio(3)),
        "beta = 1, one-pass kt axes",
    ),
    _jet(
        "c2",
        "Energy correlation ratio C2",
        r"$C_2^{(\beta = 1)}$",
        linear(0.0, 0.5, 25),
        _of_jets(lambda s: s.correlator_ratio("c2")),
        "e3 / e2^2 with beta = 1",
    ),
    _jet(
        "d2",
        "Energy correlation ratio D2",
        r"$D_2^{(\beta = 1)}$",
        linear(0.0, 6.0, 24),
        _of_jets(lambda s: s.correlator_ratio("d2")),
        "e3 / e2^3 with beta = 1",
    ),
    _jet(
        "soft_drop_z",
        "Soft Drop momentum sharing",
        "$z_g$",
        linear(0.1, 0.5, 20),
        _of_jets(lambda s: s.momentum_sharing),
        "Soft Drop with z_cut = 0.1, beta = 0",
    ),
    _jet(
        "soft_drop_radius",
        "Soft Drop radius",
        "$R_g$",
        linear(0.0, 0.6, 24),
        _of_jets(lambda s: s.groomed_radius),
        "Soft Drop with z_cut = 0.1, beta = 0",
        log_y=True,
    ),
    _jet(
        "soft_drop_mass",
        "Mass of groomed jets",
        "$m_g$",
        (0, 2, 4, 6, 8, 10, 12.5, 15, 17.5, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90, 100, 150),
        _of_jets(lambda s: s.groomed_mass),
        "Soft Drop with z_cut = 0.1, beta = 0",
        "GeV",
        log_y=True,
    ),
    *_LUND,
    _LUND_PLANE,
    *_FRAGMENTATION,
)

register(*SUBSTRUCTURE)
