# SPDX-License-Identifier: GPL-3.0-or-later
"""Mappings along topologies: one set of properties for every channel."""

import math

import numpy as np
import pytest
import torch

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import invariant_mass_squared, mass_squared
from mcsurrogate.phase_space import Powers, Topology, TopologyMapping, build_mapping

SPECIAL = (
    "flat three",
    "flat four",
    "flat five",
    "wide resonances",
    "resonances that compete",
    "decay after exchange",
    "bosons that fuse",
    "four-point vertices",
    "three-body block",
    "system decays to three",
)


def _channels(shared, group):
    if group == "2 -> 3":
        return [(t, [shared.TOP, shared.TOP, 0.0]) for t in shared.top_pair_channels(1)]
    if group == "2 -> 4":
        return [(t, [shared.TOP, shared.TOP, 0.0, 0.0]) for t in shared.top_pair_channels(2)]
    return [shared.special_channels()[group]]


def _points(mapping, n, seed=1, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, mapping.dim, generator=generator, dtype=torch.float64).to(dtype)


def _difference(mapping, a, b):
    difference = (a - b).abs()
    periodic = torch.tensor(mapping.periodic)
    return torch.where(periodic, torch.minimum(difference, 1 - difference), difference)


@pytest.fixture(params=["2 -> 3", "2 -> 4", *SPECIAL])
def channels(request, shared):
    return _channels(shared, request.param)


def _imbalance(momenta):
    """Largest difference between incoming and outgoing momenta, in units of sqrt(s_hat)."""
    incoming = momenta[:, :2].sum(1)
    balance = (incoming - momenta[:, 2:].sum(1)).abs().amax(1)
    return float((balance / mass_squared(incoming).sqrt()).max())


def test_momentum_is_conserved_everywhere(shared):
    """Also at the edges, for systems that are light, fast, or both, inside each other.

    Every 150th cubic tree of six outgoing legs, each third line a resonance; partons of up to
    6.5 TeV and 9.4 GeV between them.
    """
    masses = [0.0, 0.0, shared.BOTTOM, 0.0, 0.0, shared.BOTTOM]
    trees = shared.cubic_trees(8)[::150]
    assert len(trees) > 60
    for number, tree in enumerate(trees):
        lines = sorted(sorted(line) for line in tree)
        kinds = [(0.0, 0.0), (80.4, 2.0), (0.0, 0.0)]
        topology = Topology.from_lines(
            8, [(line, *kinds[(number + i) % 3]) for i, line in enumerate(lines)]
        )
        mapping = TopologyMapping(topology, masses, 13000.0, reflected=number % 2 == 1)
        u = _points(mapping, 300, seed=number)
        u[100:200] = u[100:200] ** 12
        u[200:] = 1 - u[200:] ** 12
        assert _imbalance(mapping.forward(u).momenta) < 1e-12


@pytest.mark.parametrize("hadronic", [False, True])
def test_momenta_and_round_trip(channels, hadronic):
    for topology, masses in channels:
        mapping = build_mapping(
            topology, masses, 13000.0 if hadronic else 1000.0, hadronic=hadronic
        )
        u = _points(mapping, 1000)
        point = mapping.forward(u)
        momenta = point.momenta
        assert momenta.shape == (1000, topology.legs, 4)
        assert _imbalance(momenta) < 1e-12
        for leg, m in enumerate((0.0, 0.0, *masses)):
            off = (mass_squared(momenta[:, leg]) - m * m).abs() / momenta[:, leg, 0] ** 2
            assert float(off.max()) < 1e-12
        half = 0.5 * mapping.sqrt_s
        torch.testing.assert_close(momenta[:, 0, 3], half * point.x1)
        torch.testing.assert_close(momenta[:, 1, 3], -half * point.x2)
        assert (point.jacobian > 0).all()
        back, jacobian = mapping.inverse(momenta, point.x1, point.x2)
        assert float(_difference(mapping, back, u).max()) < 1e-9
        torch.testing.assert_close(jacobian, point.jacobian, rtol=1e-7, atol=0)


