# SPDX-License-Identifier: GPL-3.0-or-later
"""Places of events in a space in which soft and collinear emissions cost nothing.

As in arXiv:2109.07851, section 3.2, an event is what can be measured of it: jets, leptons,
photons, and what is missing, each kind by descending transverse momentum.  The distance of two
events is that of the momenta of these objects, objects that one of them lacks having none.  (The
publication sums the distances of the objects; here their squares are summed, for which trees find
neighbours fast.)
"""

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events, JetCollection, JetDefinition
from mcsurrogate.events import EventBatch, EventChunk, Particles

__all__ = ["places_of_chunk", "places_of_hard_events"]

FloatArray = NDArray[np.float64]

_JETS, _OTHERS = 6, 2
"""Objects of a kind that are looked at: jets, and each of all others."""
_LEPTON_PT = 10.0
_PARTONS = (1, 2, 3, 4, 5, 21)
_OUTGOING = 1
_CHARGED = ((11,), (13,), (15,), (22,))
_HEAVY = ((6,), (23,), (24,), (25,))
_NEUTRINOS = ((12, 14, 16),)


def _leading(particles: Particles, number: int) -> FloatArray:
    """Momenta of the leading objects of each event, ``(N, 3 number)``, zero for none."""
    ordered = particles.ordered_by(particles.pt)
    out = np.zeros((particles.n_events, number, 3))
    chosen = ordered.where(ordered.rank < number)
    for i, component in enumerate((chosen.px, chosen.py, chosen.pz)):
        out[chosen.event, chosen.rank, i] = component
    return out.reshape(len(out), -1)


def _kinds(particles: Particles, kinds: tuple[tuple[int, ...], ...]) -> list[FloatArray]:
    magnitude = np.abs(particles.pid)
    return [_leading(particles.where(np.isin(magnitude, pids)), _OTHERS) for pids in kinds]


def places_of_hard_events(batch: EventBatch, jets: JetDefinition) -> FloatArray:
    """Places of hard events: jets of the outgoing partons, all other outgoing particles by kind.

    Parameters
    ----------
    batch
        N hard events.
    jets
        How partons are clustered.

    Returns
    -------
    ``(N, D)`` in GeV.
    """
    event = np.repeat(np.arange(len(batch)), np.diff(batch.offsets))
    index = np.flatnonzero(batch.status == _OUTGOING)
    energy, px, py, pz = batch.momenta[index].T
    outgoing = Particles(
        px, py, pz, energy, event[index], len(batch), batch.pdg_id[index].astype(np.int32)
    )
    partons = outgoing.where(np.isin(np.abs(outgoing.pid), _PARTONS))
    clustered = _leading(JetCollection(partons, jets).jets, _JETS)
    return np.concatenate((clustered, *_kinds(outgoing, (*_CHARGED, *_HEAVY, *_NEUTRINOS))), axis=1)


def places_of_chunk(chunk: EventChunk, jets: JetDefinition) -> FloatArray:
    """Places of showered events: jets of what is visible, hard leptons and photons, missing pT.

    Parameters
    ----------
    chunk
        N events.
    jets
        How visible particles are clustered.

    Returns
    -------
    ``(N, D)`` in GeV.
    """
    events = Events(chunk, np.ones(len(chunk)), jets)
    hard = events.final.where(events.final.pt > _LEPTON_PT)
    missing = events.visible.total()
    across = np.stack((missing.px, missing.py), axis=1)
    return np.concatenate((_leading(events.jets, _JETS), *_kinds(hard, _CHARGED), across), axis=1)
