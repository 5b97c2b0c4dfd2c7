"""Which map each system of a tree gets."""

import pytest

from mcsurrogate.phase_space import Powers, Topology
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


def test_keys_ignore_labels():
    lines = [((2, 4), 173.0, 0.0)], [((3, 4), 173.0, 0.0)]
    masses = [173.0, 173.0, 0.0]
    one, two = (_node(line, masses, legs=(2, 3, 4)) for line in lines)
    assert one.key == two.key
    assert one.leaves == (2, 4, 3)
    assert two.leaves == (3, 4, 2)
