# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulators of squared matrix elements: calibrated, refusing what they do not know."""

from mcsurrogate.emulation.accuracy_scaling import AccuracyScaling, check_counts, measure_scaling
from mcsurrogate.emulation.amplitude import (
    AmplitudeRecord,
    EmulatedMatrixElement,
    measure_seconds,
)
from mcsurrogate.emulation.checks import check_surrogate, check_weights
from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.emulation.fitting import FitOptions, Split
from mcsurrogate.emulation.native_emulator import NativeEmulator
from mcsurrogate.emulation.training import TrainingSettings
from mcsurrogate.emulation.training_points import (
    TrainingPoints,
    evaluate_points,
    legs_from_events,
    points_from_draws,
)
from mcsurrogate.emulation.uncertain_points import points_by_uncertainty

__all__ = [
    "AccuracyScaling",
    "AmplitudeRecord",
    "EmulatedMatrixElement",
    "Emulator",
    "FitOptions",
    "NativeEmulator",
    "Split",
    "TrainingPoints",
    "TrainingSettings",
    "check_counts",
    "check_surrogate",
    "check_weights",
    "evaluate_points",
    "legs_from_events",
    "measure_scaling",
    "measure_seconds",
    "points_by_uncertainty",
    "points_from_draws",
]
