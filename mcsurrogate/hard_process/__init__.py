"""A hard process put together: amplitudes, parton densities, phase space and scales."""

from mcsurrogate.hard_process.assemble import assemble
from mcsurrogate.hard_process.event_builder import EventBuilder
from mcsurrogate.hard_process.integrand import HardProcess

__all__ = ["EventBuilder", "HardProcess", "assemble"]
