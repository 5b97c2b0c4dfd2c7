# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements of hadronic Z decays: hadron multiplicities and event shapes.

Sources and conventions stand in the README beside the tables.
"""

from collections import defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis.measured.measurement import Measurement, read_table
from mcsurrogate.analysis.measured_shapes import DURHAM
from mcsurrogate.analysis.selection import Events

__all__ = [
    "bin_densities",
    "measured_multiplicities",
    "measured_shape_bins",
    "measurements_for",
    "z_pole_measurements",
]

FloatArray = NDArray[np.float64]

_ENERGY, _WINDOW = 91.2, 0.5
"""sqrt(s) in GeV around which samples are comparable: spectra hardly change over the Z peak."""

_OPAL = (
    "OPAL, Eur. Phys. J. C40 (2005) 287, arXiv:hep-ex/0503051; errors: statistical and systematic "
    "in quadrature, correlations between bins are not known"
)
_REVIEW = "Review of Particle Physics, table of hadron multiplicities in e+ e- annihilation"
_SHAPE_DEFINITION = (
    "all final-state particles, neutrinos included (y_23: without them); lifetimes above 3e-10 s "
    "are stable; hemisphere masses are M / E_vis"
)
_YIELD_DEFINITION = (
    "particles and antiparticles, decay products included; last copies in the record, K0 as K0S "
    "and K0L; charged particles: final state after the decays of K0S and strange baryons"
)
_CHARGED = "charged"
_LAMBDA_1520, _LAMBDA_1520_IN_PYTHIA = 3124, 102134
_NEUTRAL_KAONS = 311

_TITLES = {
    "one_minus_thrust": "1 - T",
    "heavy_hemisphere_mass": "heavy hemisphere mass M_H",
    "light_hemisphere_mass": "light hemisphere mass M_L",
    "c_parameter": "C parameter",
    "d_parameter": "D parameter",
    "total_broadening": "total jet broadening B_T",
    "wide_broadening": "wide jet broadening B_W",
    "narrow_broadening": "narrow jet broadening B_N",
    DURHAM: "Durham scale y_23",
    "thrust_major": "thrust major",
    "thrust_minor": "thrust minor",
    "aplanarity": "aplanarity",
    "sphericity": "sphericity",
    "oblateness": "oblateness",
}


def _at_z_pole(events: Events) -> bool:
    """Whether events are e+ e- annihilation at the Z pole."""
    beams = events.chunk.beams
    if not len(beams) or not (np.abs(beams.pid) == 11).all():
        return False
    return bool(abs(float(np.median(events.energy_scale)) - _ENERGY) < _WINDOW)


def measurements_for(events: Events) -> tuple[Measurement, ...]:
    """Measurements that events like these can be compared with; none is a valid answer."""
    return z_pole_measurements() if _at_z_pole(events) else ()


def z_pole_measurements() -> tuple[Measurement, ...]:
    """All measurements of hadronic Z decays."""
    return (_multiplicities(), *_distributions(), _moments())


def measured_multiplicities() -> list[dict[str, str]]:
    """Mean multiplicities: rows of ``name, pdg_id, mean_per_event, error``, charged ones first."""
    return read_table("z_pole_multiplicities.csv")


def measured_shape_bins() -> list[tuple[str, FloatArray, FloatArray, FloatArray]]:
    """Distributions of `particle_shapes`: name, ``(K, 2)`` edges, ``(K,)`` densities and errors."""
    return [
        (name, table[:, :2], table[:, 2], table[:, 3])
        for name, table in _shape_tables().items()
        if name != DURHAM
    ]


def _in_bins(name: str, edges: FloatArray) -> Callable[[Events], FloatArray]:
    """Density of the distribution in each bin: 1 / width for the bin that an event falls into."""

    def contribution(events: Events) -> FloatArray:
        return bin_densities(np.nan_to_num(events.measured_shapes[name], nan=-1.0), edges)

    return contribution


def bin_densities(values: FloatArray, edges: FloatArray) -> FloatArray:
    """``(N, K)``: 1 / width for the bin that each of N values lies in; ``(K, 2)`` edges."""
    low, high = edges.T
    inside: FloatArray = ((values[:, None] >= low) & (values[:, None] < high)) / (high - low)
    return inside


def _shape_tables() -> dict[str, FloatArray]:
    """Low and high edge, density and error of each bin, ``(K, 4)`` by the name of the shape."""
    rows: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    for row in read_table("opal_2004_event_shapes.csv"):
        rows[row["observable"]].append(
            tuple(float(row[key]) for key in ("low", "high", "value", "error"))
        )
    return {name: np.array(bins) for name, bins in rows.items()}


def _distributions() -> tuple[Measurement, ...]:
    """Distributions of the event shapes, one measurement each."""
    found = []
    for name, table in _shape_tables().items():
        labels = tuple(f"{low:g} to {high:g}" for low, high in table[:, :2])
        found.append(
            Measurement(
                name=f"opal_{name}",
                title=f"Distribution of {_TITLES[name]}",
                source=_OPAL,
                definition=f"1/N dN/dx; {_SHAPE_DEFINITION}",
                labels=labels,
                values=table[:, 2],
                errors=table[:, 3],
                contribution=_in_bins(name, table[:, :2]),
                edges=table[:, :2],
                needs_decays=np.ones(len(table), dtype=bool),
            )
        )
    return tuple(found)


def _moments() -> Measurement:
    """First and second moments of the event shapes."""
    rows = read_table("opal_2004_moments.csv")
    keys = [(row["observable"], int(row["order"])) for row in rows]

    def contribution(events: Events) -> FloatArray:
        columns = [events.measured_shapes[name] ** order for name, order in keys]
        return np.nan_to_num(np.stack(columns, axis=1), nan=0.0)

    names = {1: "", 2: "^2"}
    return Measurement(
        name="opal_moments",
        title="Moments of event shapes",
        source=_OPAL,
        definition=f"means of x and x^2; {_SHAPE_DEFINITION}",
        labels=tuple(f"<({_TITLES[name]}){names[order]}>" for name, order in keys),
        values=np.array([float(row["value"]) for row in rows]),
        errors=np.array([float(row["error"]) for row in rows]),
        contribution=contribution,
        edges=None,
        needs_decays=np.ones(len(rows), dtype=bool),
    )


def _multiplicities() -> Measurement:
    """Mean multiplicities of identified hadrons and of charged particles."""
    rows = measured_multiplicities()
    charged = next(i for i, row in enumerate(rows) if row["pdg_id"] == _CHARGED)
    slots = {int(row["pdg_id"]): i for i, row in enumerate(rows) if i != charged}
    kaons = slots.pop(_NEUTRAL_KAONS)
    slots.update({130: kaons, 310: kaons})
    slots[_LAMBDA_1520_IN_PYTHIA] = slots[_LAMBDA_1520]
    pids = np.array(sorted(slots))
    slot_of = np.array([slots[pid] for pid in pids])

    def contribution(events: Events) -> FloatArray:
        chunk, n = events.chunk, len(rows)
        magnitude = np.abs(chunk.pid)
        place = np.minimum(np.searchsorted(pids, magnitude), len(pids) - 1)
        last = chunk.last_copies(pids[place] == magnitude)
        cell = chunk.event[last] * n + slot_of[place[last]]
        counts = np.bincount(cell, minlength=len(events) * n).reshape(len(events), n)
        out: FloatArray = counts.astype(np.float64)
        out[:, charged] = events.charged.counts
        return out

    needs = np.array([i == charged for i in range(len(rows))])
    return Measurement(
        name="z_multiplicities",
        title="Hadron multiplicities",
        source=_REVIEW,
        definition=_YIELD_DEFINITION,
        labels=tuple(row["name"] for row in rows),
        values=np.array([float(row["mean_per_event"]) for row in rows]),
        errors=np.array([float(row["error"]) for row in rows]),
        contribution=contribution,
        edges=None,
        needs_decays=needs,
    )
