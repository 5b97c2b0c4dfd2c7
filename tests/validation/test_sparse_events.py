# SPDX-License-Identifier: GPL-3.0-or-later
"""Every observable on events that hold little: no jets, no pairs, nothing that moves across."""

import numpy as np
import pyhepmc
import pytest

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get, names

# Particles (PDG id, px, py, pz, mass, and what they decay to) by event.
EVENTS = {
    "photons": [[(22, 0.0, 45.6, 0.0, 0.0), (22, 0.0, -45.6, 0.0, 0.0)]],
    "along_the_beam": [[(22, 0.0, 0.0, 45.6, 0.0), (22, 0.0, 0.0, -45.6, 0.0)]],
    "unseen": [[(12, 45.6, 0.0, 0.0, 0.0), (-12, -45.6, 0.0, 0.0, 0.0)]],
    "at_rest": [[(11, 0.0, 0.0, 0.0, 0.000511), (22, 0.0, 0.0, 91.2, 0.0)]],
    "one_particle": [[(25, 0.0, 0.0, 0.0, 91.2)]],
    "tops_at_rest": [[(6, 0.0, 0.0, 0.0, 172.5), (-6, 0.0, 0.0, 0.0, 172.5)]],
    "decays_at_rest": [
        [
            (
                310,
                0.0,
                0.0,
                0.0,
                0.4976,
                [(211, 0.0, 0.206, 0.0, 0.1396), (-211, 0.0, -0.206, 0.0, 0.1396)],
            ),
            (
                521,
                0.0,
                0.0,
                0.0,
                5.279,
                [(-421, 0.0, 0.0, 2.3, 1.865), (211, 0.0, 0.0, -2.3, 0.1396)],
            ),
            (
                15,
                0.0,
                0.0,
                0.0,
                1.777,
                [(16, 0.0, 0.883, 0.0, 0.0), (-211, 0.0, -0.883, 0.0, 0.1396)],
            ),
            (
                23,
                0.0,
                0.0,
                0.0,
                91.2,
                [(13, 0.0, 0.0, 45.6, 0.1057), (-13, 0.0, 0.0, -45.6, 0.1057)],
            ),
            (6, 0.0, 0.0, 0.0, 172.5, [(24, 67.5, 0.0, 0.0, 80.4), (5, -67.5, 0.0, 0.0, 4.8)]),
            (-6, 0.0, 0.0, 0.0, 172.5, [(-24, 67.5, 0.0, 0.0, 80.4), (-5, -67.5, 0.0, 0.0, 4.8)]),
        ]
    ],
    "tops": [[(6, 30.0, 0.0, 9.0, 172.5), (-6, -30.0, 0.0, -9.0, 172.5)]],
    "mixed": [
        [(22, 0.0, 45.6, 0.0, 0.0), (22, 0.0, -45.6, 0.0, 0.0)],
        [(15, 30.0, 0.0, 9.0, 1.777), (-15, -30.0, 0.0, -9.0, 1.777)],
        [(310, 30.0, 0.0, 9.0, 0.4976), (421, -30.0, 0.0, -9.0, 1.865)],
    ],
}


def grown(pid, px, py, pz, mass, products=()):
    made = pyhepmc.GenParticle((px, py, pz, np.sqrt(px**2 + py**2 + pz**2 + mass**2)), pid, 1)
    if products:
        made.status = 2
        place = pyhepmc.FourVector(0.0, 0.0, 0.0, 1.0)  # it stood there for a while
        vertex = pyhepmc.GenVertex(place)
        vertex.add_particle_in(made)
        for product in products:
            vertex.add_particle_out(grown(*product))
    return made


def write(path, events, beams):
    run_info = pyhepmc.GenRunInfo()
    run_info.weight_names = ["nominal"]
    with pyhepmc.open(path, "w") as stream:
        for number, particles in enumerate(events):
            made = [grown(*one) for one in particles]
            half = sum(p.momentum.e for p in made) / 2
            event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
            event.run_info = run_info
            event.event_number = number
            vertex = pyhepmc.GenVertex()
            for pid, sign in zip(beams, (1.0, -1.0), strict=True):
                vertex.add_particle_in(pyhepmc.GenParticle((0, 0, sign * half, half), pid, 4))
            for particle in made:
                vertex.add_particle_out(particle)
            event.add_vertex(vertex)
            event.weights = [1.0]
            stream.write(event)
    return path


@pytest.mark.parametrize("beams", [(11, -11), (2212, 2212), (11, 2212)], ids=["ee", "pp", "ep"])
@pytest.mark.parametrize("kind", EVENTS)
def test_every_observable_has_values_or_none(kind, beams, tmp_path):
    path = write(tmp_path / "little.hepmc", EVENTS[kind], beams)
    chunk = next(EventFile(path).chunks())
    events = Events(chunk, np.ones(len(chunk)))
    assert len(events) == len(EVENTS[kind])
    failed = {}
    for name in names():
        try:
            found = get(name).values(events)
            assert found.entry_weights is None or np.isfinite(found.entry_weights).all()
        except Exception as error:
            failed[name] = repr(error)
    assert failed == {}
