# SPDX-License-Identifier: GPL-3.0-or-later
"""How evenly events share what they make between two halves, one quantity after another.

With x_1 and x_2 in the halves, ((x_1 - x_2) / (x_1 + x_2))^2 is zero where the halves follow each
other and one where all is in one of them, whatever the energy of the collision.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles, among
from mcsurrogate.validation.histograms import Values
from mcsurrogate.validation.observables.angles import along_thrust
from mcsurrogate.validation.observables.registry import Observable, Section, linear, register

__all__ = ["EVEN_DIRECTIONS", "EVEN_HEMISPHERES"]

FloatArray = NDArray[np.float64]
_half = Section("correlation", feature=False, specific=True)
_WITHIN = 2.5
_CHARGED = "charged particles"


def _of(*pids: int) -> Callable[[Particles], NDArray[np.bool_]]:
    return lambda particles: among(np.abs(particles.pid), pids)


_QUANTITIES: tuple[
    tuple[str, Callable[[Particles], NDArray[np.bool_]], Callable[[Particles], FloatArray]], ...
] = (
    (_CHARGED, lambda x: x.species.charged, lambda x: np.ones(len(x))),
    (f"pT of {_CHARGED}", lambda x: x.species.charged, lambda x: x.pt),
    ("photons", _of(22), lambda x: np.ones(len(x))),
    ("pT of photons", _of(22), lambda x: x.pt),
    ("energy of photons", _of(22), lambda x: x.energy),
    ("energy of neutral hadrons", _of(130, 2112), lambda x: x.energy),
    ("charged kaons", _of(321), lambda x: np.ones(len(x))),
    ("protons and neutrons", _of(2112, 2212), lambda x: np.ones(len(x))),
    ("electrons and muons", _of(11, 13), lambda x: np.ones(len(x))),
    ("energy of neutrinos", _of(12, 14, 16), lambda x: x.energy),
)


def _halves(
    particles: Callable[[Events], Particles], side: Callable[[Particles, Events], FloatArray]
) -> Callable[[Events], Values]:
    """Entry of each quantity, weighted by how unevenly it is shared."""

    def compute(events: Events) -> Values:
        seen = particles(events)
        along = side(seen, events)
        found = []
        for _, chosen, value in _QUANTITIES:
            kept = np.flatnonzero(chosen(seen))
            own = seen.where(kept)
            values = value(own)
            total = own.sum_over(values)
            difference = own.sum_over(np.sign(along[kept]) * values)
            with np.errstate(divide="ignore", invalid="ignore"):
                found.append((difference / total) ** 2)
        shares = np.stack(found, axis=1).ravel()
        slots = np.tile(np.arange(len(_QUANTITIES)) + 0.5, len(events))
        event = np.repeat(np.arange(len(events)), len(_QUANTITIES))
        known = np.isfinite(shares)
        return Values(slots[known], event[known], shares[known])

    return compute


def _observable(
    name: str,
    title: str,
    particles: Callable[[Events], Particles],
    side: Callable[[Particles, Events], FloatArray],
    words: str,
) -> tuple[Observable, ...]:
    return (
        _half(
            name,
            title,
            "quantity",
            linear(0, len(_QUANTITIES), len(_QUANTITIES)),
            _halves(particles, side),
            f"mean of ((x_1 - x_2) / (x_1 + x_2))^2, final state, {words}",
            categories=tuple(label for label, _, _ in _QUANTITIES),
            density=False,
        ),
    )


EVEN_HEMISPHERES = _observable(
    "hemisphere_shares",
    "How evenly hemispheres share",
    lambda events: events.final,
    along_thrust,
    "hemispheres of the thrust axis",
)
EVEN_DIRECTIONS = _observable(
    "forward_backward_shares",
    "How evenly both directions share",
    lambda events: events.final.where(np.abs(events.final.eta) < _WITHIN),
    lambda particles, _: particles.pz,
    f"|eta| < {_WITHIN}, pz > 0 and pz < 0",
)

register(*EVEN_HEMISPHERES, *EVEN_DIRECTIONS)
