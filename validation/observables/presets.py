"""Which observables belong to which kind of collision."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.validation.observables.algorithms import ALGORITHMS
from mcsurrogate.validation.observables.annihilation import ANNIHILATION
from mcsurrogate.validation.observables.boson import BOSON
from mcsurrogate.validation.observables.conjugation import (
    CONJUGATION,
    SIGNED_ANGLE,
    SIGNED_RAPIDITY,
)
from mcsurrogate.validation.observables.consistency import CONSISTENCY
from mcsurrogate.validation.observables.correlation import CORRELATION, FLIGHT
from mcsurrogate.validation.observables.event import EVENT
from mcsurrogate.validation.observables.hard import HARD
from mcsurrogate.validation.observables.hemispheres import BACKWARD, HEMISPHERE
from mcsurrogate.validation.observables.identified import IDENTIFIED
from mcsurrogate.validation.observables.jet import JET
from mcsurrogate.validation.observables.lines import BOSON_LINES, LINES
from mcsurrogate.validation.observables.multiplicity import MULTIPLICITY
from mcsurrogate.validation.observables.nearness import NEAR_ANGLE, NEAR_DISTANCE
from mcsurrogate.validation.observables.pairs import DECAY, PAIR
from mcsurrogate.validation.observables.particle import PARTICLE
from mcsurrogate.validation.observables.polarisation import BOSON_SPIN, TAU_SPIN, TOP_SPIN
from mcsurrogate.validation.observables.rates import RATES
from mcsurrogate.validation.observables.record import RECORD, RULES
from mcsurrogate.validation.observables.registry import define_preset
from mcsurrogate.validation.observables.substructure import SUBSTRUCTURE
from mcsurrogate.validation.observables.top import TOP

__all__ = ["detect"]

_HADRON_COLLISION = (
    *EVENT,
    *JET,
    *ALGORITHMS,
    *SUBSTRUCTURE,
    *PARTICLE,
    *DECAY,
    *LINES,
    *BOSON_LINES,
    *SIGNED_RAPIDITY,
    *CONJUGATION,
    *BACKWARD,
    *TAU_SPIN,
    *BOSON_SPIN,
    *NEAR_DISTANCE,
    *FLIGHT,
    *RECORD,
    *CONSISTENCY,
    *RULES,
)

define_preset("pp_jets", [o.name for o in _HADRON_COLLISION])
define_preset("pp_top", [o.name for o in (*TOP, *BOSON, *TOP_SPIN, *_HADRON_COLLISION)])
define_preset(
    "ee_z",
    [
        *(o.name for o in (*ANNIHILATION, *RATES, *IDENTIFIED, *MULTIPLICITY)),
        "charged_phi",
        "final_species",
        *(
            o.name
            for o in (
                *CORRELATION,
                *PAIR,
                *DECAY,
                *LINES,
                *SIGNED_ANGLE,
                *SIGNED_RAPIDITY,
                *CONJUGATION,
                *HEMISPHERE,
                *TAU_SPIN,
                *NEAR_ANGLE,
                *FLIGHT,
                *RECORD,
                *CONSISTENCY,
                *RULES,
            )
            if o.name != "transverse_balance"
        ),
    ],
)
define_preset("hard_process", [o.name for o in HARD])


def detect(events: Events) -> str:
    """Preset that fits events: by their beams and their top quarks."""
    beams = np.abs(events.chunk.beams.pid)
    if len(beams) and np.isin(beams, (11, 13)).all():
        return "ee_z"
    return "pp_top" if len(events.tops) else "pp_jets"
