# SPDX-License-Identifier: GPL-3.0-or-later
"""Named errors: each says what was wrong, where it was found and what to do about it."""

__all__ = [
    "CardError",
    "CheckpointError",
    "ChunkError",
    "EmulationError",
    "EventFileError",
    "ExecutorError",
    "GenerationError",
    "HadronizationError",
    "IntegrationError",
    "KinematicsError",
    "MCSurrogateError",
    "MatrixElementError",
    "NativeModuleError",
    "PackError",
    "PartonDensityError",
    "PhaseSpaceError",
    "ProcessError",
    "PythiaError",
    "RunFolderError",
    "ValidationError",
]


class MCSurrogateError(Exception):
    """Base class of every error that mcsurrogate raises on purpose."""


class CardError(MCSurrogateError):
    """A run card has an unknown key, a wrong unit or an impossible value."""


class CheckpointError(MCSurrogateError):
    """A checkpoint is damaged or belongs to other work."""


class ProcessError(MCSurrogateError):
    """A process string cannot be understood or lies outside the reach of the engine."""


class MatrixElementError(MCSurrogateError):
    """A matrix element was given momenta or parameters it cannot be evaluated for."""


class KinematicsError(MCSurrogateError):
    """Four-momenta are off shell, do not balance or are not finite."""


class PhaseSpaceError(MCSurrogateError):
    """A phase-space mapping cannot be built, or the cuts leave nothing."""


class PartonDensityError(MCSurrogateError):
    """A PDF set is missing, damaged or asked for a parton or point it does not have."""


class IntegrationError(MCSurrogateError):
    """An integral cannot be computed: a non-finite integrand, no points, impossible targets."""


class GenerationError(MCSurrogateError):
    """Generated events contradict the cross section that they stand for."""


class EventFileError(MCSurrogateError):
    """An LHE or HepMC3 file is damaged, truncated or of the wrong kind."""


class NativeModuleError(MCSurrogateError):
    """The compiled module is missing or was built for another Pythia release."""


class PythiaError(MCSurrogateError):
    """Pythia refused its settings or stopped during the run."""


class RunFolderError(MCSurrogateError):
    """A run folder is finished, belongs to another card or is damaged."""


class DeviceError(MCSurrogateError):
    """The device that was asked for is not there."""


class ExecutorError(MCSurrogateError):
    """The place of the work cannot be had: an extra is missing, or no scheduler answers."""


class ChunkError(MCSurrogateError):
    """Workers died of a part of the work, time after time."""


class PackError(MCSurrogateError):
    """A pack that is damaged, oversized or of another version, or a run that cannot be packed."""


class ValidationError(MCSurrogateError):
    """Two samples cannot be compared: empty, zero weight or unknown observables."""


class EmulationError(MCSurrogateError):
    """An emulator cannot be trained, loaded or used for these points."""


class HadronizationError(MCSurrogateError):
    """A hadronization model cannot be trained, or its weights cannot be used."""
