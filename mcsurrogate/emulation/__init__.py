"""Emulators of squared matrix elements: calibrated, refusing what they do not know."""

from mcsurrogate.emulation.amplitude import EmulatedMatrixElement
from mcsurrogate.emulation.emulator import Emulator
from mcsurrogate.emulation.gain import GainReport, measure_gain
from mcsurrogate.emulation.stage_maxima import StageCosts, StageMaxima, choose_maxima
from mcsurrogate.emulation.train import TrainedEmulator, train_emulator
from mcsurrogate.emulation.training import TrainingSettings
from mcsurrogate.emulation.training_points import TrainingPoints
from mcsurrogate.emulation.two_stage import SelectedEvents, TwoStageRecord, TwoStageUnweighter

__all__ = [
    "EmulatedMatrixElement",
    "Emulator",
    "GainReport",
    "SelectedEvents",
    "StageCosts",
    "StageMaxima",
    "TrainedEmulator",
    "TrainingPoints",
    "TrainingSettings",
    "TwoStageRecord",
    "TwoStageUnweighter",
    "choose_maxima",
    "measure_gain",
    "train_emulator",
]
