# SPDX-License-Identifier: GPL-3.0-or-later
"""Jet substructure against closed forms on constructed jets and against naive clustering."""

from types import SimpleNamespace

import numpy as np
import pytest

from mcsurrogate.analysis.jets import JetAlgorithm, JetCollection, JetDefinition
from mcsurrogate.analysis.substructure import JetSubstructure
from mcsurrogate.events.chunk import Particles
from mcsurrogate.validation.observables import get

RADIUS = 0.8
WIDE = JetDefinition(JetAlgorithm.ANTI_KT, RADIUS, 1.0, 6.0)


def massless(jets, pid=211):
    """Particles from (pT, y, phi) of every jet, one jet an event."""
    rows = np.array([row for jet in jets for row in jet], dtype=np.float64).reshape(-1, 3)
    pt, y, phi = rows.T
    event = np.repeat(np.arange(len(jets)), [len(jet) for jet in jets])
    pids = np.full(len(rows), pid, dtype=np.int32)
    return Particles(
        pt * np.cos(phi),
        pt * np.sin(phi),
        pt * np.sinh(y),
        pt * np.cosh(y),
        event,
        len(jets),
        pids,
    )


def substructure(jets, **options):
    return JetSubstructure(JetCollection(massless(jets), WIDE), 1, **options)


@pytest.fixture(scope="module")
def random_jets():
    """30 jets of 3 to 12 massless particles inside a circle that is one jet for anti-kt."""
    random = np.random.default_rng(5)
    jets = []
    for _ in range(30):
        n = int(random.integers(3, 13))
        angle, distance = random.uniform(0, 2 * np.pi, n), 0.3 * random.uniform(0, 1, n)
        pt = random.exponential(20.0, n) + 0.5
        y0, phi0 = random.uniform(-1, 1), random.uniform(-2, 2)
        y, phi = y0 + distance * np.cos(angle), phi0 + distance * np.sin(angle)
        jets.append(list(zip(pt, y, phi, strict=True)))
    return jets


def four_vectors(jet):
    pt, y, phi = np.array(jet).T
    return np.stack((pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(y), pt * np.cosh(y)), axis=1)


def coordinates(p):
    pt = np.hypot(p[0], p[1])
    return pt, 0.5 * np.log((p[3] + p[2]) / (p[3] - p[2])), np.arctan2(p[1], p[0])


def distance(p, q):
    (_, y1, phi1), (_, y2, phi2) = coordinates(p), coordinates(q)
    phi = (phi1 - phi2 + np.pi) % (2 * np.pi) - np.pi
    return np.hypot(y1 - y2, phi)


def cambridge_tree(vectors):
    """Naive Cambridge/Aachen clustering to one jet: nested pairs of (momentum, children)."""
    nodes = [(v, ()) for v in vectors]
    while len(nodes) > 1:
        pairs = [(i, j) for i in range(len(nodes)) for j in range(i)]
        i, j = min(pairs, key=lambda ij: distance(nodes[ij[0]][0], nodes[ij[1]][0]))
        merged = (nodes[i][0] + nodes[j][0], (nodes[i], nodes[j]))
        nodes = [n for k, n in enumerate(nodes) if k not in (i, j)] + [merged]
    return nodes[0]


def branchings(node):
    """Distance, pT of the harder and of the softer branch along the harder branch."""
    while node[1]:
        hard, soft = sorted(node[1], key=lambda n: -np.hypot(n[0][0], n[0][1]))
        pts = [np.hypot(n[0][0], n[0][1]) for n in (hard, soft)]
        yield distance(hard[0], soft[0]), pts[0], pts[1], node[0]
        node = hard


def test_constituents_make_up_their_jets():
    """Two jets each in three events, and an event without any."""
    random = np.random.default_rng(1)
    events = []
    for n in (20, 40, 0, 30):
        event = np.array(
            [
                random.exponential(8.0, n),
                random.normal(0, 0.15, n) + random.choice([-1.0, 1.0], n),
                random.normal(0, 0.15, n) + random.choice([0.0, 2.5], n),
            ]
        ).T
        events.append(list(map(tuple, event)))
    collection = JetCollection(massless(events), JetDefinition(min_pt=5.0))
    jets, parts = collection.constituents(2)
    assert (jets.rank < 2).all()
    assert np.array_equal(jets.counts, [2, 2, 0, 2])
    total = parts.total()
    for name in ("px", "py", "pz", "energy"):
        assert np.allclose(getattr(total, name), getattr(jets, name), rtol=0, atol=1e-9)
    leading = collection.jets.where(collection.jets.rank < 2)
    assert np.array_equal(leading.pt, jets.pt)


