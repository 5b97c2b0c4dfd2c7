# SPDX-License-Identifier: GPL-3.0-or-later
"""Events as sets of particles: the input of networks that look at particles."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events

__all__ = ["CLASSES", "COLUMNS", "PARTICLES", "particle_sets"]

Single = NDArray[np.float32]

PARTICLES = 64
"""Particles of an event that are kept, the hardest ones."""
CLASSES: tuple[tuple[int, ...], ...] = (
    (22,),
    (11,),
    (13,),
    (211,),
    (321,),
    (2212,),
    (2112,),
    (130, 310),
    (3122, 3112, 3222, 3312, 3322, 3334),
)
"""PDG numbers that a network tells apart; all others share one class, the last."""
COLUMNS = ("E", "px", "py", "pz", "class", "charge")
"""Columns of a particle; class 0 marks an empty place, energies are in GeV."""


def particle_sets(events: Events, size: int = PARTICLES) -> Single:
    """Hardest visible particles of each event.

    Parameters
    ----------
    events
        N events.
    size
        Places P for particles; harder ones come first, by momentum where leptons collide and by
        transverse momentum otherwise.

    Returns
    -------
    ``(N, P, 6)`` single precision, see `COLUMNS`; empty places are zero.
    """
    beams = np.abs(events.chunk.beams.pid)
    leptons = len(beams) > 0 and bool(np.isin(beams, (11, 13)).all())
    visible = events.visible
    ordered = visible.ordered_by(visible.p if leptons else visible.pt)
    chosen = ordered.where(ordered.rank < size)
    magnitude = np.abs(chosen.pid)
    label = np.full(len(chosen), len(CLASSES) + 1, dtype=np.float32)
    for i, pids in enumerate(CLASSES):
        label[np.isin(magnitude, pids)] = i + 1
    out = np.zeros((len(events), size, len(COLUMNS)), dtype=np.float32)
    columns: tuple[NDArray[np.floating[Any]], ...] = (
        chosen.energy,
        chosen.px,
        chosen.py,
        chosen.pz,
        label,
    )
    for i, column in enumerate(columns):
        out[chosen.event, chosen.rank, i] = column
    out[chosen.event, chosen.rank, 5] = chosen.species.three_charge / 3.0
    return out
