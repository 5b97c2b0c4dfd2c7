# SPDX-License-Identifier: GPL-3.0-or-later
"""Cuts: masks against loops over events, bounds against accepted events, jets against FastJet."""

import math

import numpy as np
import pytest
import torch
import vector

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import invariant_mass_squared, transverse_momentum
from mcsurrogate.phase_space import (
    Cut,
    Cuts,
    HadronicPhaseSpace,
    Isolation,
    JetCuts,
    Topology,
    build_mapping,
)

PROCESS = (21, 21, 6, -6, 21, 1, -11, 12)  # g g > t t~ g d e+ nu_e
MASSES = (173.0, 173.0, 0.0, 0.0, 0.0, 0.0)


@pytest.fixture(scope="module")
def momenta():
    mapping = HadronicPhaseSpace(13000.0, MASSES)
    generator = torch.Generator().manual_seed(4)
    return mapping.forward(torch.rand(600, mapping.dim, generator=generator).double()).momenta


def _events(momenta):
    for event in momenta.numpy():
        yield [vector.obj(E=e, px=x, py=y, pz=z) for e, x, y, z in event]


def _by_pt(event, legs):
    return sorted((event[leg] for leg in legs), key=lambda p: -p.pt)


def _pts(event, legs=(4, 5)):
    return [p.pt for p in _by_pt(event, legs)]


@pytest.mark.parametrize(
    ("cut", "passes"),
    [
        (Cut("pt", ("jets",), minimum=300.0), lambda p: min(p[4].pt, p[5].pt) >= 300),
        (
            Cut("eta", ("jets", "leptons"), maximum=2.0),
            lambda p: max(abs(p[i].eta) for i in (4, 5, 6)) <= 2,
        ),
        (
            Cut("rapidity", (6, -6), maximum=1.5),
            lambda p: max(abs(p[i].rapidity) for i in (2, 3)) <= 1.5,
        ),
        (Cut("energy", ("neutrinos",), minimum=200.0), lambda p: p[7].E >= 200),
        (Cut("delta_r", ("jets",), minimum=1.5), lambda p: p[4].deltaR(p[5]) >= 1.5),
        (
            Cut("delta_r", ("jets",), ("leptons",), minimum=1.0),
            lambda p: min(p[4].deltaR(p[6]), p[5].deltaR(p[6])) >= 1.0,
        ),
        (
            Cut("mass", ("leptons",), ("neutrinos",), minimum=300.0, maximum=2000.0),
            lambda p: 300 <= (p[6] + p[7]).mass <= 2000,
        ),
        (Cut("mass", (6,), (-6,), minimum=1000.0), lambda p: (p[2] + p[3]).mass >= 1000),
        (
            Cut("system_mass", (6, -6, 21), maximum=2000.0),
            lambda p: (p[2] + p[3] + p[4]).mass <= 2000,
        ),
        (Cut("system_pt", (-11, 12), minimum=400.0), lambda p: (p[6] + p[7]).pt >= 400),
        (
            Cut("system_rapidity", (6, -6), maximum=1.0),
            lambda p: abs((p[2] + p[3]).rapidity) <= 1,
        ),
        (Cut("sum_pt", ("jets",), minimum=800.0), lambda p: p[4].pt + p[5].pt >= 800),
        (
            Cut("sum_mt", (6, -6), minimum=1000.0),
            lambda p: sum(math.sqrt(p[i].mass2 + p[i].pt2) for i in (2, 3)) >= 1000,
        ),
        (
            Cut("delta_eta", ("jets",), minimum=1.0),
            lambda p: abs(p[4].eta - p[5].eta) >= 1,
        ),
        (
            Cut("delta_rapidity", (6,), (-6,), maximum=1.0),
            lambda p: abs(p[2].rapidity - p[3].rapidity) <= 1,
        ),
        (
            Cut("delta_phi", ("leptons",), ("neutrinos",), maximum=2.0),
            lambda p: abs(p[6].deltaphi(p[7])) <= 2,
        ),
        (Cut("pt", ("jets",), minimum=500.0, ranks=(1,)), lambda p: _pts(p)[0] >= 500),
        (Cut("pt", ("jets",), maximum=300.0, ranks=(2,)), lambda p: _pts(p)[1] <= 300),
        (
            Cut("sum_pt", ("jets", 6, -6), minimum=900.0, ranks=(1, 3)),
            lambda p: _pts(p, (2, 3, 4, 5))[0] + _pts(p, (2, 3, 4, 5))[2] >= 900,
        ),
        (
            Cut("mass", ("jets", "leptons"), minimum=500.0, ranks=(1, 2)),
            lambda p: (lambda q: (q[0] + q[1]).mass >= 500)(_by_pt(p, (4, 5, 6))),
        ),
    ],
)
def test_masks(momenta, cut, passes):
    mask = Cuts(PROCESS, [cut], masses=MASSES)(momenta)
    expected = [passes(event) for event in _events(momenta)]
    assert mask.tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_all_cuts_together_and_absent_particles(momenta):
    first, second = Cut("pt", ("jets",), minimum=100.0), Cut("eta", ("leptons",), maximum=2.0)
    both = Cuts(PROCESS, [first, second], masses=MASSES)(momenta)
    separate = [Cuts(PROCESS, [cut], masses=MASSES)(momenta) for cut in (first, second)]
    assert torch.equal(both, separate[0] & separate[1])
    assert Cuts(PROCESS, [Cut("pt", ("photons",), minimum=50.0)], masses=MASSES)(momenta).all()
    assert Cuts(PROCESS, masses=MASSES)(momenta).all()


