# SPDX-License-Identifier: GPL-3.0-or-later
"""Event shapes measured at the Z, for events of primary hadrons: these decay first."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.events import EventRecords, ParticleBatch
from mcsurrogate.generators import Rehadronizer
from mcsurrogate.hadronization.fitting.event_quantities import Hadrons

__all__ = ["STABLE", "MeasuredShapes", "decay_primary_hadrons"]

_SYSTEM, _HADRON = -11, 83
#: Pythia settings by which stable is what the measurements call so: lifetimes above 3e-10 s.
STABLE = ("ParticleDecays:limitTau0 = on", "ParticleDecays:tau0Max = 90")


def decay_primary_hadrons(hadrons: Hadrons, *, seed: int) -> ParticleBatch:
    """Let Pythia decay the hadrons of each event; `source_event` numbers the given events.

    Parameters
    ----------
    hadrons
        N events of hadrons that have not decayed.
    seed
        From 1 to 900,000,000.
    """
    run = Rehadronizer(["HadronLevel:Hadronize = off", *STABLE], seed=seed)
    (batch,) = run.hadronize(_records(hadrons), batch_size=len(hadrons.offsets) - 1)
    return batch


def _records(hadrons: Hadrons) -> EventRecords:
    """Give each event a first row for the system, and what a record needs besides."""
    events, size = len(hadrons.offsets) - 1, len(hadrons.pdg_id)
    rows = size + events
    first = np.asarray(hadrons.offsets[:-1]) + np.arange(events)
    own = np.ones(rows, dtype=np.bool_)
    own[first] = False
    pdg_id = np.full(rows, 90, dtype=np.int32)
    pdg_id[own] = hadrons.pdg_id
    momenta = np.empty((rows, 4))
    momenta[own] = hadrons.momenta
    momenta[first] = np.add.reduceat(hadrons.momenta, hadrons.offsets[:-1])
    square = momenta[:, 0] ** 2 - (momenta[:, 1:] ** 2).sum(axis=1)
    return EventRecords.without_history(
        np.asarray(hadrons.offsets) + np.arange(events + 1),
        pdg_id,
        np.where(own, _HADRON, _SYSTEM).astype(np.int32),
        momenta,
        np.sqrt(np.maximum(square, 0.0)),
    )


class MeasuredShapes:
    """Distributions of event shapes at the Z by OPAL (hep-ex/0503051), all but the jet rate.

    Attributes
    ----------
    values, errors
        ``(S,)`` densities in all bins of all shapes, and their total errors.
    """

    def __init__(
        self,
        bins: Sequence[tuple[str, NDArray[np.float64]]],
        values: NDArray[np.float64],
        errors: NDArray[np.float64],
    ) -> None:
        self._bins = tuple(bins)
        self.values = values
        self.errors = errors

    @classmethod
    def read(cls) -> Self:
        """Take the tables that the validation compares with."""
        # The import takes seconds.
        from mcsurrogate.analysis import measured_shape_bins

        bins, values, errors = [], [], []
        for name, edges, value, error in measured_shape_bins():
            bins.append((name, edges))
            values.append(value)
            errors.append(error)
        return cls(bins, np.concatenate(values), np.concatenate(errors))

    def evaluate(self, batches: Sequence[Hadrons], *, seed: int) -> NDArray[np.float32]:
        """``(N, S)``: 1 / width for the bins that an event's shapes lie in after all decays."""
        from mcsurrogate.analysis import bin_densities, particle_shapes
        from mcsurrogate.events import Particles

        rows = []
        for batch in batches:
            events = len(batch.offsets) - 1
            final = decay_primary_hadrons(batch, seed=seed)
            assert final.source_event is not None
            event = np.repeat(final.source_event, np.diff(final.offsets))
            energy, px, py, pz = (np.ascontiguousarray(column) for column in final.momenta.T)
            found = particle_shapes(Particles(px, py, pz, energy, event, events))
            densities = [bin_densities(found[name], edges) for name, edges in self._bins]
            rows.append(np.concatenate(densities, axis=1).astype(np.float32))
        return np.concatenate(rows)
