# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of particles and decays, on events made by hand and on Pythia's."""

import numpy as np
import pyhepmc
import pytest
from scipy import stats

from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get
from mcsurrogate.validation.observables.angles import azimuth_difference
from mcsurrogate.validation.observables.pairs import pairs_within
from mcsurrogate.validation.reservoir import Reservoir
from mcsurrogate.validation.statistics.serial import compare_serial


@pytest.fixture(scope="module")
def events(z_files):
    chunk = next(EventFile(z_files[0], max_events=200).chunks())
    return Events(chunk, np.ones(200))


def test_pairs_within_are_all_pairs_once(events):
    pions = events.final.where(events.final.pid == 211)
    i, j = pairs_within(pions)
    assert (pions.event[i] == pions.event[j]).all()
    assert (i < j).all()
    assert len(set(zip(i.tolist(), j.tolist(), strict=True))) == len(i)
    assert len(i) == (pions.counts * (pions.counts - 1) // 2).sum()


def test_photons_of_neutral_pions_have_their_mass(events):
    """Every decay pi0 -> gamma gamma is one of the pairs."""
    chunk = events.chunk
    decays = 0
    for pion in np.flatnonzero((chunk.pid == 111) & (chunk.end_vertex >= 0)):
        products = np.flatnonzero(chunk.production_vertex == chunk.end_vertex[pion])
        decays += list(chunk.pid[products]) == [22, 22]
    masses = get("photon_pair_mass").values(events).values
    near = np.abs(masses - 0.1349768) < 1e-5
    assert decays > 1000
    assert near.sum() >= decays


def rest_frame_cosine(parent, daughter):
    """By an explicit boost: angle of the daughter in the parent's rest frame to its flight."""
    p, e, m = parent.momentum, parent.momentum.e, parent.momentum.m()
    flight = np.array([p.px, p.py, p.pz])
    beta, gamma = flight / e, e / m
    own = np.array([daughter.momentum.px, daughter.momentum.py, daughter.momentum.pz])
    along = beta @ own
    boosted = own + beta * ((gamma - 1.0) * along / (beta @ beta) - gamma * daughter.momentum.e)
    return boosted @ flight / np.linalg.norm(boosted) / np.linalg.norm(flight)


@pytest.mark.parametrize(
    ("name", "pid", "pair"),
    [
        ("short_kaon_decay_angle", 310, (211, -211)),
        ("lambda_decay_angle", 3122, (2212, -211)),
        ("rho_decay_angle", 113, (211, -211)),
        ("d_star_decay_angle", 413, (211, 421)),
    ],
)
def test_decay_angles_agree_with_a_boost(events, z_files, name, pid, pair):
    found = get(name).values(events).values
    signs = (1,) if pid in (310, 113) else (1, -1)
    expected = []
    with pyhepmc.open(str(z_files[0])) as file:
        for _, event in zip(range(200), file, strict=False):
            for particle in event.particles:
                for sign in signs:
                    ids = sorted(sign * x for x in pair)
                    children = particle.children
                    if particle.pid == sign * pid and sorted(c.pid for c in children) == ids:
                        one = next(c for c in children if c.pid == sign * pair[0])
                        expected.append(rest_frame_cosine(particle, one))
    assert len(expected) > 5
    assert np.sort(found) == pytest.approx(np.sort(expected), abs=2e-6)


def test_pythia_flies_along_its_momenta(events):
    found = get("flight_direction").values(events).values
    assert len(found) > 200
    assert found.max() < 1e-4


def test_a_flight_backwards_is_seen(events):
    """The sine of its angle is that of a flight forward."""
    chunk = events.chunk
    kaons = np.flatnonzero((chunk.pid == 310) & (chunk.end_vertex >= 0))
    positions = chunk.vertex_positions.copy()
    start, stop = chunk.production_vertex[kaons], chunk.end_vertex[kaons]
    positions[stop, :3] = 2.0 * positions[start, :3] - positions[stop, :3]
    changed = type(chunk)(**{**vars_of(chunk), "vertex_positions": positions})
    found = get("flight_direction").values(Events(changed, np.ones(len(chunk)))).values
    assert 10 < (found > np.pi - 1e-4).sum() <= len(kaons)


def test_neighbours_alternate(events):
    """Strings order charges: opposite neighbours are more common than equal ones, by far."""
    found = get("neighbour_charges").values(events).values
    assert len(found) == np.maximum(events.charged.counts - 1, 0).sum()
    opposite = int((found < 0.0).sum())
    assert stats.binomtest(opposite, len(found), 0.5).pvalue < 1e-10
    assert opposite > len(found) / 2


def test_azimuth_gap_does_not_depend_on_the_frame(events):
    """A turn of everything around the beam changes no difference of azimuths."""
    chunk = events.chunk
    c, s = np.cos(0.7), np.sin(0.7)
    turned = chunk.particles.copy()
    turned["px"] = c * chunk.particles["px"] - s * chunk.particles["py"]
    turned["py"] = s * chunk.particles["px"] + c * chunk.particles["py"]
    other = Events(type(chunk)(**{**vars_of(chunk), "particles": turned}), np.ones(200))
    a, b = (np.sort(get("azimuth_gap").values(e).values) for e in (events, other))
    assert len(a) == len(b) > 1000
    assert a == pytest.approx(b, abs=1e-6)


def vars_of(chunk):
    return {name: getattr(chunk, name) for name in type(chunk).__dataclass_fields__}


def kept(rows):
    store = Reservoir(len(rows), 1)
    store.add(rows, np.ones(len(rows)), 0)
    return store


def mixed(n, random):
    """Normal, exponential, discrete and rare features, two of them correlated."""
    x = random.standard_normal((n, 3))
    return np.column_stack(
        (
            x,
            x[:, 0] + 0.5 * x[:, 1],
            np.exp(x[:, 2]),
            random.poisson(3.0, n),
            random.poisson(0.01, n),
        )
    )


def test_differences_of_azimuths_are_remainders():
    edges = np.array([-np.pi, np.nextafter(-np.pi, 0.0), -1.0, -0.0, 0.0, 1.0, np.pi])
    some = np.random.default_rng(1).uniform(-np.pi, np.pi, 200)
    phi, other = np.meshgrid(*2 * (np.concatenate((edges, some, [np.nan])),))
    exact = np.mod(phi - other + np.pi, 2.0 * np.pi) - np.pi
    assert np.array_equal(azimuth_difference(phi, other), exact, equal_nan=True)


def test_the_nearest_is_that_of_a_loop(events):
    """Photons to charged particles, in angle; events and photons without a partner included."""
    final = events.final
    charged = final.species.charged & (final.energy > 0.2)
    direction = np.stack((final.px, final.py, final.pz), axis=1) / final.p[:, None]
    nearest = []
    for i in np.flatnonzero((final.pid == 22) & (final.energy > 0.2)):
        partners = direction[charged & (final.event == final.event[i])]
        chord = np.linalg.norm(partners - direction[i], axis=1)
        nearest.append(2.0 * np.arcsin(chord.min() / 2.0) if len(chord) else np.nan)
    assert len(nearest) > 100
    found = get("photon_charged_angle").values(events).values
    assert found == pytest.approx(nearest, rel=1e-12, nan_ok=True)


def test_serial_correlation_is_calibrated():
    """p-values of independent events are uniform: KS p above 1e-4."""
    random = np.random.default_rng(5)
    p = [
        np.exp(compare_serial(kept(mixed(400, random)), kept(mixed(900, random))).log_p)
        for _ in range(150)
    ]
    assert stats.kstest(p, "uniform").pvalue > 1e-4


def test_serial_correlation_is_found():
    """An event that knows a tenth of the one before; every distribution stays as it is."""
    random = np.random.default_rng(6)
    rows = mixed(5000, random)
    walk = random.standard_normal(5000)
    for i in range(1, 5000):
        walk[i] = 0.1 * walk[i - 1] + np.sqrt(1 - 0.01) * walk[i]
    rows[:, 1] = walk
    found = compare_serial(kept(rows), kept(mixed(5000, random)))
    assert found.log_p < np.log(1e-4)
    assert found.difference == pytest.approx(0.1, abs=5 * found.error)


def test_serial_correlation_needs_consecutive_events():
    random = np.random.default_rng(7)
    few = Reservoir(100, 1)
    few.add(mixed(5000, random), np.ones(5000), 0)
    assert compare_serial(few, kept(mixed(500, random))) is None
