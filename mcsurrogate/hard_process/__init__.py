"""A hard process put together: amplitudes, parton densities, phase space and scales."""

from mcsurrogate.hard_process.assemble import assemble
from mcsurrogate.hard_process.beams import BEAM_PARTICLES, Beams, beam_particles
from mcsurrogate.hard_process.definition_shares import definition_shares
from mcsurrogate.hard_process.definitions import read_definitions
from mcsurrogate.hard_process.integrand import Amplitude, Contributions, HardProcess

__all__ = [
    "BEAM_PARTICLES",
    "Amplitude",
    "Beams",
    "Contributions",
    "HardProcess",
    "assemble",
    "beam_particles",
    "definition_shares",
    "read_definitions",
]
