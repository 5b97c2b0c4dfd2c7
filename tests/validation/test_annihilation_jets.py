# SPDX-License-Identifier: GPL-3.0-or-later
"""Jets of e+ e- annihilation against Pythia's ClusterJet, naive clustering and closed forms."""

import subprocess
import sys

import numpy as np
import pytest
import pythia8mc

from mcsurrogate.analysis import durham
from mcsurrogate.analysis.selection import Events
from mcsurrogate.events.chunk import Particles
from mcsurrogate.events.hepmc_reader import EventFile
from mcsurrogate.validation.observables import get

CUTS = (0.1, 0.03, 0.01, 0.003)


@pytest.fixture(scope="module")
def decays(z_pythia):
    """60 Z decays: visible particles, Pythia's numbers of Durham jets and its y_23."""
    # visible particles, own masses, neither preclustering nor reassignment
    cluster = pythia8mc.ClusterJet("Durham", 2, 2, False, False)
    rows, numbers, scales = [], [], []
    for number in range(60):
        assert z_pythia.next()
        event = z_pythia.event
        visible = [p for p in event if p.isFinal() and p.isVisible()]
        energy = sum(p.e() for p in visible)
        here = []
        for cut in CUTS:
            # Pythia scales its y with the visible mass: give it the energy of our y as a cut in pT
            cluster.analyze(event, 0.0, np.sqrt(cut) * energy)
            here.append(cluster.size())
        numbers.append(here)
        cluster.analyze(event, 0.0, 0.0, 2, 2)
        scales.append(cluster.distance(0) / energy**2)
        rows += [(number, p.px(), p.py(), p.pz(), p.e()) for p in visible]
    table = np.array(rows)
    columns = (np.ascontiguousarray(table[:, i]) for i in range(1, 5))
    particles = Particles(*columns, table[:, 0].astype(np.int64), 60)
    return particles, np.array(numbers), np.array(scales)


def test_jet_multiplicities_are_pythias(decays):
    """Scales need not fall from one merging to the next: the largest number of jets counts."""
    particles, theirs, _ = decays
    scales = np.nan_to_num(durham.merging_scales(particles), nan=0.0)
    for column, cut in enumerate(CUTS):
        ours = 2 + np.where(scales > cut, np.arange(1, durham.MAX_JETS), 0).max(axis=1)
        # beyond MAX_JETS + 1 the scales end
        countable = theirs[:, column] <= durham.MAX_JETS
        assert np.array_equal(ours[countable], theirs[countable, column])


def test_y23_is_pythias(decays):
    particles, _, theirs = decays
    assert np.allclose(durham.merging_scales(particles)[:, 0], theirs, rtol=0, atol=1e-10)


def test_sphere_jets_are_naive_ones(decays):
    particles, _, _ = decays
    radius = 0.7
    found = durham.sphere_jets(particles, radius, 5.0)
    for number in range(4):
        mine = particles.event == number
        nodes = list(
            np.stack([getattr(particles, n)[mine] for n in ("px", "py", "pz", "energy")], axis=1)
        )
        jets = []
        while nodes:
            p = np.array(nodes)
            unit = p[:, :3] / np.linalg.norm(p[:, :3], axis=1)[:, None]
            beam = p[:, 3] ** -2.0
            pair = np.minimum(beam[:, None], beam) * (1 - unit @ unit.T) / (1 - np.cos(radius))
            np.fill_diagonal(pair, beam)
            i, j = np.unravel_index(pair.argmin(), pair.shape)
            if i == j:
                jets.append(nodes.pop(i))
            else:
                merged = nodes[i] + nodes[j]
                nodes = [n for k, n in enumerate(nodes) if k not in (i, j)] + [merged]
        energies = np.sort([j[3] for j in jets if j[3] > 5.0])[::-1]
        own = found.where(found.event == number)
        assert np.allclose(own.energy, energies, rtol=1e-10)


@pytest.fixture(scope="module")
def events(z_files):
    chunk = next(EventFile(z_files[0]).chunks())
    return Events(chunk, np.ones(len(chunk)))


def test_rates_add_up_to_one(events):
    """At every y_cut each event has exactly one number of jets."""
    total = np.zeros(20)
    for n in range(2, durham.MAX_JETS + 1):
        observable = get(f"durham_rate_{n}")
        values = observable.values(events)
        total += np.histogram(values.values, np.asarray(observable.edges))[0]
    assert np.array_equal(total, np.full(20, len(events)))


def test_two_jet_rate_is_the_distribution_of_y23(events):
    """R_2(y) is the share of events with y_23 < y."""
    values = get("durham_rate_2").values(events).values
    y23 = np.nan_to_num(events.durham_scales).max(axis=1)
    for centre in (2.25, 4.25, 6.25):
        assert (np.abs(values - centre) < 0.1).sum() == (y23 <= np.exp(-centre)).sum()


def test_momentum_fractions_are_those_of_xi(events):
    """x_p = exp(-xi), species by species, decayed particles included."""
    for name in ("pion", "kaon", "proton", "photon", "neutral_kaon", "lambda"):
        xp = get(f"{name}_xp").values(events)
        xi = get(f"{name}_xi").values(events)
        assert np.allclose(np.sort(xp.values), np.sort(np.exp(-xi.values)), rtol=1e-12), name
    assert len(get("k_star_xp").values(events).values) > 50


def test_hemisphere_charges_of_two_particles():
    """A positive and a negative particle back to back: +1 and -1."""

    class TwoTracks:
        charged = Particles(
            np.array([0.0, 0.0]),
            np.array([0.0, 0.0]),
            np.array([3.0, -3.0]),
            np.array([3.0, 3.0]),
            np.array([0, 0]),
            1,
            np.array([211, -211], dtype=np.int32),
        )
        thrust = type("Axis", (), {"axis": np.array([[0.0, 0.0, 1.0]])})

        def __len__(self):
            return 1

    values = get("weighted_hemisphere_charge").compute(TwoTracks())
    assert values.values == pytest.approx([1.0, -1.0])
    assert np.array_equal(values.event, [0, 0])


def test_banner_of_fastjet_is_silent(tmp_path):
    program = (
        "import numpy as np\n"
        "from mcsurrogate.analysis.durham import merging_scales\n"
        "from mcsurrogate.events.chunk import Particles\n"
        "momenta = np.random.default_rng(1).normal(size=(3, 8))\n"
        "energy = np.sqrt((momenta**2).sum(0))\n"
        "merging_scales(Particles(*momenta, energy, np.zeros(8, dtype=np.int64), 1))\n"
    )
    # the folder of the sources would hide the installed package
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
