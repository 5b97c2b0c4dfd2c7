# SPDX-License-Identifier: GPL-3.0-or-later
"""Which observables belong to which kind of collision."""

import numpy as np

from mcsurrogate.analysis import Events
from mcsurrogate.validation.observables.algorithms import CAMBRIDGE_AACHEN, KT
from mcsurrogate.validation.observables.annihilation import ANNIHILATION
from mcsurrogate.validation.observables.boson import BOSON
from mcsurrogate.validation.observables.conjugation import (
    ALONG_BEAMS,
    CONJUGATION,
    SIGNED_ANGLE,
    SIGNED_RAPIDITY,
)
from mcsurrogate.validation.observables.consistency import CONSISTENCY
from mcsurrogate.validation.observables.correlation import CORRELATION, FLIGHT
from mcsurrogate.validation.observables.decay_moments import DECAY_MOMENTS
from mcsurrogate.validation.observables.dis import DIS
from mcsurrogate.validation.observables.event import EVENT
from mcsurrogate.validation.observables.halves import EVEN_DIRECTIONS, EVEN_HEMISPHERES
from mcsurrogate.validation.observables.hard import HARD
from mcsurrogate.validation.observables.hemispheres import BACKWARD, HEMISPHERE
from mcsurrogate.validation.observables.identified import IDENTIFIED
from mcsurrogate.validation.observables.jet import JET
from mcsurrogate.validation.observables.jet_rates import JET_RATES
from mcsurrogate.validation.observables.lifetimes import LIVES
from mcsurrogate.validation.observables.lines import BOSON_LINES, LINES
from mcsurrogate.validation.observables.multiplicity import MULTIPLICITY
from mcsurrogate.validation.observables.nearness import NEAR_ANGLE, NEAR_DISTANCE
from mcsurrogate.validation.observables.pairs import DECAY, PAIR
from mcsurrogate.validation.observables.particle import PARTICLE
from mcsurrogate.validation.observables.partons import PARTONS
from mcsurrogate.validation.observables.places import PLACES
from mcsurrogate.validation.observables.polarisation import BOSON_SPIN, TAU_SPIN, TOP_SPIN
from mcsurrogate.validation.observables.rates import RATES
from mcsurrogate.validation.observables.record import RECORD, RULES
from mcsurrogate.validation.observables.registry import define_preset
from mcsurrogate.validation.observables.soft import ION, SOFT
from mcsurrogate.validation.observables.substructure import SUBSTRUCTURE
from mcsurrogate.validation.observables.top import TOP
from mcsurrogate.validation.observables.top_spin import TOP_SPIN_MATRIX
from mcsurrogate.validation.observables.vector_boson import HIGGS, VECTOR_BOSON

__all__ = ["detect"]

_HADRON_COLLISION = (
    *EVENT,
    *JET,
    *KT,
    *SUBSTRUCTURE,
    *PARTICLE,
    *DECAY,
    *LINES,
    *BOSON_LINES,
    *SIGNED_RAPIDITY,
    *ALONG_BEAMS,
    *BACKWARD,
    *EVEN_DIRECTIONS,
    *DECAY_MOMENTS,
    *TAU_SPIN,
    *BOSON_SPIN,
    *NEAR_DISTANCE,
    *FLIGHT,
    *LIVES,
    *PARTONS,
    *PLACES,
    *RECORD,
    *CONSISTENCY,
    *RULES,
)

# A third of what the jets of an event cost, and where jets are not what a process is about they
# say what anti-kt and kt jets say.
define_preset("pp_jets", [o.name for o in (*_HADRON_COLLISION, *CAMBRIDGE_AACHEN)])
_WITHOUT_JETS = tuple(
    o for o in _HADRON_COLLISION if o.group not in ("jet", "substructure") and o.name != "ht"
)
define_preset("pp_soft", [o.name for o in (*SOFT, *_WITHOUT_JETS)])
define_preset("pp_boson", [o.name for o in (*VECTOR_BOSON, *_HADRON_COLLISION)])
define_preset("pp_merged", [o.name for o in (*JET_RATES, *VECTOR_BOSON, *_HADRON_COLLISION)])
define_preset("pp_higgs", [o.name for o in (*HIGGS, *VECTOR_BOSON, *_HADRON_COLLISION)])
define_preset("ep_dis", [o.name for o in (*DIS, *_HADRON_COLLISION)])
define_preset("heavy_ion", [o.name for o in (*ION, *SOFT, *_WITHOUT_JETS)])
_OF_TOPS = (*TOP, *BOSON, *TOP_SPIN, *TOP_SPIN_MATRIX)
define_preset("pp_top", [o.name for o in (*_OF_TOPS, *_HADRON_COLLISION)])
define_preset(
    "ee_z",
    [
        *(o.name for o in (*ANNIHILATION, *RATES, *IDENTIFIED, *MULTIPLICITY)),
        "charged_phi",
        "azimuth_harmonics",
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
                *EVEN_HEMISPHERES,
                *DECAY_MOMENTS,
                *TAU_SPIN,
                *NEAR_ANGLE,
                *FLIGHT,
                *LIVES,
                *PLACES,
                *RECORD,
                *CONSISTENCY,
                *RULES,
            )
            if o.name != "transverse_balance"
        ),
    ],
)
define_preset("hard_process", [o.name for o in HARD])


_CHARGED_LEPTONS, _ALL_LEPTONS = (11, 13), (11, 12, 13, 14, 15, 16)
_ION, _DIQUARK = 1_000_000_000, 1000
_OFTEN = 0.5
"""Share of the events that a particle, or a jet, is in which names the process."""


def detect(events: Events) -> tuple[str, str]:
    """Preset that fits events, by their beams and particles, and what was not understood.

    Parameters
    ----------
    events
        The first events of the reference.

    Returns
    -------
    Its name, and a warning: empty where the events are of a kind that it was made for.
    """
    beams = np.abs(events.chunk.beams.pid)
    kinds = ", ".join(map(str, np.unique(events.chunk.beams.pid).tolist()))
    if not len(beams):
        return _of_hadrons(events), "the events name no beams and were taken for those of hadrons"
    leptons = np.isin(beams, _ALL_LEPTONS)
    if leptons.all():
        told = np.isin(beams, _CHARGED_LEPTONS).all()
        return "ee_z", "" if told else f"beams {kinds} were taken for electrons and positrons"
    if (beams > _ION).any():
        return "heavy_ion", ""
    if leptons.any():
        return "ep_dis", ""
    if np.isin(beams, (22,)).any() or not (beams > _DIQUARK).all():
        return _of_hadrons(events), f"beams {kinds} were taken for protons"
    return _of_hadrons(events), ""


def _of_hadrons(events: Events) -> str:
    """Preset of a collision of hadrons."""
    for name, pids in (("pp_top", (6, -6)), ("pp_higgs", (25,)), ("pp_boson", (23, 24, -24))):
        if (events.last_copies(*pids).counts > 0).mean() > _OFTEN:
            return name
    return "pp_jets" if (events.jets.counts > 0).mean() > _OFTEN else "pp_soft"
