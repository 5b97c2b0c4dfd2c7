"""Exclusive jets of e+ e- annihilation: the Durham algorithm through FastJet's batch interface.

Catani, Dokshitzer, Olsson, Turnock and Webber, Phys. Lett. B 269 (1991) 432:
y_ij = 2 min(E_i^2, E_j^2) (1 - cos theta_ij) / E_vis^2.
"""

import warnings

import awkward as ak
import fastjet
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.validation.jets import cluster
from mcsurrogate.validation.record import Particles

__all__ = ["MAX_JETS", "merging_scales", "three_jets"]

FloatArray = NDArray[np.float64]

MAX_JETS = 5
"""Largest n of the merging scales y_{n,n+1} that are computed."""


def _definition() -> fastjet.JetDefinition:
    return fastjet.JetDefinition0Param(fastjet.ee_kt_algorithm)


def merging_scales(particles: Particles) -> FloatArray:
    """Scales at which n + 1 jets become n, for n = 2 to `MAX_JETS`.

    Returns
    -------
    ``(N, MAX_JETS - 1)``: y_23, y_34, ...; NaN where an event has at most n particles.
    """
    out = np.full((particles.n_events, MAX_JETS - 1), np.nan)
    # FastJet's batch interface is only defined for events that have enough particles
    enough = np.flatnonzero(particles.counts > MAX_JETS)
    chosen = _events(particles, enough)
    sequence = cluster(chosen, _definition()) if len(enough) else None
    for n in range(2, MAX_JETS + 1):
        if sequence is not None:
            out[enough, n - 2] = np.asarray(sequence.exclusive_ymerge(n))
        few = np.flatnonzero((particles.counts > n) & (particles.counts <= MAX_JETS))
        if len(few):
            small = cluster(_events(particles, few), _definition())
            out[few, n - 2] = np.asarray(small.exclusive_ymerge(n))
    return out


def three_jets(particles: Particles) -> Particles:
    """Exclusive three-jet configuration of each event, by descending energy.

    Events with fewer than three particles get no jets.
    """
    enough = np.flatnonzero(particles.counts >= 3)
    if not len(enough):
        return particles.where(np.zeros(len(particles), dtype=bool))
    sequence = cluster(_events(particles, enough), _definition())
    with warnings.catch_warnings():
        # FastJet's Python layer warns about every exclusive clustering, ee_kt included
        warnings.simplefilter("ignore", UserWarning)
        jets = sequence.exclusive_jets(n_jets=3)
    px, py, pz, energy = (np.asarray(ak.flatten(jets[name])) for name in ("px", "py", "pz", "E"))
    event = np.repeat(enough, 3)
    found = Particles(px, py, pz, energy, event, particles.n_events)
    return found.ordered_by(found.energy)


def _events(particles: Particles, events: NDArray[np.int64]) -> Particles:
    """Particles of some of the events, renumbered from 0."""
    number = np.full(particles.n_events, -1)
    number[events] = np.arange(len(events))
    kept = number[particles.event] >= 0
    return Particles(
        particles.px[kept],
        particles.py[kept],
        particles.pz[kept],
        particles.energy[kept],
        number[particles.event[kept]],
        len(events),
    )
