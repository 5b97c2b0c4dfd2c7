# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fit to events compares: quantities of each event of one sample, chosen by another."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.hadronization.fitting.decay_products import CHARGED, decay_products
from mcsurrogate.hadronization.fitting.event_correlations import EventCorrelations
from mcsurrogate.hadronization.fitting.event_moments import EventMoments

__all__ = ["EventQuantities", "Hadrons"]

_DECAYS = 300
# Edges of 1 - T, those of the measurement by OPAL (hep-ex/0503051).
_THRUST_EDGES = np.array([0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.07, 0.09, 0.12, 0.15, 0.22, 0.5])


class Hadrons(Protocol):
    """Primary hadrons of events, as a `ParticleBatch` holds them."""

    @property
    def offsets(self) -> NDArray[np.int64]:
        """``(N + 1,)``."""

    @property
    def pdg_id(self) -> NDArray[np.int32]:
        """``(M,)``."""

    @property
    def momenta(self) -> NDArray[np.float64]:
        """``(M, 4)`` [E, px, py, pz] in GeV."""


class EventQuantities:
    """Means that are fitted, and the decays that they need.

    Parameters
    ----------
    moments
        Counts, histograms and spectra.
    correlations
        Second moments, or None.
    table
        Products of the decays of each species, from `decay_products`.
    thrust
        Whether the distribution of 1 - thrust is among them.
    """

    def __init__(
        self,
        moments: EventMoments,
        correlations: EventCorrelations | None,
        table: dict[int, dict[int, float]],
        thrust: bool,
    ) -> None:
        self.thrust = thrust
        self.moments = moments
        self.correlations = correlations
        self.table = table

    @classmethod
    def of_samples(
        cls,
        target: Hadrons,
        model: Sequence[Hadrons],
        *,
        correlations: bool,
        thrust: bool,
        rarest: float,
        seed: int,
    ) -> "EventQuantities":
        """Choose species and edges from a sample of the target and one of the model."""
        ids = np.concatenate([target.pdg_id, *(batch.pdg_id for batch in model)])
        species = [int(code) for code in np.unique(np.abs(ids)) if code > 100]
        table = decay_products(species, decays=_DECAYS, seed=seed)
        charged = {code: products.get(CHARGED, 0.0) for code, products in table.items()}
        starts = np.cumsum([0, target.offsets[-1], *(batch.offsets[-1] for batch in model)])
        offsets = np.concatenate(
            [[0], *(b.offsets[1:] + s for b, s in zip((target, *model), starts, strict=False))]
        )
        moments = EventMoments.of_sample(offsets, ids, charged, rarest)
        second = None
        if correlations:
            second = EventCorrelations.of_sample(
                target.offsets, target.pdg_id, target.momenta, charged
            )
        return cls(moments, second, table, thrust)

    def evaluate(self, batches: Sequence[Hadrons]) -> NDArray[np.float32]:
        """``(N, B)`` quantities of N events."""
        rows = []
        for batch in batches:
            event = (batch.offsets, batch.pdg_id, batch.momenta)
            columns = [self.moments.evaluate(*event)]
            if self.correlations is not None:
                columns.append(self.correlations.evaluate(*event))
            if self.thrust:
                columns.append(_thrust_histogram(batch))
            rows.append(np.concatenate(columns, axis=1))
        return np.concatenate(rows)

    def state(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return {
            "moments": asdict(self.moments),
            "correlations": asdict(self.correlations) if self.correlations is not None else None,
            "table": self.table,
            "thrust": self.thrust,
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> "EventQuantities":
        """Inverse of `state`."""
        second = state["correlations"]
        if second is not None:
            second = EventCorrelations(**second)
        return cls(EventMoments(**state["moments"]), second, state["table"], state["thrust"])


def _thrust_histogram(batch: Hadrons) -> NDArray[np.float32]:
    """``(N, 11)`` whether 1 - T of an event lies in a bin."""
    # Its import takes seconds.
    from mcsurrogate.analysis import thrust
    from mcsurrogate.events import Particles

    events = len(batch.offsets) - 1
    event = np.repeat(np.arange(events), np.diff(batch.offsets))
    columns = (np.ascontiguousarray(column) for column in batch.momenta.T)
    energy, px, py, pz = columns
    values = 1.0 - thrust(Particles(px, py, pz, energy, event, events)).value
    index = np.digitize(values, _THRUST_EDGES).clip(1, len(_THRUST_EDGES) - 1) - 1
    rows: NDArray[np.float32] = np.eye(len(_THRUST_EDGES) - 1, dtype=np.float32)[index]
    return rows