def test_two_prongs():
    """pT 60 and 40 at distance 0.3: girth, dispersion, charge, tau and z_g in closed form."""
    d = 0.3
    found = substructure([[(60.0, 0.0, 0.0), (40.0, 0.0, d)]])
    jet = found.jets
    to_jet = np.array([jet.phi[0], d - jet.phi[0]])
    assert found.width == pytest.approx([(60 * to_jet[0] + 40 * to_jet[1]) / 100], rel=1e-12)
    assert found.dispersion == pytest.approx([np.sqrt(60**2 + 40**2) / 100], rel=1e-12)
    shares = np.sqrt(np.array([60.0, 40.0]) / jet.pt[0])
    assert found.charge == pytest.approx([shares.sum()], rel=1e-12)
    assert found.subjettiness[0, 1:] == pytest.approx([0.0, 0.0], abs=1e-12)
    # the best single axis lies on the harder prong; any between the prongs is an upper limit
    assert 40 * d / (100 * RADIUS) - 1e-9 <= found.subjettiness[0, 0] <= 60 * d / (100 * RADIUS)
    assert found.momentum_sharing == pytest.approx([0.4], rel=1e-12)
    assert found.groomed_radius == pytest.approx([d], rel=1e-10)
    assert found.lund.delta == pytest.approx([d], rel=1e-10)
    assert found.lund.kt == pytest.approx([40 * d], rel=1e-10)
    assert np.isnan(found.correlator_ratio("d2")).all()
    # m^2 = 2 pT1 pT2 (cosh dy - cos dphi)
    assert found.groomed_mass == pytest.approx([np.sqrt(2 * 60 * 40 * (1 - np.cos(d)))], rel=1e-9)


def test_equal_prongs():
    """Every axis between two equal prongs gives the same tau_1 = d / 2R."""
    d = 0.4
    found = substructure([[(50.0, 0.0, 0.0), (50.0, 0.0, d)]])
    assert found.subjettiness[0, 0] == pytest.approx(d / (2 * RADIUS), rel=1e-9)
    assert found.subjettiness_ratio(2) == pytest.approx([0.0], abs=1e-12)
    assert np.isnan(found.subjettiness_ratio(3)).all()


def test_three_prongs():
    """Three equal prongs: tau_3 = 0, tau_2 from one pair, C2 and D2 in closed form."""
    d = 0.2
    corners = [(0.0, 0.0), (d, 0.0), (0.5 * d, 0.5 * np.sqrt(3) * d)]
    found = substructure([[(30.0, *corner) for corner in corners]])
    assert found.subjettiness[0, 2] == pytest.approx(0.0, abs=1e-12)
    assert found.subjettiness[0, 1] == pytest.approx(d / (3 * RADIUS), rel=1e-6)
    assert found.subjettiness_ratio(3) == pytest.approx([0.0], abs=1e-12)
    # e2 = 3 d / 9, e3 = d^3 / 27 for equal shares of 1/3
    e2, e3 = d / 3, d**3 / 27
    assert found.correlator_ratio("c2") == pytest.approx([e3 / e2**2], rel=1e-9)
    assert found.correlator_ratio("d2") == pytest.approx([e3 / e2**3], rel=1e-9)


def test_correlators_are_their_sums(random_jets):
    """Energy correlation functions summed over all pairs and triplets, to 1e-10."""
    found = substructure(random_jets)
    assert len(found) == len(random_jets)
    for name, power in (("c2", 2), ("d2", 3)):
        expected = []
        for jet in random_jets:
            vectors = four_vectors(jet)
            pt = np.array(jet)[:, 0] / np.array(jet)[:, 0].sum()
            r = np.array([[distance(p, q) for q in vectors] for p in vectors])
            n = len(pt)
            e2 = sum(pt[i] * pt[j] * r[i, j] for i in range(n) for j in range(i))
            e3 = sum(
                pt[i] * pt[j] * pt[k] * r[i, j] * r[j, k] * r[i, k]
                for i in range(n)
                for j in range(i)
                for k in range(j)
            )
            expected.append(e3 / e2**power)
        assert np.allclose(found.correlator_ratio(name), expected, rtol=1e-10), name


@pytest.mark.parametrize(("beta", "cut"), [(0.0, 0.1), (1.0, 0.2)])
def test_soft_drop_is_the_naive_one(random_jets, beta, cut):
    found = substructure(random_jets, beta=beta, symmetry_cut=cut)
    for i, jet in enumerate(random_jets):
        for delta, hard, soft, momentum in branchings(cambridge_tree(four_vectors(jet))):
            z = soft / (hard + soft)
            if z > cut * (delta / RADIUS) ** beta:
                mass = np.sqrt(max(momentum[3] ** 2 - (momentum[:3] ** 2).sum(), 0.0))
                assert found.momentum_sharing[i] == pytest.approx(z, rel=1e-10)
                assert found.groomed_radius[i] == pytest.approx(delta, rel=1e-10)
                assert found.groomed_mass[i] == pytest.approx(mass, rel=1e-6)
                break
        else:
            assert np.isnan(found.momentum_sharing[i])


def test_lund_plane_is_the_naive_one(random_jets):
    plane = substructure(random_jets).lund
    for i, jet in enumerate(random_jets):
        expected = list(branchings(cambridge_tree(four_vectors(jet))))
        mine = plane.jet == i
        assert mine.sum() == len(expected)
        order = np.argsort(plane.kt[mine])
        kt = np.array([soft * delta for delta, _, soft, _ in expected])
        assert np.allclose(plane.kt[mine][order], np.sort(kt), rtol=1e-10)
        delta = np.array([b[0] for b in expected])[np.argsort(kt)]
        assert np.allclose(plane.delta[mine][order], delta, rtol=1e-10)


