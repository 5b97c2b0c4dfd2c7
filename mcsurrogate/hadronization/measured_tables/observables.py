# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities of whole event records as measured tables define them, event by event."""

from collections.abc import Sequence
from functools import cache, cached_property

import numpy as np
import pythia8mc
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError
from mcsurrogate.events import EventRecords, Particles
from mcsurrogate.hadronization.measured_tables.tables import Definition, MeasuredTable

__all__ = ["RecordedEvents", "table_columns"]

_SPECTRA = ("x_p", "x_E", "xi", "p", "y_T", "y_S", "pT_in", "pT_out")
_FLAVOURS = {"u": (2,), "d": (1,), "s": (3,), "c": (4,), "b": (5,), "uds": (1, 2, 3)}
_OUTGOING = 23
# Status codes of hadrons and of what they decay into.
_FIRST_HADRON = 81
_TINY = 1e-12


@cache
def _particle_data() -> pythia8mc.ParticleData:
    return pythia8mc.Pythia("", False).particleData


class RecordedEvents:
    """Hadrons of N events in their centre of mass, with what tables ask of them.

    Parameters
    ----------
    records
        Whole event records after all decays.
    """

    def __init__(self, records: EventRecords) -> None:
        self.number = len(records)
        event = np.repeat(np.arange(self.number), np.diff(records.offsets))
        first = records.offsets[:-1]
        self.beam_energy = records.momenta[first, 0] / 2.0
        status, code = np.abs(records.status), np.abs(records.pdg_id)
        is_outgoing = (status == _OUTGOING) & (code <= 5)
        self.flavour = np.zeros(self.number, dtype=np.int64)
        self.flavour[event[is_outgoing]] = code[is_outgoing]
        mother = code[first[event] + records.mothers[:, 0]]
        # Pythia writes what oscillates, or takes a recoil, a second time.
        keep = (status >= _FIRST_HADRON) & (mother != code)
        final = records.status > 0
        self.code, self.event = code[keep], event[keep]
        self.momenta = records.momenta[keep]
        codes, place = np.unique(code[final], return_inverse=True)
        charged = np.array([_particle_data().chargeType(int(c)) != 0 for c in codes])[place]
        visible = ~np.isin(code[final], (12, 14, 16))
        self._final = {
            "charged": (event[final][charged], records.momenta[final][charged]),
            "all": (event[final][visible], records.momenta[final][visible]),
        }
        self.has_b_daughter = self._b_daughters(records, code, event, first)[keep]

    @staticmethod
    def _b_daughters(
        records: EventRecords,
        code: NDArray[np.int32],
        event: NDArray[np.int64],
        first: NDArray[np.int64],
    ) -> NDArray[np.bool_]:
        """Whether a row has a daughter with bottom."""
        result = np.zeros(len(code), dtype=bool)
        mother = first[event] + records.mothers[:, 0]
        # A meson that oscillates is not its own daughter.
        result[mother[_has_bottom(code) & (code[mother] != code)]] = True
        return result

    def select(self, particles: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Event and momentum, ``(n,)`` and ``(n, 4)``, of some particles."""
        if particles in self._final:
            return self._final[particles]
        if particles == "b":
            keep = _has_bottom(self.code) & ~self.has_b_daughter
        else:
            keep = np.isin(self.code, [int(c) for c in particles.split("+")])
        return self.event[keep], self.momenta[keep]

    @cached_property
    def charged(self) -> Particles:
        """Charged particles at the end."""
        event, momenta = self._final["charged"]
        energy, px, py, pz = (np.ascontiguousarray(column) for column in momenta.T)
        return Particles(px, py, pz, energy, event, self.number)

    @cached_property
    def shapes(self) -> dict[str, NDArray[np.float64]]:
        """Shapes of charged particles by name."""
        # The import takes seconds.
        from mcsurrogate.analysis import particle_shapes

        return particle_shapes(self.charged)

    @cached_property
    def thrust_axis(self) -> NDArray[np.float64]:
        """``(N, 3)`` of charged particles."""
        from mcsurrogate.analysis import thrust

        return thrust(self.charged).axis

    @cached_property
    def sphericity_axes(self) -> NDArray[np.float64]:
        """``(N, 3, 3)``: columns are axes of charged particles, the one of most momentum last."""
        event, momenta = self._final["charged"]
        tensor = np.zeros((self.number, 3, 3))
        for i in range(3):
            for j in range(3):
                product = momenta[:, 1 + i] * momenta[:, 1 + j]
                tensor[:, i, j] = np.bincount(event, product, minlength=self.number)
        axes: NDArray[np.float64] = np.linalg.eigh(tensor)[1]
        return axes

    def variable(
        self, quantity: str, event: NDArray[np.int64], momenta: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """``(n,)`` values of particles."""
        p = momenta[:, 1:]
        size: NDArray[np.float64] = np.sqrt((p**2).sum(axis=1))
        beam = self.beam_energy[event]
        if quantity in ("pT_in", "pT_out"):
            column = 1 if quantity == "pT_in" else 0
            return self._along(p, event, self.sphericity_axes[:, :, column])
        if quantity in ("y_T", "y_S"):
            axis = self.thrust_axis if quantity == "y_T" else self.sphericity_axes[:, :, 2]
            along, energy = self._along(p, event, axis), momenta[:, 0]
            rapidity: NDArray[np.float64] = 0.5 * np.log(
                (energy + along) / np.maximum(energy - along, _TINY)
            )
            return rapidity
        values: dict[str, NDArray[np.float64]] = {
            "xi": np.log(beam / np.maximum(size, _TINY)),
            "x_p": size / beam,
            "x_E": momenta[:, 0] / beam,
            "p": size,
        }
        return values[quantity]

    @staticmethod
    def _along(
        p: NDArray[np.float64], event: NDArray[np.int64], axis: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """``(n,)`` absolute components along the axes of the events."""
        along: NDArray[np.float64] = np.abs((p * axis[event]).sum(axis=1))
        return along


def _has_bottom(code: NDArray[np.int32]) -> NDArray[np.bool_]:
    result: NDArray[np.bool_] = (code > 100) & (
        ((code // 100) % 10 == 5) | ((code // 1000) % 10 == 5)
    )
    return result


def _entries(
    events: RecordedEvents, definition: Definition
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Event and value of each entry of a histogram."""
    if definition.quantity in _SPECTRA:
        event, momenta = events.select(definition.particles)
        return event, events.variable(definition.quantity, event, momenta)
    everyone = np.arange(events.number)
    if definition.quantity == "n_ch":
        return everyone, events.charged.counts.astype(np.float64)
    if definition.particles != "charged" or definition.quantity not in events.shapes:
        raise HadronizationError(
            f"there is no {definition.quantity} of {definition.particles} to compare"
        )
    return everyone, events.shapes[definition.quantity]


def table_columns(
    events: RecordedEvents, tables: Sequence[MeasuredTable]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Find what each event adds to each value of some tables.

    Returns
    -------
    tuple
        ``(N, B)`` contributions and ``(N, T)`` what each event counts in each table: values are the
        ratios of both sums.
    """
    columns, counts = [], []
    for table in tables:
        d = table.definition
        count = np.ones(events.number)
        if d.events:
            count = np.isin(events.flavour, _FLAVOURS[d.events]).astype(np.float64)
        if d.quantity == "mean":
            event, _ = events.select(d.particles)
            found = np.bincount(event, minlength=events.number)[:, None].astype(np.float64)
        else:
            event, values = _entries(events, d)
            width = 1.0 if d.quantity == "n_ch" else table.high - table.low
            found = _histogram(event, values, table, events.number) / width
            if d.unit:
                count = np.bincount(event, minlength=events.number).astype(np.float64)
        columns.append(d.factor * found * (count[:, None] > 0 if d.unit else count[:, None]))
        counts.append(count)
    return (
        np.concatenate(columns, axis=1).astype(np.float32),
        np.stack(counts, axis=1).astype(np.float32),
    )


def _histogram(
    event: NDArray[np.int64], values: NDArray[np.float64], table: MeasuredTable, number: int
) -> NDArray[np.float64]:
    """``(N, B)`` entries of each event in each bin."""
    order = np.argsort(table.low, kind="stable")
    place = np.searchsorted(table.low[order], values, side="right") - 1
    inside = place >= 0
    bins = order[place.clip(min=0)]
    inside &= values < table.high[bins]
    bins_number = len(table)
    flat = np.bincount(event[inside] * bins_number + bins[inside], minlength=number * bins_number)
    return flat.reshape(number, bins_number).astype(np.float64)
