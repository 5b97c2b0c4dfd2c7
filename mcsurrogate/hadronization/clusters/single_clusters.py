# SPDX-License-Identifier: GPL-3.0-or-later
"""Decays of single clusters by a surrogate, through Pythia."""

import os
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.errors import HadronizationError
from mcsurrogate.events import EventRecords
from mcsurrogate.generators import Rehadronizer, hadronization_settings
from mcsurrogate.hadronization.clusters.steps import ClusterSample

__all__ = ["decay_clusters"]

_SYSTEM = 90
_OUTGOING = 23
_TAG = 101


def _records(ends: NDArray[np.int64], mass: NDArray[np.float64]) -> EventRecords:
    count = len(mass)
    rows = 3 * count
    pdg = np.full((count, 3), _SYSTEM, dtype=np.int32)
    pdg[:, 1:] = ends
    status = np.tile(np.array([-11, _OUTGOING, _OUTGOING], dtype=np.int32), count)
    colour = np.zeros((count, 3, 2), dtype=np.int32)
    triplet = (ends > 0) == (np.abs(ends) < 10)
    colour[:, 1:, 0] = np.where(triplet, _TAG, 0)
    colour[:, 1:, 1] = np.where(triplet, 0, _TAG)
    momenta = np.zeros((count, 3, 4))
    momenta[:, 0, 0] = mass
    momenta[:, 1:, 0] = mass[:, None] / 2.0
    momenta[:, 1, 3], momenta[:, 2, 3] = mass / 2.0, -mass / 2.0
    masses = np.zeros((count, 3))
    masses[:, 0] = mass
    return EventRecords.without_history(
        np.arange(0, rows + 1, 3, dtype=np.int64),
        pdg.ravel(),
        status,
        momenta.reshape(rows, 4),
        masses.ravel(),
        colour.reshape(rows, 2),
    )


def decay_clusters(
    model: str | os.PathLike[str],
    ends: NDArray[np.int64],
    mass: NDArray[np.float64],
    *,
    seed: int,
    settings: Iterable[str] = (),
) -> ClusterSample:
    """Let a surrogate decay clusters in their rest frames.

    Each cluster is a colour singlet of two partons without mass that Pythia hadronizes; hadrons do
    not decay. The model is asked for every one, also where its training has seen none.

    Parameters
    ----------
    model
        As in `hadronization_settings`.
    ends
        ``(N, 2)`` PDG codes of the constituents; the first moves along +z.
    mass
        ``(N,)`` in GeV.
    seed
        From 1 to 900,000,000.
    settings
        Further Pythia settings of the hadron level.

    Returns
    -------
    ClusterSample
        Of N clusters, less those that could not be hadronized.

    Raises
    ------
    HadronizationError
        If the ends are no colour singlet or a mass is not positive.
    PythiaError
        If too many clusters cannot be hadronized.
    """
    ends = np.asarray(ends, dtype=np.int64)
    mass = np.asarray(mass, dtype=np.float64)
    triplet = (ends > 0) == (np.abs(ends) < 10)
    if ends.shape != (len(mass), 2) or not (mass > 0).all() or (triplet.sum(axis=1) != 1).any():
        raise HadronizationError(
            f"clusters need ends of shape ({len(mass)}, 2), one of them a triplet and one an "
            "antitriplet, and positive masses"
        )
    lines = hadronization_settings(model)
    if "MCSurrogate:model = clusters" in lines:
        lines.append("MCSurrogate:beyondTraining = on")
    lines += [*settings, "HadronLevel:Decay = off"]
    run = Rehadronizer(lines, seed=seed)
    batches = list(run.hadronize(_records(ends, mass), batch_size=20_000))
    source = np.concatenate([batch.source_event for batch in batches])
    number = np.concatenate([np.diff(batch.offsets) for batch in batches])
    return ClusterSample(
        ends[source],
        mass[source],
        np.concatenate([[0], np.cumsum(number, dtype=np.int64)]),
        np.concatenate([batch.pdg_id for batch in batches]).astype(np.int64),
        np.concatenate([batch.momenta for batch in batches]),
    )
