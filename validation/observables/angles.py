# SPDX-License-Identifier: GPL-3.0-or-later
"""Directions in an event: azimuths, and momenta along the thrust axis."""

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import Events
from mcsurrogate.events import Particles

__all__ = ["along_thrust", "azimuth_difference"]

FloatArray = NDArray[np.float64]


def azimuth_difference(phi: FloatArray, other: FloatArray) -> FloatArray:
    """Difference of azimuths in [-pi, pi], itself in [-pi, pi)."""
    turn = 2.0 * np.pi
    # the remainder of a division takes longer, and is as exact within one turn
    difference: FloatArray = phi - other + np.pi
    difference += turn * (difference < 0.0)
    difference -= turn * (difference >= turn)
    difference -= np.pi
    return difference


def along_thrust(particles: Particles, events: Events) -> FloatArray:
    """Momenta along the thrust axis of their event, in GeV."""
    axis = events.thrust.axis[particles.event]
    return particles.px * axis[:, 0] + particles.py * axis[:, 1] + particles.pz * axis[:, 2]
