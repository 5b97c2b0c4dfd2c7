"""Which observables belong to which kind of collision."""

from mcsurrogate.validation.observables.event import EVENT
from mcsurrogate.validation.observables.jet import JET
from mcsurrogate.validation.observables.particle import PARTICLE
from mcsurrogate.validation.observables.registry import define_preset
from mcsurrogate.validation.observables.top import TOP
from mcsurrogate.validation.selection import Events

__all__ = ["detect"]

define_preset("pp_jets", [o.name for o in (*EVENT, *JET, *PARTICLE)])
define_preset("pp_top", [o.name for o in (*TOP, *EVENT, *JET, *PARTICLE)])


def detect(events: Events) -> str:
    """Preset that fits events: by their top quarks and their beams."""
    return "pp_top" if len(events.tops) else "pp_jets"
