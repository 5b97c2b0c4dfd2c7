# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies: what a tree is, and what is none."""

import pytest

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space import Propagator, Topology


def test_number_of_cubic_trees(shared):
    """(2 n - 5)!! trees with n legs."""
    for legs, count in ((4, 3), (5, 15), (6, 105), (7, 945)):
        trees = shared.cubic_trees(legs)
        assert len(trees) == count
        assert len({frozenset(tree) for tree in trees}) == count
        assert all(len(tree) == legs - 3 for tree in trees)


def test_from_lines_takes_either_side():
    one = Topology.from_lines(
        6, [((0, 2), 173.0, 1.5), ((4, 5), 0.0, 0.0), ((0, 2, 4, 5), 80.0, 2.0)]
    )
    two = Topology.from_lines(
        6, [((1, 3, 4, 5), 173.0, 1.5), ((0, 1, 2, 3), 0.0, 0.0), ((1, 3), 80.0, 2.0)]
    )
    assert one == two
    assert [sorted(b) for b in one.blocks] == [[2], [4, 5], [3]]
    assert one.space_like[0] == Propagator(frozenset({2}), 173.0, 1.5, space_like=True)
    assert [sorted(p.legs) for p in one.time_like] == [[4, 5]]
    assert len(one.propagators) == 3


def test_energy_propagator():
    topology = Topology.from_lines(4, [((0, 1), 91.2, 2.4)])
    assert topology.time_like[0].legs == {2, 3}
    assert topology.blocks == (frozenset({2, 3}),)


def test_relabelled():
    topology = Topology.from_lines(5, [((0, 2), 1.0, 0.0), ((3, 4), 2.0, 0.0)])
    moved = topology.relabelled((0, 1, 4, 2, 3))
    assert sorted(moved.space_like[0].legs) == [4]
    assert sorted(moved.time_like[0].legs) == [2, 3]
    with pytest.raises(PhaseSpaceError, match="permutation"):
        topology.relabelled((1, 0, 2, 3, 4))


@pytest.mark.parametrize(
    ("legs", "lines", "reason"),
    [
        (3, [], "at least two"),
        (5, [((2, 3), 0, 0), ((3, 4), 0, 0)], "neither nested nor disjoint"),
        (5, [((2, 3), 0, 0), ((2, 3), 1, 0)], "neither nested nor disjoint"),
        (5, [((0, 2), 0, 0), ((0, 3), 0, 0)], "do not follow"),
        (5, [((0, 2), 0, 0), ((2, 3), 0, 0)], "crosses"),
        (5, [((2, 7), 0, 0)], "outgoing legs are"),
        (5, [((2,), 0, 0)], "at least two"),
        (5, [((0,), 0, 0)], "on each side"),
        (5, [((2, 3), -1.0, 0)], "negative"),
        (5, [((2, 3), 0.0, 1.0)], "width but no mass"),
    ],
)
def test_no_tree(legs, lines, reason):
    with pytest.raises(PhaseSpaceError, match=reason):
        Topology.from_lines(legs, lines)
