# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated events beside measured tables: values with their errors, and chi squared."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.generators import PythiaChain
from mcsurrogate.hadronization.measured_tables.observables import RecordedEvents, table_columns
from mcsurrogate.hadronization.measured_tables.tables import MeasuredTable

__all__ = [
    "STABLE",
    "TableValues",
    "annihilation_settings",
    "chi_squared",
    "ratio_columns",
    "table_slices",
]

#: Pythia settings by which stable is what the measurements call so: lifetimes above 3e-10 s.
STABLE = ("ParticleDecays:limitTau0 = on", "ParticleDecays:tau0Max = 90")


# Below, a pair of bottom quarks has no room for hadrons.
_BOTTOM_THRESHOLD = 10.7


def annihilation_settings(energy: float) -> list[str]:
    """Pythia settings of e+ e- -> hadrons without radiation of the beams.

    Parameters
    ----------
    energy
        In the centre of mass, GeV.
    """
    flavours = "1 2 3 4" if energy < _BOTTOM_THRESHOLD else "1 2 3 4 5"
    return [
        "Beams:idA = 11",
        "Beams:idB = -11",
        f"Beams:eCM = {energy:g}",
        "PDF:lepton = off",
        "WeakSingleBoson:ffbar2gmZ = on",
        "23:onMode = off",
        f"23:onIfAny = {flavours}",
    ]


def table_slices(tables: Sequence[MeasuredTable]) -> list[slice]:
    """Where the values of each table lie in a vector of all values."""
    ends = np.cumsum([0, *(len(table) for table in tables)]).tolist()
    return [slice(a, b) for a, b in itertools.pairwise(ends)]


def ratio_columns(
    found: NDArray[np.float64], counts: NDArray[np.float64], tables: Sequence[MeasuredTable]
) -> NDArray[np.float64]:
    """Quantities of events whose means are the values of tables.

    Parameters
    ----------
    found, counts
        ``(N, B)`` and ``(N, T)`` as `table_columns` gives them.
    tables
        T tables with B values.

    Returns
    -------
    NDArray[np.float64]
        ``(N, B)``: linear in what an event adds, about the ratio of sums.
    """
    mean_count = np.maximum(counts.mean(axis=0), 1e-12)
    columns = np.empty(found.shape)
    for i, part in enumerate(table_slices(tables)):
        ratio = found[:, part].mean(axis=0) / mean_count[i]
        columns[:, part] = ratio + (found[:, part] - ratio * counts[:, i, None]) / mean_count[i]
    return columns


@dataclass(frozen=True, slots=True)
class TableValues:
    """Values of generated events for all bins of some tables.

    Attributes
    ----------
    values, errors
        ``(B,)``.
    """

    values: NDArray[np.float64]
    errors: NDArray[np.float64]

    @classmethod
    def generate(
        cls,
        tables: Sequence[MeasuredTable],
        settings: Iterable[str],
        *,
        events: int,
        seed: int,
        batch_size: int = 2000,
    ) -> "TableValues":
        """Generate events with these settings; weak decays are as the measurements want them.

        Raises
        ------
        PythiaError
            If Pythia refuses the settings.
        """
        chain = PythiaChain([*settings, *STABLE], seed=seed, keep_record=True)
        found, counts = [], []
        for batch in chain.generate(events, batch_size=batch_size):
            assert batch.record is not None
            one, other = table_columns(RecordedEvents(batch.record), tables)
            found.append(one)
            counts.append(other)
        columns = ratio_columns(
            np.concatenate(found).astype(np.float64),
            np.concatenate(counts).astype(np.float64),
            tables,
        )
        spread = columns.std(axis=0) / np.sqrt(len(columns))
        return cls(columns.mean(axis=0), np.maximum(spread, _one_entry(tables) / len(columns)))


def _one_entry(tables: Sequence[MeasuredTable]) -> NDArray[np.float64]:
    """``(B,)`` what one entry adds to each value: an empty bin is as uncertain as that."""
    return np.concatenate(
        [
            np.ones(len(table))
            if table.definition.quantity in ("mean", "n_ch")
            else 1.0 / (table.high - table.low)
            for table in tables
        ]
    )


def chi_squared(
    tables: Sequence[MeasuredTable], generated: TableValues, *, floor: float
) -> NDArray[np.float64]:
    """``(T,)`` sums of squared deviations over squared errors, measured and generated.

    Correlations were not published: this compares models and is no test.

    Parameters
    ----------
    tables, generated
        What was measured, and generated values of all.
    floor
        Smallest relative error of a measured value.
    """
    result = []
    for table, part in zip(tables, table_slices(tables), strict=True):
        errors = np.maximum(table.errors, floor * np.abs(table.values))
        square = errors**2 + generated.errors[part] ** 2
        result.append(float(((generated.values[part] - table.values) ** 2 / square).sum()))
    return np.array(result)