def test_pairs_of_the_same_flavour_and_opposite_sign(momenta):
    """e+ e+ e- mu- mu+ nu: of nine pairs of leptons e- with either e+, and mu- with mu+."""
    ids = (21, 21, -11, -11, 11, 13, -13, 12)
    cut = Cut("mass", ("leptons",), minimum=300.0, same_flavour=True)
    mask = Cuts(ids, [cut])(momenta)
    pairs = ((2, 4), (3, 4), (5, 6))
    expected = [min((p[a] + p[b]).mass for a, b in pairs) >= 300 for p in _events(momenta)]
    assert mask.tolist() == expected
    assert 0 < sum(expected) < len(expected)


def test_legs_that_are_passed_over_and_places_that_are_not_there(momenta):
    free = Cut("pt", ("jets",), minimum=300.0, passed_over=frozenset({4}))
    mask = Cuts(PROCESS, [free])(momenta)
    assert mask.tolist() == [p[5].pt >= 300 for p in _events(momenta)]
    assert Cuts(PROCESS, [Cut("pt", ("jets",), minimum=1e4, ranks=(3,))])(momenta).all()


def _is_isolated(photon, partons, r0, epsilon, n):
    """Frixione's criterion in a thousand cones (hep-ph/9801442, eq. 3.4)."""
    found = [(photon.deltaR(p), p.pt) for p in partons]
    for step in range(1, 1001):
        cone = r0 * step / 1000
        inside = sum(pt for distance, pt in found if distance <= cone)
        if inside > epsilon * photon.pt * ((1 - math.cos(cone)) / (1 - math.cos(r0))) ** n:
            return False
    return True


@pytest.mark.parametrize(("epsilon", "exponent"), [(1.0, 1.0), (0.3, 2.0)])
def test_isolated_photons(momenta, epsilon, exponent):
    ids = (21, 21, 22, 22, 1, 21, 5, 11)
    isolation = Isolation(1.5, epsilon, exponent)
    mask = Cuts(ids, isolation=isolation)(momenta)
    expected = [
        all(_is_isolated(p[i], p[4:7], 1.5, epsilon, exponent) for i in (2, 3))
        for p in _events(momenta[:60])
    ]
    # a thousand cones miss what lies between them: none of these events does
    assert mask[:60].tolist() == expected
    assert 5 < sum(expected) < 55
    with pytest.raises(PhaseSpaceError, match="must be positive"):
        Isolation(epsilon=0.0)


