# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel sets: weights that sum to one, and integrals that do not depend on them."""

import math

import pytest
import torch

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import mass_squared
from mcsurrogate.phase_space import (
    ChannelSet,
    Cut,
    Cuts,
    Topology,
    TopologyMapping,
    build_mapping,
)


@pytest.fixture(params=["propagators", "densities", "uniform"])
def channel_set(request, shared):
    return ChannelSet.from_topologies(
        shared.top_pair_channels(1),
        [shared.TOP, shared.TOP, 0.0],
        1000.0,
        hadronic=False,
        prior=request.param,
    )


def _draw(channel_set, n, seed):
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(n, channel_set.dim, generator=generator, dtype=torch.float64)
    return u, torch.randint(channel_set.channels, (n,), generator=generator)


def test_weights_sum_to_one(channel_set):
    u, channel = _draw(channel_set, 500, 1)
    point = channel_set.forward(u, channel)
    prior = channel_set.prior(point.momenta, point.x1, point.x2)
    assert prior.shape == (500, 15)
    assert (prior >= 0).all()
    torch.testing.assert_close(prior.sum(dim=1), torch.ones(500, dtype=torch.float64))


def test_volume_over_all_channels(channel_set, shared):
    """Sum of alpha_k over channels gives phase space back (4.5 sigma)."""
    n = 10_000
    total = variance = 0.0
    for k in range(channel_set.channels):
        u, _ = _draw(channel_set, n, 100 + k)
        point = channel_set.forward(u, k)
        weight = point.jacobian * channel_set.prior(point.momenta, point.x1, point.x2)[:, k]
        total += float(weight.mean())
        variance += float(weight.var()) / n
    exact = float(shared.exact_volume(1000.0, [shared.TOP, shared.TOP, 0.0]))
    assert abs(total - exact) < 4.5 * math.sqrt(variance)


def test_mixed_batches_are_those_of_the_channels(channel_set):
    u, channel = _draw(channel_set, 300, 2)
    point = channel_set.forward(u, channel)
    for k in range(channel_set.channels):
        rows = channel == k
        alone = channel_set.mappings[k].forward(u[rows])
        torch.testing.assert_close(point.momenta[rows], alone.momenta)
        torch.testing.assert_close(point.jacobian[rows], alone.jacobian)
        torch.testing.assert_close(point.x1[rows], alone.x1)
    same = channel_set.forward(u, torch.full_like(channel, 3))
    torch.testing.assert_close(same.momenta, channel_set.forward(u, 3).momenta)
    assert channel_set.forward(u[:0], channel[:0]).momenta.shape == (0, 5, 4)


def test_channels_that_differ_by_labels_share_their_work(shared):
    """105 trees of g g > t t~ g g have far fewer different maps, and the same points."""
    masses = [shared.TOP, shared.TOP, 0.0, 0.0]
    channel_set = ChannelSet.from_topologies(shared.top_pair_channels(2), masses, 13000.0)
    keys = {mapping.key for mapping in channel_set.mappings}
    assert channel_set.channels == 105
    assert len(keys) < 40
    u, channel = _draw(channel_set, 2000, 6)
    point = channel_set.forward(u, channel)
    for k in range(0, 105, 7):
        rows = channel == k
        alone = channel_set.mappings[k].forward(u[rows])
        torch.testing.assert_close(point.momenta[rows], alone.momenta, rtol=1e-12, atol=1e-9)
        torch.testing.assert_close(point.jacobian[rows], alone.jacobian)


def test_densities_are_inverse_jacobians(channel_set):
    u, _ = _draw(channel_set, 200, 3)
    point = channel_set.forward(u, 4)
    densities = channel_set.densities(point.momenta, point.x1, point.x2)
    torch.testing.assert_close(densities[:, 4], 1 / point.jacobian, rtol=1e-8, atol=0)


def test_channels_that_nobody_needs_take_no_time(channel_set, monkeypatch):
    u, _ = _draw(channel_set, 20, 4)
    point = channel_set.forward(u, 4)
    event = point.momenta, point.x1, point.x2
    asked = []
    for k, mapping in enumerate(channel_set.mappings):
        monkeypatch.setattr(
            mapping,
            "jacobian",
            lambda *a, k=k, jacobian=mapping.jacobian: asked.append(k) or jacobian(*a),
        )
    needed = torch.zeros(channel_set.channels, dtype=torch.bool)
    needed[[1, 4]] = True
    prior, some = channel_set.prior(*event), channel_set.prior(*event, needed)
    torch.testing.assert_close(some[:, 1] / some[:, 4], prior[:, 1] / prior[:, 4])
    if channel_set.prior_kind == "densities":
        assert asked == [*range(15), 1, 4]
        assert (some[:, ~needed] == 0).all()
        torch.testing.assert_close(some.sum(1), torch.ones(20, dtype=torch.float64))


