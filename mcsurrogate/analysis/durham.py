# SPDX-License-Identifier: GPL-3.0-or-later
"""Jets of e+ e- annihilation through FastJet's batch interface: Durham and anti-kt on the sphere.

Catani, Dokshitzer, Olsson, Turnock and Webber, Phys. Lett. B 269 (1991) 432:
y_ij = 2 min(E_i^2, E_j^2) (1 - cos theta_ij) / E_vis^2.
"""

import warnings

import awkward as ak
import fastjet
import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis.jets import cluster
from mcsurrogate.events import Particles

__all__ = ["MAX_JETS", "merging_scales", "sphere_jets", "three_jets"]

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
    chosen = particles.of_events(enough)
    sequence = cluster(chosen, _definition()) if len(enough) else None
    for n in range(2, MAX_JETS + 1):
        if sequence is not None:
            out[enough, n - 2] = np.asarray(sequence.exclusive_ymerge(n))
        few = np.flatnonzero((particles.counts > n) & (particles.counts <= MAX_JETS))
        if len(few):
            small = cluster(particles.of_events(few), _definition())
            out[few, n - 2] = np.asarray(small.exclusive_ymerge(n))
    return out


def three_jets(particles: Particles) -> Particles:
    """Exclusive three-jet configuration of each event, by descending energy.

    Events with fewer than three particles get no jets.
    """
    enough = np.flatnonzero(particles.counts >= 3)
    if not len(enough):
        return particles.where(np.zeros(len(particles), dtype=bool))
    sequence = cluster(particles.of_events(enough), _definition())
    with warnings.catch_warnings():
        # FastJet's Python layer warns about every exclusive clustering, ee_kt included
        warnings.simplefilter("ignore", UserWarning)
        jets = sequence.exclusive_jets(n_jets=3)
    px, py, pz, energy = (np.asarray(ak.flatten(jets[name])) for name in ("px", "py", "pz", "E"))
    event = np.repeat(enough, 3)
    found = Particles(px, py, pz, energy, event, particles.n_events)
    return found.ordered_by(found.energy)


def sphere_jets(particles: Particles, radius: float = 0.7, min_energy: float = 5.0) -> Particles:
    """Anti-kt jets for e+ e- annihilation, by descending energy.

    The generalised kt algorithm on the sphere with p = -1 (FastJet manual, arXiv:1111.6097,
    section 4.5): d_ij = min(E_i^-2, E_j^-2) (1 - cos theta_ij) / (1 - cos R).

    Parameters
    ----------
    particles
        What is clustered.
    radius
        R in radians.
    min_energy
        Smallest energy of a jet in GeV.
    """
    definition = fastjet.JetDefinition(fastjet.ee_genkt_algorithm, radius, -1.0)
    jets = cluster(particles, definition).inclusive_jets(min_pt=0.0)
    px, py, pz, energy = (np.asarray(ak.flatten(jets[name])) for name in ("px", "py", "pz", "E"))
    event = np.repeat(np.arange(particles.n_events), np.asarray(ak.num(jets)))
    found = Particles(px, py, pz, energy, event, particles.n_events)
    found = found.where(energy > min_energy)
    return found.ordered_by(found.energy)
