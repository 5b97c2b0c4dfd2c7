"""Measured values that samples are compared with, shipped as tables with their sources."""

from mcsurrogate.validation.measured.comparison import (
    MeasuredResult,
    SampleAgainstData,
    compare_data,
)
from mcsurrogate.validation.measured.measurement import Measurement
from mcsurrogate.validation.measured.sums import MeasuredSums
from mcsurrogate.validation.measured.z_pole import (
    bin_densities,
    measured_shape_bins,
    measurements_for,
    particle_shapes,
    z_pole_measurements,
)

__all__ = [
    "MeasuredResult",
    "MeasuredSums",
    "Measurement",
    "SampleAgainstData",
    "bin_densities",
    "compare_data",
    "measured_shape_bins",
    "measurements_for",
    "particle_shapes",
    "z_pole_measurements",
]