def test_isolation_leaves_soft_gluons_and_no_collinear_quarks():
    photon = torch.tensor([50.0, 50.0, 0.0, 0.0], dtype=torch.float64)
    angle = torch.logspace(-7, -1, 7, dtype=torch.float64)
    direction = torch.stack([angle.cos(), angle.sin(), torch.zeros_like(angle)], 1)
    for energy, passes in ((20.0, False), (1e-14, True)):
        quark = energy * torch.cat((torch.ones(7, 1, dtype=torch.float64), direction), 1)
        found = Isolation()(photon.expand(7, 1, 4), quark[:, None])
        assert found.tolist() == [passes] * 7


def test_cuts_on_jets_that_count():
    """Leading jet and distance of the two leading ones, of one to three of R = 1."""
    mapping = HadronicPhaseSpace(2000.0, (0.0,) * 4, s_min=300.0**2)
    generator = torch.Generator().manual_seed(9)
    p = mapping.forward(torch.rand(60, mapping.dim, generator=generator).double()).momenta
    ids = (21, 21, 21, 21, 21, 21)

    def passes(jets):
        pt = transverse_momentum(jets)
        assert (pt[:, :-1] >= pt[:, 1:]).all()
        return pt[:, 0] > 150

    mask = Cuts(ids, jets=JetCuts(1, 1.0, 40.0, 2.5, passes=passes))(p)
    expected = [
        max([q.pt for q in _anti_kt(event[2:], 1.0) if q.pt > 40 and abs(q.eta) < 2.5] or [0]) > 150
        for event in _events(p)
    ]
    assert mask.tolist() == expected
    assert 5 < sum(expected) < 55


def _anti_kt(particles, radius):
    """Anti-kt as its paper has it (arXiv:0802.1189, eqs. 1 and 2), E scheme."""
    left, jets = list(particles), []
    while left:
        pairs = [
            (min(a.pt2**-1, b.pt2**-1) * a.deltaRapidityPhi(b) ** 2 / radius**2, i, j)
            for i, a in enumerate(left)
            for j, b in enumerate(left[:i])
        ]
        alone = [(a.pt2**-1, i, -1) for i, a in enumerate(left)]
        _, i, j = min(pairs + alone)
        if j < 0:
            jets.append(left.pop(i))
        else:
            merged = left[i] + left[j]
            left = [p for k, p in enumerate(left) if k not in (i, j)] + [merged]
    return jets


def test_jets_against_pairwise_distance():
    """With two partons anti-kt merges them exactly if they are closer than R."""
    mapping = HadronicPhaseSpace(2000.0, (0.0, 0.0, 80.0), s_min=300.0**2)
    generator = torch.Generator().manual_seed(9)
    p = mapping.forward(torch.rand(3000, mapping.dim, generator=generator).double()).momenta
    pdg = (21, 2, 21, 2, 23)
    jets = JetCuts(2, radius=1.0, pt_min=60.0, eta_max=2.5)
    mask = Cuts(pdg, masses=(0.0, 0.0, 80.0), jets=jets)(p)
    expected = []
    for event in _events(p):
        a, b = event[2], event[3]
        apart = a.deltaRapidityPhi(b) > 1.0
        expected.append(apart and min(a.pt, b.pt) > 60 and max(abs(a.eta), abs(b.eta)) < 2.5)
    assert mask.tolist() == expected
    assert 100 < sum(expected) < 2900
    one = Cuts(pdg, masses=(0.0, 0.0, 80.0), jets=JetCuts(1, 1.0, 60.0, 2.5))(p)
    assert one.sum() > mask.sum()
    assert (one | ~mask).all()


