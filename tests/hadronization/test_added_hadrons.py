# SPDX-License-Identifier: GPL-3.0-or-later
"""Hadrons beyond the matched data: rates at the start, conservation, what is refused."""

import math

import numpy as np
import pytest
import torch

from mcsurrogate.errors import HadronizationError, PythiaError
from mcsurrogate.generators.weights_file import weights_path, write_weights
from mcsurrogate.hadronization import decay_clusters
from mcsurrogate.hadronization.clusters.added_hadrons import with_added_hadrons
from mcsurrogate.hadronization.clusters.networks import momentum
from mcsurrogate.hadronization.clusters.stored_networks import read_cluster_networks
from mcsurrogate.hadronization.fit_cards import AddedHadron
from mcsurrogate.hadronization.fitting.decay_products import low_masses
from mcsurrogate.hadronization.fitting.measured import SHIPPED_TABLE, MeasuredMultiplicities

F0, A0, K2, LAMBDA_1520 = 9010221, 9000211, 315, 102134
ADDED = [
    AddedHadron(hadron=F0, like=331, rate=0.5),
    AddedHadron(hadron=A0, like=213, rate=0.1),
    AddedHadron(hadron=K2, like=313, rate=0.2),
    AddedHadron(hadron=LAMBDA_1520, like=3122, rate=2.0),
]


@pytest.fixture(scope="module")
def masses():
    return low_masses([added.hadron for added in ADDED], 0.02, seed=1)


@pytest.fixture(scope="module")
def before():
    return read_cluster_networks(weights_path("clusters_monash"))


@torch.no_grad()
def test_an_added_hadron_has_its_rate_relative_to_the_other_up_to_phase_space(before, masses):
    after = with_added_hadrons(before, ADDED, masses)
    ends, mass = torch.tensor([0, 1]), torch.tensor([4.0])  # d dbar and u dbar-like pairs
    vertices = after.tables.vertices[:, 2]
    for added in ADDED[:3]:
        first = ends[1:] if added.hadron == A0 else ends[:1]
        first, second = (first, ends[:1]) if added.hadron != K2 else (ends[:1] + 2, ends[:1])
        logs = after.pair_log_probability(first, second, mass)[0]
        pairs = after.tables.pairs[int(first), int(second)]
        codes = np.where(pairs >= 0, np.abs(vertices[pairs]), 0)
        # Beside the same other hadron at the same popped flavour, rates differ by one factor.
        sides = [s for s in (0, 1) if (codes[:, s] == added.hadron).any()]
        assert sides
        for side in sides:
            row = int(np.flatnonzero(codes[:, side] == added.hadron)[0])
            end, popped, code = after.tables.vertices[pairs[row, side]]
            (twin,) = np.flatnonzero(
                (after.tables.vertices == [end, popped, math.copysign(added.like, code)]).all(1)
            )
            wanted = pairs[row].copy()
            wanted[side] = twin
            (other,) = np.flatnonzero((pairs == wanted).all(1))
            m = torch.from_numpy(after.tables.hadron_mass[pairs[[row, other]]]).float()
            p = momentum(mass, m[:, 0], m[:, 1])
            expected = math.log(added.rate) + 2 * float(after.exponent * torch.log(p[0] / p[1]))
            assert float(logs[row] - logs[other]) == pytest.approx(expected, abs=1e-4)
    # What was there before keeps its relative rates.
    kept = len(before.tables.vertices)
    assert (after.tables.vertices[:kept] == before.tables.vertices).all()
    torch.testing.assert_close(after.peel.last.bias[:kept], before.peel.last.bias)


def test_the_plugin_makes_added_hadrons_and_conserves_flavour(before, masses, tmp_path):
    after = with_added_hadrons(before, ADDED, masses)
    path = tmp_path / "more.safetensors"
    write_weights(
        path, model="clusters", tensors=after.tensors(), metadata=after.metadata(), card={}
    )
    ends = np.array([[1, -2], [3, -1], [2, 2101], [-2, 3]])[np.arange(8000) % 4]
    ends[ends[:, 1] == 2101] = [2101, 2]
    sample = decay_clusters(path, ends, np.full(8000, 4.5), seed=3)
    assert {F0, A0, K2, LAMBDA_1520} <= set(np.abs(sample.hadron_id).tolist())
    total = np.add.reduceat(sample.momenta, sample.offsets[:-1])
    np.testing.assert_allclose(total[:, 0], 4.5, atol=1e-9)
    np.testing.assert_allclose(total[:, 1:], 0.0, atol=1e-9)
    assert not (np.isin(np.abs(decay_clusters("clusters_monash", ends[:500], np.full(500, 4.5),
                                              seed=3).hadron_id), [F0, A0, K2])).any()  # fmt: skip


@pytest.mark.parametrize(
    ("hadron", "like", "message"),
    [
        (331, 221, "331 cannot be added: clusters decay into it already"),
        (F0, 555, "clusters do not decay into that"),
        (F0, 213, "its flavours are others"),
        (K2, 323, "its flavours are others"),
    ],
)
def test_hadrons_that_cannot_be_added_are_refused(before, masses, hadron, like, message):
    with pytest.raises(HadronizationError, match=message):
        with_added_hadrons(before, [AddedHadron(hadron=hadron, like=like, rate=1.0)], masses)


def test_masses_lie_low_in_the_resonance_and_unknown_hadrons_are_refused(masses):
    assert 0.8 < masses[F0] < 0.98
    assert masses[LAMBDA_1520] == pytest.approx(1.49, abs=0.02)
    assert masses == low_masses(list(masses), 0.02, seed=1)
    with pytest.raises(PythiaError, match="does not know a hadron 3124"):
        low_masses([3124], 0.02, seed=1)


def test_the_table_of_multiplicities_names_hadrons_as_pythia_does():
    measured = MeasuredMultiplicities.read(SHIPPED_TABLE)
    assert measured.codes[measured.names.index("Lambda(1520)")] == LAMBDA_1520
