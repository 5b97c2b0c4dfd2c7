# SPDX-License-Identifier: GPL-3.0-or-later
"""Measured values that samples are compared with, shipped as tables with their sources."""

from mcsurrogate.analysis.measured.measurement import Measurement
from mcsurrogate.analysis.measured.sums import MeasuredSums
from mcsurrogate.analysis.measured.z_pole import (
    bin_densities,
    measured_multiplicities,
    measured_shape_bins,
    measurements_for,
    z_pole_measurements,
)

__all__ = [
    "MeasuredSums",
    "Measurement",
    "bin_densities",
    "measured_multiplicities",
    "measured_shape_bins",
    "measurements_for",
    "z_pole_measurements",
]
