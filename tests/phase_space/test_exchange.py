# SPDX-License-Identifier: GPL-3.0-or-later
"""Massive bosons that beam particles exchange: which maps, and how even they make the weights."""

import pytest
import torch

from mcsurrogate.kinematics import mass_squared
from mcsurrogate.phase_space import ChannelSet, Powers, Topology, TopologyMapping
from mcsurrogate.phase_space.invariants import power_law

W, H = (80.4, 2.05), 125.0
FUSION = [((0, 2), *W), ((0, 2, 4), *W)]
MASSES = [0.0, 0.0, H]


def _mapping(lines, masses, **options):
    topology = Topology.from_lines(2 + len(masses), lines)
    return TopologyMapping(topology, masses, 3000.0, hadronic=False, **options)


@pytest.mark.parametrize(
    ("lines", "masses", "exchanges"),
    [
        (FUSION, MASSES, True),
        ([((0, 2), *W), ((3, 4), 0, 0)], MASSES, True),
        ([((0, 2), 0, 0), ((0, 2, 4), 0, 0)], MASSES, False),
        ([((0, 4), *W), ((0, 4, 2), 0, 0)], MASSES, False),  # no massless particle radiates it
        ([((0, 2), *W)], [0.0, 0.0], False),  # deep inelastic scattering
        ([((2, 3), *W)], MASSES, False),
    ],
)
def test_who_exchanges(lines, masses, exchanges):
    mapping = _mapping(lines, masses)
    assert mapping.exchanges is exchanges
    channels = ChannelSet.from_topologies([mapping.topology], masses, 3000.0, hadronic=False)
    assert channels.prior_kind == ("densities" if exchanges else "propagators")


def test_weights_of_fusion_are_even():
    """s_hat s_jj over both propagators, longitudinal W W -> H: their spread over the mean.

    1.09; with the maps of other chains (flat in what is left, transfers to the power 0.8) it is 13.
    """
    mapping = _mapping(FUSION, MASSES)
    u = torch.rand(
        20_000, mapping.dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    point = mapping.forward(u)
    p = point.momenta
    t1, t2 = mass_squared(p[:, 0] - p[:, 2]), mass_squared(p[:, 1] - p[:, 3])
    value = mass_squared(p[:, 2] + p[:, 3]) / ((t1 - W[0] ** 2) * (t2 - W[0] ** 2)) ** 2
    weight = value * point.jacobian
    assert float(weight.std() / weight.mean()) < 1.2


def test_exponent_of_the_transfers():
    mapping = _mapping(FUSION, MASSES, powers=Powers(exchange=1.2))
    assert [transfer.key[1] for transfer in mapping._chain.transfers] == [1.2, 1.2]


def test_energy_begins_where_resonances_are_on_their_mass_shells():
    """Two jets and W -> two leptons: the energy map counts below the W mass as even."""
    lines = [((0, 2), *W), ((0, 2, 4, 5), *W), ((4, 5), *W)]
    mapping = TopologyMapping(Topology.from_lines(6, lines), [0.0] * 4, 3000.0, bounds=Floor())
    assert mapping.luminosity.invariant.key == power_law(1.0, W[0]).key
    plain = TopologyMapping(Topology.from_lines(5, FUSION), MASSES, 3000.0)
    assert plain.luminosity.invariant.key == power_law(1.0, 0.0).key


class Floor:
    def least_mass(self, legs):  # noqa: ARG002
        return 10.0

    def least_transverse_momentum(self, leg):  # noqa: ARG002
        return 0.0

    def largest_rapidity(self, leg):  # noqa: ARG002
        return float("inf")
