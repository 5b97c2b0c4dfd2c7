# SPDX-License-Identifier: GPL-3.0-or-later
"""Which map each system of a tree gets."""

import pytest
import torch

from mcsurrogate.kinematics import mass_squared
from mcsurrogate.phase_space import Powers, Topology, TopologyMapping
from mcsurrogate.phase_space.competing import Mixture, remainder, shoulder
from mcsurrogate.phase_space.invariants import BreitWigner
from mcsurrogate.phase_space.tree import build_blocks


def _no_cuts(_legs):
    return 0.0


def _node(lines, masses, powers=None, least=_no_cuts, legs=None):
    topology = Topology.from_lines(2 + len(masses), lines)
    (root,) = build_blocks(topology, masses, powers or Powers(), least)
    found = [n for n in _all(root) if n.legs == tuple(legs)]
    return found[0]


def _all(node):
    yield node
    for child in node.children:
        yield from _all(child)


def test_resonance():
    node = _node([((2, 3), 91.2, 2.5)], [0.0, 0.0, 5.0], legs=(2, 3))
    assert node.invariant.key == ("resonance", 91.2, 2.5)


def test_radiation_from_a_massive_particle_has_its_pole_at_threshold():
    node = _node([((2, 3), 173.0, 1.5)], [173.0, 0.0, 5.0], legs=(2, 3))
    kind, power, pole = node.invariant.key
    assert (kind, power) == ("power", 0.8)
    assert pole == pytest.approx(173.0 * 172.9)


def test_stable_particle_below_the_cut():
    node = _node([((2, 3), 20.0, 0.0)], [0.0, 0.0, 5.0], least=lambda _: 50.0, legs=(2, 3))
    assert node.invariant.key == ("power", 0.8, 400.0)
    assert node.least == 50.0


def test_massless_and_open():
    powers = Powers(time_like=1.0, open=0.3, floor=0.5)
    node = _node([((2, 3), 0.0, 0.0)], [0.0, 0.0, 5.0], powers, legs=(2, 3))
    assert node.invariant.key == ("power", 1.0, -0.25)
    topology = Topology.from_lines(6, [((0, 2), 0.0, 0.0)])
    first, rest = build_blocks(topology, [1.0, 2.0, 3.0, 4.0], powers, _no_cuts)
    assert first.is_leaf
    assert rest.invariant.key == ("power", 0.3, -0.25)
    assert len(rest.children) == 3
    assert rest.least == 9.0


def test_narrowest_resonance_comes_first():
    lines = [((4, 5), 80.0, 2.0), ((2, 3), 125.0, 0.006)]
    root = _node(lines, [0.0] * 5, legs=(2, 3, 4, 5, 6))
    assert [child.legs for child in root.children] == [(2, 3), (4, 5), (6,)]
    assert root.leaves == (2, 3, 4, 5, 6)
    assert len(root.key) == 6


DILEPTON = [
    ((2, 3), 80.4, 2.05),
    ((2, 3, 4), 173.0, 1.49),
    ((5, 6), 80.4, 2.05),
    ((5, 6, 7), 173.0, 1.49),
]
BOTTOM = [0.0, 0.0, 4.7, 0.0, 0.0, 4.7]


def test_a_system_lives_where_its_parts_are_resonant():
    """Of no resonance itself: two tops from a gluon, a W boson off a b quark."""
    node = _node([*DILEPTON, ((2, 3, 4, 5, 6, 7), 0.0, 0.0)], BOTTOM, legs=(2, 3, 4, 5, 6, 7))
    assert node.typical == (346.0,)
    assert node.invariant.key == shoulder(346.0).key
    node = _node([((2, 3), 80.4, 2.05), ((2, 3, 4), 4.7, 0.0)], BOTTOM, legs=(2, 3, 4))
    assert node.typical == pytest.approx((85.1,))
    assert node.invariant.mass2 == pytest.approx(shoulder(85.1).mass2)
    assert _node(DILEPTON, BOTTOM, legs=(2, 3, 4)).invariant.key == ("resonance", 173.0, 1.49)


