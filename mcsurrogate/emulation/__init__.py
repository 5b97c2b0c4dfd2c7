"""Emulators of squared matrix elements: calibrated, refusing what they do not know."""

from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.emulation.training import TrainingSettings

__all__ = ["Emulator", "TrainingSettings"]