@pytest.mark.parametrize("hadronic", [False, True])
def test_densities_by_invariants_alone(channels, hadronic):
    """All channels look at the same events, also those that follow their chain from beam 1."""
    energy = 13000.0 if hadronic else 1000.0
    mappings = [
        TopologyMapping(topology, masses, energy, hadronic=hadronic, reflected=reflected)
        for topology, masses in channels
        for reflected in (False, True)
    ]
    point = mappings[-1].forward(_points(mappings[-1], 200, seed=3))
    event = point.momenta, point.x1, point.x2
    observed = mappings[0].observed(*event)
    for mapping in mappings:
        jacobian = mapping.jacobian(observed, *event[1:])
        torch.testing.assert_close(jacobian, mapping.inverse(*event)[1], rtol=1e-7, atol=0)


def test_volume(channels, shared):
    """Mean jacobian against the exact volume; 4.5 sigma a channel, 131 channels: 1e-3 in all."""
    n = 20_000
    volumes = {}
    for topology, masses in channels:
        mapping = build_mapping(topology, masses, 1000.0, hadronic=False)
        jacobian = mapping.forward(_points(mapping, n, seed=7)).jacobian
        key = tuple(masses)
        if key not in volumes:
            order = {3: 120, 4: 60, 5: 28}[len(masses)]
            volumes[key] = float(shared.exact_volume(1000.0, masses, order))
        error = float(jacobian.std()) / math.sqrt(n)
        assert abs(float(jacobian.mean()) - volumes[key]) < 4.5 * error


@pytest.mark.slow
@pytest.mark.parametrize("group", ["2 -> 3", "2 -> 4"])
def test_volume_of_every_channel_at_ten_million_points(shared, group):
    """Within 1e-3 and 3 sigma (of independent points) of the exact volume.

    With scrambled Sobol points, whose error is far below the one of independent points: the
    spread of the jacobian in a channel with three massless space-like lines would otherwise
    leave 1e-3 at ten million points to chance.  Channels of 2 -> 4 that differ by the order of
    the gluons have the same maps; one of each pair is tried.
    """
    chosen = {_kind(topology): (topology, masses) for topology, masses in _channels(shared, group)}
    mappings = [
        build_mapping(topology, masses, 1000.0, hadronic=False)
        for topology, masses in chosen.values()
    ]
    batch, batches = 2**17, 80
    sums = np.zeros((len(mappings), 2))
    sobol = torch.quasirandom.SobolEngine(mappings[0].dim, scramble=True, seed=11)
    for _ in range(batches):
        u = sobol.draw(batch, dtype=torch.float64)
        for row, mapping in zip(sums, mappings, strict=True):
            jacobian = mapping.forward(u).jacobian
            row += float(jacobian.sum()), float(jacobian.square().sum())
    n = batch * batches
    assert n > 10_000_000
    mean = sums[:, 0] / n
    error = np.sqrt((sums[:, 1] / n - mean**2) / n)
    exact = float(shared.exact_volume(1000.0, mappings[0].masses, 120))
    deviation = mean / exact - 1
    assert np.abs(deviation).max() < 1e-3, deviation
    assert (np.abs(mean - exact) < 3 * error).all(), (mean - exact) / error


def _kind(topology):
    """Key that channels share which differ by a permutation of the gluons."""
    keys = []
    swapped = (0, 1, 2, 3, *reversed(range(4, topology.legs)))
    for moved in (topology, topology.relabelled(swapped)):
        keys.append(
            (
                tuple(sorted((tuple(sorted(p.legs)), p.mass) for p in moved.time_like)),
                tuple((tuple(sorted(p.legs)), p.mass) for p in moved.space_like),
            )
        )
    return min(keys)


def test_channels_agree_on_an_integral(shared):
    """The same function of the momenta has the same integral in every channel (4.5 sigma)."""
    masses = [shared.TOP, shared.TOP, 0.0]
    results = []
    for topology in shared.top_pair_channels(1):
        mapping = build_mapping(topology, masses, 1000.0, hadronic=False)
        n = 40_000
        point = mapping.forward(_points(mapping, n, seed=23))
        p = point.momenta
        value = torch.exp(-p[:, 2, 1] / 100 - p[:, 4, 3] / 200) / (
            1e4 + invariant_mass_squared(p[:, 2], p[:, 4])
        )
        weight = value * point.jacobian
        results.append((float(weight.mean()), float(weight.std()) / math.sqrt(n)))
    values, errors = np.array(results).T
    mean = np.average(values, weights=errors**-2)
    assert (np.abs(values - mean) < 4.5 * errors).all()
    assert errors.max() < 0.05 * mean