def test_a_resonance_competes_with_heavier_ones_that_it_decays_to():
    bosons = [((2, 3), 91.2, 2.5), ((4, 5), 91.2, 2.5)]
    node = _node([*bosons, ((2, 3, 4, 5), 125.0, 0.006)], [0.0] * 4, legs=(2, 3, 4, 5))
    assert node.typical == (125.0, 182.4)
    higgs = BreitWigner(125.0, 0.006)
    assert node.invariant.key == Mixture([higgs, shoulder(182.4)]).key
    wide = _node([*bosons, ((2, 3, 4, 5), 750.0, 6.0)], [0.0] * 4, legs=(2, 3, 4, 5))
    assert wide.invariant.key == ("resonance", 750.0, 6.0)


BOSONS = [((2, 3), 80.4, 2.05), ((4, 5), 80.4, 2.05)]


def test_either_boson_of_a_light_higgs_is_off_its_mass_shell():
    """Density of three propagators over that of the map: 1.2; 12 with W maps alone.

    The one drawn first would be on its mass shell nearly always, and the other never.
    """
    topology = Topology.from_lines(7, [*BOSONS, ((2, 3, 4, 5), 125.0, 0.0064)])
    mapping = TopologyMapping(topology, [0.0] * 5, 500.0, hadronic=False)
    generator = torch.Generator().manual_seed(1)
    u = torch.rand(20_000, mapping.dim, generator=generator, dtype=torch.float64)
    point = mapping.forward(u)
    value = torch.ones_like(point.x1)
    for legs, mass, width in [
        ((2, 3), 80.4, 2.05),
        ((4, 5), 80.4, 2.05),
        ((2, 3, 4, 5), 125, 0.0064),
    ]:
        s = mass_squared(point.momenta[:, list(legs)].sum(1))
        value = value / ((s - mass**2) ** 2 + (mass * width) ** 2)
    weight = value * point.jacobian
    assert float(weight.std() / weight.mean()) < 1.5
    first = _node([*BOSONS, ((2, 3, 4, 5), 125.0, 0.0064)], [0.0] * 5, legs=(2, 3))
    assert first.invariant.parts[0].key == BreitWigner(80.4, 2.05).key
    assert first.invariant.parts[1].mass2 == pytest.approx(remainder(44.6).mass2)


@pytest.mark.parametrize(
    ("mass", "width", "legs"),
    [(125.0, 1.0, (2, 3)), (125.0, 0.0064, (4, 5)), (200.0, 0.01, (2, 3)), (70.0, 0.01, (2, 3))],
)
def test_where_a_boson_keeps_its_map(mass, width, legs):
    """No narrow resonance, the second one, both on their mass shells, neither."""
    node = _node([*BOSONS, ((2, 3, 4, 5), mass, width)], [0.0] * 5, legs=legs)
    assert node.invariant.key == BreitWigner(80.4, 2.05).key


def test_a_line_that_may_be_several_particles():
    photon, boson = (
        Topology.from_lines(5, [((2, 3), mass, width)]) for mass, width in ((0.0, 0.0), (91.2, 2.5))
    )
    both = photon.joined(boson)
    assert both.time_like[0].poles == ((0.0, 0.0), (91.2, 2.5))
    assert both.joined(boson) == both
    node = build_blocks(both, [1.0, 1.0, 5.0], Powers(), _no_cuts)[0].children[0]
    assert node.typical == (2.0, 91.2)
    assert len(node.invariant.parts) == 2


def test_keys_ignore_labels():
    lines = [((2, 4), 173.0, 0.0)], [((3, 4), 173.0, 0.0)]
    masses = [173.0, 173.0, 0.0]
    one, two = (_node(line, masses, legs=(2, 3, 4)) for line in lines)
    assert one.key == two.key
    assert one.leaves == (2, 4, 3)
    assert two.leaves == (3, 4, 2)