def test_jets_impossible_requests(momenta):
    with pytest.raises(PhaseSpaceError, match="3 jets asked of a final state with 2 partons"):
        Cuts(PROCESS, masses=MASSES, jets=JetCuts(3))(momenta)
    for arguments in ((0,), (1, -0.4), (1, 0.4, -5.0), (1, 0.4, 20.0, 0.0)):
        with pytest.raises(PhaseSpaceError, match="jet cuts"):
            JetCuts(*arguments)


@pytest.mark.parametrize(
    ("observable", "options", "reason"),
    [
        ("ptt", {}, "unknown observable"),
        ("pt", {"minimum": 5.0, "maximum": 4.0}, "nothing passes"),
        ("eta", {"maximum": -1.0}, "nothing passes"),
        ("pt", {"minimum": math.nan}, "no number"),
        ("pt", {"others": ("jets",)}, "one group"),
        ("pt", {"same_flavour": True}, "not pairs"),
        ("mass", {"ranks": (1, 2), "others": ("b",)}, "neither with others"),
        ("pt", {"ranks": (0,)}, "different numbers from 1"),
        ("pt", {"ranks": (1, 1)}, "different numbers from 1"),
    ],
)
def test_impossible_cuts(observable, options, reason):
    with pytest.raises(PhaseSpaceError, match=reason):
        Cut(observable, ("jets",), **options)


def test_unknown_particles():
    with pytest.raises(PhaseSpaceError, match="unknown particles 'jet'"):
        Cut("pt", ("jet",), minimum=1.0)
    with pytest.raises(PhaseSpaceError, match="names no particles"):
        Cut("pt", (), minimum=1.0)
    with pytest.raises(PhaseSpaceError, match="masses for"):
        Cuts((21, 21, 1, -1), masses=(1.0,))


# g g > g g t t~ with cuts on everything that bounds know about.
BOUNDED = (21, 21, 21, 21, 6, -6)
BOUND_MASSES = (0.0, 0.0, 173.0, 173.0)
BOUND_CUTS = Cuts(
    BOUNDED,
    [
        Cut("pt", ("jets",), minimum=60.0),
        Cut("delta_r", ("jets",), minimum=0.7),
        Cut("mass", (6,), (-6,), minimum=600.0),
        Cut("pt", (6,), minimum=100.0),
    ],
    masses=BOUND_MASSES,
)


def test_bounds_hold_for_every_accepted_event():
    mapping = HadronicPhaseSpace(4000.0, BOUND_MASSES, hadronic=False)
    generator = torch.Generator().manual_seed(2)
    p = mapping.forward(torch.rand(300_000, mapping.dim, generator=generator).double()).momenta
    p = p[BOUND_CUTS(p)]
    assert len(p) > 1000
    for legs in ((2, 3), (4, 5), (2, 4), (2, 3, 4), (2, 4, 5), (2, 3, 4, 5)):
        least = BOUND_CUTS.least_mass(frozenset(legs))
        masses = invariant_mass_squared(*(p[:, leg] for leg in legs)).sqrt()
        assert float(masses.min()) >= least * (1 - 1e-12)
    for leg in (2, 3, 4, 5):
        least = BOUND_CUTS.least_transverse_momentum(leg)
        assert float(transverse_momentum(p[:, leg]).min()) >= least
    assert BOUND_CUTS.least_mass(frozenset((4, 5))) == pytest.approx(600.0)
    pair = math.sqrt(2 * 60 * 60 * (1 - math.cos(0.7)))
    assert BOUND_CUTS.least_mass(frozenset((2, 3))) == pytest.approx(pair)