def test_cells_of_the_lund_plane():
    """Against numpy's two-dimensional histogram; edges are not met by random numbers."""
    random = np.random.default_rng(11)
    delta, kt = 10 ** random.uniform(-3, 0.3, 4000), 10 ** random.uniform(-2, 3, 4000)
    expected, _, _ = np.histogram2d(
        np.log(kt), -np.log(delta), (np.linspace(-3, 4, 8), np.linspace(0, 5, 11))
    )
    plane = get("lund_plane")
    inside = SimpleNamespace(
        lund=SimpleNamespace(delta=delta, kt=kt, jet=np.zeros(4000, dtype=np.int64)),
        jets=SimpleNamespace(event=np.zeros(1, dtype=np.int64)),
    )
    cells = plane.compute(SimpleNamespace(leading_jets=inside)).values
    found, _ = np.histogram(cells, plane.edges)
    assert np.array_equal(found, expected.ravel())
    assert len(plane.categories) == len(found) == 70
    assert (cells[cells < 0] == -1.0).all()


def test_fragmentation():
    """z sums to one along the jet; neutral particles have no entry."""
    jets = [[(60.0, 0.1, 0.0), (40.0, 0.0, 0.2), (5.0, 0.3, 0.1)]]
    found = substructure(jets)
    assert found.charged_fraction.sum() == pytest.approx(1.0, rel=1e-12)
    momentum = four_vectors(jets[0])[:, :3]
    axis = momentum.sum(axis=0) / np.linalg.norm(momentum.sum(axis=0))
    across = np.linalg.norm(np.cross(momentum, axis), axis=1)
    assert np.sort(found.charged_kt) == pytest.approx(np.sort(across), rel=1e-9)
    neutral = JetSubstructure(JetCollection(massless(jets, pid=22), WIDE), 1)
    assert np.isnan(neutral.charged_fraction).all()
    assert neutral.charge == pytest.approx([0.0])


def test_jets_of_one_particle_and_events_without():
    found = substructure([[(50.0, 0.0, 0.0)], []])
    assert len(found) == 1
    assert found.width == pytest.approx([0.0], abs=1e-12)
    assert np.isnan(found.momentum_sharing).all()
    assert np.isnan(found.subjettiness_ratio(2)).all()
    assert len(found.lund.kt) == 0
    empty = substructure([[], []])
    for values in (empty.momentum_sharing, empty.correlator_ratio("c2"), empty.width):
        assert len(values) == 0
    assert empty.subjettiness.shape == (0, 3)


@pytest.mark.parametrize(
    ("algorithm", "power"),
    [(JetAlgorithm.ANTI_KT, -1), (JetAlgorithm.CAMBRIDGE_AACHEN, 0), (JetAlgorithm.KT, 1)],
)
def test_kt_scales_and_jets_are_naive_ones(algorithm, power):
    """Jets and, for kt, merging scales of small events against a naive clustering."""
    random = np.random.default_rng(8)
    events = [
        [(random.exponential(20.0) + 1.0, random.normal(), random.uniform(-3, 3)) for _ in range(n)]
        for n in (2, 5, 9, 12)
    ]
    definition = JetDefinition(algorithm, 0.6, 0.0, 50.0)
    collection = JetCollection(massless(events), definition)
    scales = collection.merging_scales((0, 1, 2, 3)) if algorithm is JetAlgorithm.KT else None
    for number, event in enumerate(events):
        nodes, jets, mergings = list(four_vectors(event)), [], []
        while nodes:
            best, pair = np.inf, None
            for i, p in enumerate(nodes):
                pt = np.hypot(p[0], p[1])
                beam = pt ** (2 * power)
                if beam < best:
                    best, pair = beam, (i, None)
                for j in range(i):
                    other = np.hypot(nodes[j][0], nodes[j][1])
                    d = min(beam, other ** (2 * power)) * (distance(p, nodes[j]) / 0.6) ** 2
                    if d < best:
                        best, pair = d, (i, j)
            i, j = pair
            mergings.append(best)
            merged = nodes[i] + nodes[j] if j is not None else None
            if j is None:
                jets.append(nodes[i])
            nodes = [n for k, n in enumerate(nodes) if k not in pair]
            if merged is not None:
                nodes.append(merged)
        own = collection.jets.where(collection.jets.event == number)
        pt = np.sort([np.hypot(p[0], p[1]) for p in jets])[::-1]
        assert np.allclose(own.pt, pt, rtol=1e-10)
        if scales is not None:
            # d_{n, n+1} is the scale of the step from n + 1 to n, the n-th from the end
            for n in range(4):
                if len(event) > n:
                    assert scales[number, n] == pytest.approx(mergings[-(n + 1)], rel=1e-9)
                else:
                    assert np.isnan(scales[number, n])
