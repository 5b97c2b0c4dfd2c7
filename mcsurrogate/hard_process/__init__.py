"""A hard process put together: amplitudes, parton densities, phase space and scales."""

from mcsurrogate.hard_process.assemble import assemble
from mcsurrogate.hard_process.integrand import Amplitude, Contributions, HardProcess

__all__ = [
    "Amplitude",
    "Contributions",
    "HardProcess",
    "assemble",
]