@pytest.mark.parametrize(
    "lines",
    [
        [((0, 2), 0, 0), ((0, 2, 4), 173.0, 0), ((0, 2, 4, 5), 0, 0)],
        [((2, 3), 0, 0), ((4, 5), 0, 0), ((0, 2, 3), 0, 0)],
        [((2, 3), 0, 0), ((2, 3, 4), 173.0, 0)],
        [],
    ],
)
def test_bounds_lose_nothing(lines):
    """Cross section inside the cuts with and without bounds (4.5 sigma), and less waste."""
    topology = Topology.from_lines(6, lines)
    results, passed = [], []
    for bounds in (None, BOUND_CUTS):
        mapping = build_mapping(topology, BOUND_MASSES, 4000.0, cuts=bounds, hadronic=False)
        generator = torch.Generator().manual_seed(31)
        n = 40_000
        u = torch.rand(n, mapping.dim, generator=generator, dtype=torch.float64)
        point = mapping.forward(u)
        mask = BOUND_CUTS(point.momenta)
        weight = point.jacobian * mask
        results.append((float(weight.mean()), float(weight.std()) / math.sqrt(n)))
        passed.append(int(mask.sum()))
        back, _ = mapping.inverse(point.momenta[mask], point.x1[mask], point.x2[mask])
        difference = (back - u[mask]).abs()
        difference = torch.where(
            torch.tensor(mapping.periodic), torch.minimum(difference, 1 - difference), difference
        )
        assert float(difference.max()) < 1e-9
    (a, error_a), (b, error_b) = results
    assert abs(a - b) < 4.5 * math.hypot(error_a, error_b)
    assert passed[1] >= passed[0] or not lines


@pytest.mark.parametrize(
    ("cut", "least"),
    [
        (Cut("sum_pt", ("jets",), minimum=300.0), 300 + 2 * 173),
        (Cut("sum_pt", ("jets", 6), minimum=400.0), math.hypot(400, 173) + 173),
        (Cut("sum_mt", (6, -6), minimum=500.0), 500),
        (Cut("pt", ("jets",), minimum=250.0, ranks=(1,)), 500),
    ],
)
def test_bounds_of_sums_and_of_the_leading_particle(cut, least):
    """Right, and reached by no accepted event."""
    cuts = Cuts(BOUNDED, [cut], masses=BOUND_MASSES)
    assert cuts.least_mass(frozenset((2, 3, 4, 5))) == pytest.approx(least)
    assert cuts.least_transverse_momentum(2) == 0
    mapping = HadronicPhaseSpace(4000.0, BOUND_MASSES, s_min=400.0**2)
    generator = torch.Generator().manual_seed(2)
    p = mapping.forward(torch.rand(20_000, mapping.dim, generator=generator).double()).momenta
    p = p[cuts(p)]
    assert len(p) > 500
    assert float(invariant_mass_squared(p[:, 0], p[:, 1]).sqrt().min()) > least


def test_least_energy_and_acceptance():
    cuts = Cuts((21, 21, 21, 21), [Cut("pt", ("jets",), minimum=50.0)])
    mapping = build_mapping(
        Topology.from_lines(4, [((0, 2), 0, 0)]), (0.0, 0.0), 13000.0, cuts=cuts
    )
    assert math.sqrt(mapping.luminosity.s_min) == pytest.approx(100.0)
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(2000, mapping.dim, dtype=torch.float64, generator=generator)
    assert 0.05 < cuts(mapping.forward(u).momenta).double().mean() <= 1
    impossible = Cuts(
        (21, 21, 21, 21),
        [Cut("pt", ("jets",), minimum=50.0), Cut("system_mass", ("jets",), maximum=90.0)],
    )
    assert not impossible(mapping.forward(u).momenta).any()
    with pytest.raises(PhaseSpaceError, match="not enough"):
        build_mapping(
            Topology(4),
            (0.0, 0.0),
            900.0,
            cuts=Cuts((21, 21, 21, 21), [Cut("pt", ("jets",), minimum=500.0)]),
        )


def test_mask_is_boolean_and_without_gradient(momenta):
    p = momenta.clone().requires_grad_()
    mask = Cuts(PROCESS, [Cut("pt", ("jets",), minimum=100.0)], masses=MASSES)(p)
    assert mask.dtype == torch.bool
    assert not mask.requires_grad
    assert np.asarray(mask).shape == (len(momenta),)