def test_gradients(channels):
    # Two channels of many, one with hadrons: the gradient check runs dim maps a point.
    for topology, masses in channels[:: max(1, len(channels) // 2)][:2]:
        for hadronic in (False, True) if len(channels) == 1 else (True,):
            mapping = build_mapping(
                topology, masses, 3000.0 if hadronic else 1000.0, hadronic=hadronic
            )
            u = (0.1 + 0.8 * _points(mapping, 1, seed=5)).requires_grad_()

            def outputs(v, mapping=mapping):
                point = mapping.forward(v)
                return point.momenta / 100.0, point.x1, point.x2, point.jacobian.log()

            assert torch.autograd.gradcheck(outputs, (u,), rtol=1e-3, atol=1e-6)


def test_gradients_of_the_inverse(shared):
    topology = shared.top_pair_channels(1)[3]
    mapping = build_mapping(topology, [shared.TOP, shared.TOP, 0.0], 1000.0, hadronic=False)
    u = (0.2 + 0.6 * _points(mapping, 3)).requires_grad_()

    def there_and_back(v):
        point = mapping.forward(v)
        back, jacobian = mapping.inverse(point.momenta, point.x1, point.x2)
        return back, (jacobian / point.jacobian)

    # The derivative of the identity, and of one.
    jacobian, ratio = torch.autograd.functional.jacobian(there_and_back, u)
    n, d = u.shape
    identity = torch.eye(n * d, dtype=torch.float64).reshape(n, d, n, d)
    torch.testing.assert_close(jacobian, identity, rtol=1e-6, atol=1e-8)
    assert float(ratio.abs().max()) < 1e-6


def test_jacobian_is_the_determinant(shared):
    """dPhi/du through the determinant of all momenta, for massive 2 -> 3.

    With the delta function taken by the third momentum and the energy,
    dPhi_3 = |det d(p_1, p_2)/d(u, sqrt s)| / (8 E_1 E_2 E_3 (2 pi)^5) at fixed energy.
    """
    masses = [shared.TOP, shared.TOP, 20.0]
    for topology in shared.top_pair_channels(1)[:6]:
        u = 0.1 + 0.8 * torch.rand(3, 5, generator=torch.Generator().manual_seed(2)).double()
        for row in u:

            def momenta(v, topology=topology):
                mapping = TopologyMapping(topology, masses, 1000.0, hadronic=False)
                return mapping.forward(v[None]).momenta[0, 2:4, 1:].reshape(-1)

            with_u = torch.autograd.functional.jacobian(momenta, row)
            high = TopologyMapping(topology, masses, 1000.05, hadronic=False)
            low = TopologyMapping(topology, masses, 999.95, hadronic=False)
            p_high, p_low = (
                m.forward(row[None]).momenta[0, 2:4, 1:].reshape(-1) for m in (high, low)
            )
            matrix = torch.cat((with_u, ((p_high - p_low) / 0.1)[:, None]), dim=1)
            mapping = TopologyMapping(topology, masses, 1000.0, hadronic=False)
            point = mapping.forward(row[None])
            energies = point.momenta[0, 2:, 0].prod()
            # int delta(sqrt s - sum E) over the direction of sqrt s gives one.
            expected = torch.linalg.det(matrix).abs() / (8 * energies * (2 * math.pi) ** 5)
            assert float(point.jacobian[0]) == pytest.approx(float(expected), rel=1e-5)


def test_single_precision_and_edges(channels):
    for topology, masses in channels[:: max(1, len(channels) // 4)]:
        mapping = build_mapping(topology, masses, 13000.0)
        u = _points(mapping, 500, dtype=torch.float32)
        single, double = mapping.forward(u), mapping.forward(u.double())
        assert single.momenta.dtype == single.jacobian.dtype == torch.float32
        assert torch.isfinite(single.momenta).all()
        assert torch.isfinite(single.jacobian).all()
        scale = double.momenta[:, :2, 0].sum(1)[:, None, None]
        difference = ((single.momenta - double.momenta) / scale).abs().amax(dim=(1, 2))
        assert float(difference.quantile(0.99)) < 1e-4
        for value in (0.0, 1.0):
            for i in range(mapping.dim):
                corner = _points(mapping, 20, seed=i)
                corner[:, i] = value
                corner.requires_grad_()
                point = mapping.forward(corner)
                assert torch.isfinite(point.momenta).all()
                assert torch.isfinite(point.jacobian).all()
                (point.momenta.sum() + point.jacobian.sum()).backward()
                assert not torch.isnan(corner.grad).any()


def test_overall_azimuth_only_turns_the_event(channels):
    topology, masses = channels[0]
    mapping = build_mapping(topology, masses, 13000.0)
    u = _points(mapping, 100)
    turned = u.clone()
    first = mapping.dim - (topology.legs - 3)
    turned[:, first] = (turned[:, first] + 0.3) % 1
    a, b = mapping.forward(u), mapping.forward(turned)
    torch.testing.assert_close(a.jacobian, b.jacobian)
    for i in range(2, topology.legs):
        torch.testing.assert_close(a.momenta[:, i, 3], b.momenta[:, i, 3])
        for j in range(i):
            torch.testing.assert_close(
                invariant_mass_squared(a.momenta[:, i], a.momenta[:, j]),
                invariant_mass_squared(b.momenta[:, i], b.momenta[:, j]),
                rtol=1e-7,
                atol=1e-3,
            )


def test_powers_flatten_propagators():
    """1/|t|^0.8 is what the default map draws: the weight of that function is flat in u."""
    topology = Topology.from_lines(4, [((0, 2), 0.0, 0.0)])
    mapping = build_mapping(topology, [0.0, 0.0], 1000.0, hadronic=False)
    point = mapping.forward(_points(mapping, 1000))
    t = -mass_squared(point.momenta[:, 0] - point.momenta[:, 2])
    weight = point.jacobian / (t + 0.01) ** 0.8
    assert float(weight.std() / weight.mean()) < 1e-6
    logarithmic = build_mapping(
        topology, [0.0, 0.0], 1000.0, hadronic=False, powers=Powers(space_like=1.0)
    )
    point = logarithmic.forward(_points(mapping, 1000))
    t = -mass_squared(point.momenta[:, 0] - point.momenta[:, 2])
    weight = point.jacobian / (t + 0.01)
    assert float(weight.std() / weight.mean()) < 1e-6


def test_the_energy_is_drawn_where_resonances_are(shared):
    """Two tops, each within 15 widths; from the threshold of b quarks none of 43,600 had them."""
    widths = {80.4: 2.05, shared.TOP: 1.49}
    legs = {80.4: ((2, 3), (5, 6)), shared.TOP: ((2, 3, 4), (5, 6, 7))}
    lines = [(system, m, widths[m]) for m, systems in legs.items() for system in systems]
    masses = [0.0, 0.0, shared.BOTTOM, 0.0, 0.0, shared.BOTTOM]
    for exchange in (((2, 3, 4, 5, 6, 7), 0.0, 0.0), ((0, 2, 3, 4), shared.TOP, 1.49)):
        mapping = build_mapping(Topology.from_lines(8, [*lines, exchange]), masses, 13000.0)
        p = mapping.forward(_points(mapping, 2000)).momenta
        tops = [mass_squared(p[:, list(system)].sum(1)).sqrt() for system in legs[shared.TOP]]
        close = [(top - shared.TOP).abs() < 15 * 1.49 for top in tops]
        assert float((close[0] & close[1]).double().mean()) > 0.5


def test_impossible_requests():
    topology = Topology(5)
    for masses, energy, reason in (
        ([1.0, 2.0], 1000.0, "2 final masses for 3"),
        ([1.0, 2.0, -3.0], 1000.0, "negative"),
        ([1.0, 2.0, math.nan], 1000.0, "negative"),
        ([400.0, 400.0, 400.0], 1000.0, "not enough"),
        ([0.0, 0.0, 0.0], 1000.0, "massless particles"),
        ([1.0, 2.0, 3.0], math.inf, "not enough"),
    ):
        with pytest.raises(PhaseSpaceError, match=reason):
            build_mapping(topology, masses, energy)
    mapping = build_mapping(topology, [1.0, 2.0, 3.0], 1000.0)
    with pytest.raises(PhaseSpaceError, match="expected"):
        mapping.forward(torch.zeros(4, 3))