def test_propagator_weights_by_hand():
    """Z exchange and photon exchange in the t channel against W in the s channel."""
    line = Topology.from_lines
    topologies = [
        line(4, [((0, 2), 91.2, 2.5)]),
        line(4, [((0, 2), 0.0, 0.0)]),
        line(4, [((2, 3), 80.4, 2.1)]),
    ]
    without = ChannelSet.from_topologies(topologies[:2], [0.0, 0.0], 200.0, hadronic=False)
    channel_set = ChannelSet.from_topologies(topologies, [0.0, 0.0], 200.0, hadronic=False)
    u, channel = _draw(channel_set, 50, 5)
    p = channel_set.forward(u, channel).momenta
    t = mass_squared(p[:, 0] - p[:, 2])
    s = torch.full_like(t, 200.0**2)
    weights = torch.stack(
        [
            1 / ((t - 91.2**2) ** 2 + (91.2 * 2.5) ** 2),
            1 / (t * (t - 80.4**2)),  # one power is lost next to the pole
            1 / ((s - 80.4**2) ** 2 + (80.4 * 2.1) ** 2),
        ],
        dim=1,
    )
    torch.testing.assert_close(
        channel_set.propagator_weights(p), weights / weights.sum(1, keepdim=True), rtol=1e-6, atol=0
    )
    weights = torch.stack([weights[:, 0], 1 / t**2], dim=1)
    torch.testing.assert_close(
        without.propagator_weights(p), weights / weights.sum(1, keepdim=True), rtol=1e-6, atol=0
    )


def test_equal_topologies_are_one_channel():
    line = Topology.from_lines
    twice = [line(4, [((0, 2), 0, 0)], "a"), line(4, [((1, 3), 0, 0)], "b"), line(4, [])]
    channel_set = ChannelSet.from_topologies(twice, [1.0, 2.0], 100.0)
    assert channel_set.names == ("a", "channel 1")
    assert channel_set.channels == 2


def test_periodic_dimensions_are_the_same(shared):
    for gluons in (1, 2):
        masses = [shared.TOP, shared.TOP] + [0.0] * gluons
        channel_set = ChannelSet.from_topologies(shared.top_pair_channels(gluons), masses, 13000.0)
        assert all(m.periodic == channel_set.periodic for m in channel_set.mappings)
        assert sum(channel_set.periodic) == gluons + 1


def test_gradients_of_the_weights(shared):
    channel_set = ChannelSet.from_topologies(
        shared.top_pair_channels(1)[:4], [shared.TOP, shared.TOP, 0.0], 1000.0, hadronic=False
    )
    u, _ = _draw(channel_set, 3, 8)
    u = (0.1 + 0.8 * u).requires_grad_()

    def weights(v):
        point = channel_set.forward(v, 1)
        return channel_set.propagator_weights(point.momenta)

    assert torch.autograd.gradcheck(weights, (u,), rtol=1e-3)


def test_impossible_requests():
    with pytest.raises(PhaseSpaceError, match="at least one"):
        ChannelSet([])
    one = build_mapping(Topology(4), [1.0, 1.0], 100.0)
    other = build_mapping(Topology(4), [1.0, 2.0], 100.0)
    with pytest.raises(PhaseSpaceError, match="different"):
        ChannelSet([one, other])
    with pytest.raises(PhaseSpaceError, match="unknown prior"):
        ChannelSet([one], prior="best")
    channel_set = ChannelSet([one])
    with pytest.raises(PhaseSpaceError, match="channel 3 of 1"):
        channel_set.forward(torch.rand(5, 4), 3)
    with pytest.raises(PhaseSpaceError, match="channel 2 of 1"):
        channel_set.forward(torch.rand(5, 4), torch.tensor([0, 0, 2, 0, 0]))
    with pytest.raises(PhaseSpaceError, match="channels for points"):
        channel_set.forward(torch.rand(5, 4), torch.zeros(3, dtype=torch.int64))


def test_reflected_maps_are_mirror_images(shared):
    """The mirrored event of the map of the mirrored topology; its volume is the exact one."""
    masses = [shared.TOP, shared.TOP, 0.0]
    topology = Topology.from_lines(5, [((0, 2), 173.0, 0), ((0, 2, 3), 0, 0)])
    mapping = TopologyMapping(topology, masses, 13000.0, reflected=True)
    plain = build_mapping(topology.reflected(), masses, 13000.0)
    u = torch.rand(500, mapping.dim, generator=torch.Generator().manual_seed(3)).double()
    point, image = mapping.forward(u), plain.forward(u)
    torch.testing.assert_close(point.jacobian, image.jacobian)
    torch.testing.assert_close(point.x1, image.x2)
    mirror = torch.tensor([1.0, 1.0, 1.0, -1.0], dtype=torch.float64)
    torch.testing.assert_close(
        point.momenta, image.momenta[:, [1, 0, 2, 3, 4]] * mirror, rtol=1e-9, atol=1e-9
    )
    assert (point.momenta[:, 0, 3] > 0).all()
    back, jacobian = mapping.inverse(point.momenta, point.x1, point.x2)
    torch.testing.assert_close(back, u, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(jacobian, point.jacobian, rtol=1e-7, atol=0)
    assert mapping.map_key == plain.map_key
    assert mapping.key != plain.key


def test_chains_begin_where_cuts_are_limits():
    """A jet against two tops: no point of the channels is lost to the cut on its pT."""
    cuts = Cuts((21, 21, 6, -6, 21), [Cut("pt", ("jets",), minimum=20.0)], masses=(173, 173, 0))
    topologies = [
        Topology.from_lines(5, [((0, 2), 173.0, 0), ((0, 2, 3), 0, 0)]),
        Topology.from_lines(5, [((0, 4), 0, 0), ((0, 4, 2), 173.0, 0)]),
        Topology.from_lines(5, [((2, 3), 0, 0), ((0, 2, 3), 0, 0)]),
    ]
    channels = ChannelSet.from_topologies(topologies, [173, 173, 0], 13000.0, cuts=cuts)
    assert [m.reflected for m in channels.mappings] == [True, False, True]
    for k in range(3):
        u, _ = _draw(channels, 20_000, 4)
        point = channels.forward(u, k)
        assert float(cuts(point.momenta).double().mean()) > (0.99 if k < 2 else 0.95)
