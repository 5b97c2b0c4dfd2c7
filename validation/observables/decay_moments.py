# SPDX-License-Identifier: GPL-3.0-or-later
"""Spins of hadrons that decay to two: moments of the angles of their decays, by species.

A spin shows in the direction of a product in the rest frame of its mother: polarisation along the
flight in the mean cosine, alignment in that of (3 cos^2 - 1) / 2, polarisation across the plane of
beam and flight in the mean cosine to the normal of that plane.
"""

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events, rest_frame_momenta
from mcsurrogate.events import Particles, among
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.registry import Section, linear, register

__all__ = ["DECAY_MOMENTS"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_moment = Section("correlation", feature=False, specific=True)
_DECAYS: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = (
    ("$K^0_S$", (310,), (211, 111)),
    (r"$\rho^0$", (113,), (211,)),
    (r"$\rho^\pm$", (213,), (211,)),
    ("$K^{*0}$", (313,), (311, 321)),
    (r"$K^{*\pm}$", (323,), (311, 321)),
    (r"$\phi$", (333,), (321, 310)),
    (r"$\Delta$", (1114, 2114, 2214, 2224), (2112, 2212)),
    (r"$\Lambda$", (3122,), (2112, 2212)),
    (r"$\Sigma^0$", (3212,), (3122,)),
    (r"$\Sigma^\pm$", (3112, 3222), (2112, 2212)),
    (r"$\Sigma^*$", (3114, 3214, 3224), (3122,)),
    (r"$\Xi$", (3312, 3322), (3122,)),
    (r"$\Omega$", (3334,), (3122,)),
    (r"$\tau \to \pi\nu$", (15,), (-211,)),
    (r"$D^{*\pm}$", (413,), (411, 421)),
    ("$D^{*0}$", (423,), (421,)),
    (r"$D^0 \to K\pi$", (421,), (-321,)),
    ("$B^*$", (513, 523), (511, 521)),
    (r"$J/\psi$", (443,), (11, 13)),
)
"""Label, mothers, and products whose angle counts; of antiparticles the antiparticles."""
_OWN_ANTIPARTICLE = (113, 310, 333, 443)
_MOMENTS = ("along the flight", "aligned", "across the flight")


def _decays(events: Events) -> tuple[IntArray, Particles, Particles]:
    """Kind of each decay to two, its mother, and the product that counts."""
    chunk = events.chunk
    magnitude = np.abs(chunk.pid)
    index = chunk.last_copies(among(magnitude, (pid for _, pids, _ in _DECAYS for pid in pids)))
    index = index[chunk.end_vertex[index] >= 0]
    number, child = chunk.children(index)
    two = np.bincount(number, minlength=len(index)) == 2
    number, child = number[two[number]], child[two[number]]
    mother = chunk.pid[index[number]]
    sign = np.where(among(mother, _OWN_ANTIPARTICLE), 1, np.sign(mother))
    kind = np.full(len(child), -1, dtype=np.int64)
    for i, (_, pids, products) in enumerate(_DECAYS):
        own = among(np.abs(mother), pids) & among(sign * chunk.pid[child], products)
        kind[own] = i
    chosen = np.flatnonzero(kind >= 0)
    # of two products that count (pi0 pi0) the first
    chosen = chosen[np.unique(number[chosen], return_index=True)[1]]
    return kind[chosen], chunk.select(index[number[chosen]]), chunk.select(child[chosen])


def _moments(events: Events) -> Values:
    """Moments of each decay, as weights of entries."""
    kind, mother, product = _decays(events)
    flight = np.stack((mother.px, mother.py, mother.pz))
    with np.errstate(divide="ignore", invalid="ignore"):
        momentum = rest_frame_momenta(
            product.energy,
            np.stack((product.px, product.py, product.pz)),
            mother.energy,
            flight,
            mother.mass,
        )
        momentum /= np.sqrt((momentum**2).sum(axis=0))
        along = (momentum * flight).sum(axis=0) / mother.p
        # of beams that are alike the one that the mother goes with
        side = np.sign(mother.pz) / mother.pt
        across = side * (momentum[1] * mother.px - momentum[0] * mother.py)
    moments = np.concatenate((along, 1.5 * along**2 - 0.5, across))
    slots = np.concatenate([len(_MOMENTS) * kind + i for i in range(len(_MOMENTS))])
    event = np.tile(mother.event, len(_MOMENTS))
    known = np.flatnonzero(np.isfinite(moments))
    order = known[np.argsort(event[known], kind="stable")]
    return Values(slots[order] + 0.5, event[order], moments[order])


DECAY_MOMENTS = (
    _moment(
        "decay_moments",
        "Moments of the angles of decays to two",
        "moment",
        linear(0, len(_DECAYS) * len(_MOMENTS), len(_DECAYS) * len(_MOMENTS)),
        _moments,
        "sums over decays to two particles (last copies) of cos(theta), (3 cos^2(theta) - 1) / 2 "
        "and cos(theta_n): angles of a product in the rest frame of its mother to the flight of "
        "the mother and to the normal of beam and flight",
        categories=tuple(f"{label} {moment}" for label, _, _ in _DECAYS for moment in _MOMENTS),
        density=False,
    ),
)

register(*DECAY_MOMENTS)
