# SPDX-License-Identifier: GPL-3.0-or-later
"""Where collisions happen, flights, partons that are told, lines: each with a planted defect."""

from dataclasses import replace

import numpy as np
import pytest

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get

from .test_record import changed, decayed, named, seen, values


@pytest.fixture(scope="module")
def chunk(z_files):
    return next(EventFile(z_files[0], max_events=100).chunks())


def moved(chunk, vertices, axis, way):
    positions = chunk.vertex_positions.copy()
    positions[vertices, axis] += way
    return replace(chunk, vertex_positions=positions)


def test_place_and_time_of_the_collision(chunk):
    here = {f"{axis}: -1e-06 … 1e-06 mm" for axis in "xyzt"}
    assert set(named("primary_vertex", chunk)) == here
    first = chunk.end_vertex[np.flatnonzero(chunk.status == 4)[0]]
    aside = named("primary_vertex", moved(chunk, first, 0, 0.1))
    assert aside.count("x: 0.1 … 0.32 mm") + aside.count("x: 0.032 … 0.1 mm") == 1
    early = named("primary_vertex", moved(chunk, first, 3, -5.0))
    assert early.count("t: -10 … -3.2 mm") == 1


def test_flights_longer_than_a_life(chunk):
    pions = decayed(chunk, 111)[:4]
    far = moved(chunk, chunk.end_vertex[pions], 1, 1.0)
    assert named("too_far", far) == ["short-lived hadrons"] * 4
    # a millimetre more is nothing for particles that fly by centimetres
    kaons = decayed(chunk, 310)[:4]
    kaons = kaons[chunk.flight(kaons) > 1.0]
    later = moved(chunk, chunk.end_vertex[kaons], 1, 1e-3)
    assert not [kind for kind in named("too_far", later) if "long" in kind]
    quarks = np.flatnonzero((np.abs(chunk.pid) < 6) & (chunk.end_vertex >= 0))[:1]
    parted = named("too_far", moved(chunk, chunk.end_vertex[quarks], 2, 0.1))
    assert "partons" in parted


def test_partons_that_are_told_are_in_the_record(chunk):
    """The beams of an e+ e- collision without radiation are its partons, with x = 1."""
    beams = chunk.particles[np.flatnonzero(chunk.status == 4)]["pid"].reshape(-1, 2)
    first = np.sign(chunk.particles["pz"][np.flatnonzero(chunk.status == 4)[0]])
    info = np.ones_like(chunk.pdf_info)
    info[:, :2] = beams[:, :: int(first)]
    assert named("parton_record", replace(chunk, pdf_info=info)) == []
    info[:3, 2] *= 1.05
    info[3:7, 1] = 2
    other = replace(chunk, pdf_info=info)
    sides = ["parton of the beam along +z"] * 3 + ["parton of the beam along -z"] * 4
    assert named("parton_record", other) == sides
    assert named("parton_species", other).count("-z: u") == 4
    nothing = replace(chunk, pdf_info=np.full_like(info, np.nan))
    for name in ("parton_record", "parton_species", "parton_x", "parton_density"):
        assert len(values(name, nothing).values) == 0


def line(mass, width, n, seed=1):
    """Breit-Wigner masses between three widths to both sides, as generators draw them."""
    random = np.random.default_rng(seed)
    return mass + 0.5 * width * np.tan(np.arctan(6.0) * random.uniform(-1.0, 1.0, n))


def test_places_of_lines_are_measured_as_well_as_by_a_fit(chunk):
    """A shift d moves the mean of the score by d times its information: 2 / Gamma^2 a particle."""
    rho = decayed(chunk, 113)
    center, width, shift = 0.77526, 0.1474, 0.03
    square = sum(chunk.particles[x][rho] ** 2 for x in ("px", "py", "pz"))
    means = []
    for by in (0.0, shift):
        masses = line(center + by, width, len(rho))
        one = changed(chunk, rho, e=np.sqrt(square + masses**2))
        # the charged ones stay as they are
        found = get("line_shapes").values(Events(one, np.ones(len(one))))
        own = found.values == get("line_shapes").categories.index(r"$\rho$: place") + 0.5
        means.append(found.entry_weights[own].sum())
        assert np.abs(found.entry_weights).max() <= 1.0
    z = 2.0 * (line(center, width, len(rho)) - center) / width
    moved_z = z + 2.0 * shift / width
    expected = (2.0 * moved_z / (1.0 + moved_z**2)).sum() - (2.0 * z / (1.0 + z**2)).sum()
    assert means[1] - means[0] == pytest.approx(expected, rel=1e-2)


def test_harmonics_of_the_azimuth(chunk):
    found = values("azimuth_harmonics", chunk)
    names = get("azimuth_harmonics").categories
    visible, charged = seen(chunk).visible, seen(chunk).charged
    for event in range(5):
        entries = dict(
            zip(
                (names[int(slot)] for slot in found.values[found.event == event]),
                found.entry_weights[found.event == event],
                strict=True,
            )
        )
        own = np.flatnonzero(visible.event == event)
        hardest = visible.phi[own[visible.pt[own].argmax()]]
        assert entries["hardest: sin φ"] == pytest.approx(np.sin(hardest))
        both = charged.phi[charged.event == event]
        assert entries["charged: cos 2φ"] == pytest.approx(np.cos(2.0 * both).sum())
