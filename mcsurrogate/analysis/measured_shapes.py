# SPDX-License-Identifier: GPL-3.0-or-later
"""Event shapes under the names of their measurements at the Z."""

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.analysis import shapes
from mcsurrogate.events import Particles

__all__ = ["DURHAM", "named_shapes", "particle_shapes"]

FloatArray = NDArray[np.float64]

DURHAM = "durham_y23"
"""Name of the Durham scale at which three jets become two: no function of the momenta's sums."""


def particle_shapes(particles: Particles) -> dict[str, FloatArray]:
    """Shapes of events by name, ``(N,)`` each; all that are measured but the Durham scale."""
    thrust = shapes.thrust(particles)
    sides = shapes.hemispheres(particles, thrust.axis)
    return named_shapes(thrust, shapes.sphericity(particles), sides)


def named_shapes(
    thrust: shapes.Thrust, tensors: shapes.Sphericity, sides: shapes.Hemispheres
) -> dict[str, FloatArray]:
    """Shapes by name, ``(N,)`` each."""
    return {
        "one_minus_thrust": 1.0 - thrust.value,
        "thrust_major": thrust.major.copy(),
        "thrust_minor": thrust.minor.copy(),
        "oblateness": thrust.oblateness,
        "sphericity": tensors.sphericity.copy(),
        "aplanarity": tensors.aplanarity.copy(),
        "c_parameter": tensors.c_parameter.copy(),
        "d_parameter": tensors.d_parameter.copy(),
        "heavy_hemisphere_mass": np.sqrt(sides.heavy_mass2),
        "light_hemisphere_mass": np.sqrt(sides.light_mass2),
        "wide_broadening": sides.wide.copy(),
        "narrow_broadening": sides.narrow.copy(),
        "total_broadening": sides.total,
    }
