# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels that the tests of the mappings share, and exact volumes of phase space."""

import math

import numpy as np

from mcsurrogate.phase_space import Topology

TOP, BOTTOM = 173.0, 4.7


def cubic_trees(legs):
    """All trees with three lines at every vertex, each as the list of its internal lines."""
    # A tree is the set of its lines; a line is the set of legs on its side without leg 0.
    trees = [frozenset({frozenset({1}), frozenset({2}), frozenset({1, 2})})]
    for leg in range(3, legs):
        grown = []
        for tree in trees:
            for line in tree:
                lines = {frozenset({leg})}
                for other in tree:
                    # The new leg joins in the middle of `line`: it is on the far side of it
                    # for all lines between it and leg 0.
                    if line <= other and other != line:
                        lines.add(other | {leg})
                    elif other == line:
                        lines |= {line, line | {leg}}
                    else:
                        lines.add(other)
                grown.append(frozenset(lines))
        trees = grown
    return [[line for line in tree if 1 < len(line) < legs - 1] for tree in trees]


def top_pair_channels(gluons):
    """Topologies of g g > t t~ + gluons: every cubic tree, with the masses of the top line."""
    legs = 4 + gluons
    channels = []
    for number, tree in enumerate(cubic_trees(legs)):
        lines = [(line, TOP if len(line & {2, 3}) == 1 else 0.0, 0.0) for line in tree]
        channels.append(Topology.from_lines(legs, lines, name=f"tree {number}"))
    return channels


def special_channels():
    """Name -> topology, masses: contact vertices, resonances, decays after a space-like line."""
    line = Topology.from_lines
    return {
        "flat three": (line(5, []), [TOP, TOP, 0.0]),
        "flat four": (line(6, []), [TOP, 0.0, BOTTOM, 30.0]),
        "flat five": (line(7, []), [1.0, 2.0, 3.0, 4.0, 5.0]),
        "wide resonances": (
            line(6, [((2, 3), 300.0, 200.0), ((4, 5), 200.0, 150.0)]),
            [10.0, 20.0, BOTTOM, 0.0],
        ),
        "resonances that compete": (
            line(
                6,
                [((2, 3), 0.0, 0.0), ((4, 5), 200.0, 60.0), ((2, 3, 4, 5), 300.0, 100.0)],
            ).joined(
                line(
                    6,
                    [((2, 3), 200.0, 60.0), ((4, 5), 200.0, 60.0), ((2, 3, 4, 5), 0.0, 0.0)],
                )
            ),
            [1.0, 1.0, BOTTOM, 10.0],
        ),
        "decay after exchange": (
            line(6, [((0, 2, 3, 4), 80.0, 2.0), ((2, 3, 4), 300.0, 100.0), ((2, 3), TOP, 0.0)]),
            [TOP, 10.0, 5.0, 0.0],
        ),
        "bosons that fuse": (
            line(5, [((0, 2), 80.0, 2.0), ((0, 2, 4), 80.0, 2.0)]),
            [0.0, 0.0, 125.0],
        ),
        "four-point vertices": (line(6, [((0, 2), TOP, 0.0)]), [TOP, TOP, 0.0, 0.0]),
        "three-body block": (line(7, [((0, 2), 0.0, 0.0)]), [0.0, TOP, TOP, BOTTOM, BOTTOM]),
        "system decays to three": (line(6, [((3, 4, 5), 400.0, 100.0)]), [TOP, 1.0, 2.0, 3.0]),
    }


def exact_volume(energy, masses, order=120):
    """n-body phase space in GeV^(2n-4), by nested Gauss-Legendre integration.

    Phi_n(E; m_1, ...) = int dM^2/(2 pi) Phi_2(E; m_1, M) Phi_(n-1)(M; m_2, ...).
    """
    if len(masses) == 2:
        return _two(energy, *masses)
    nodes, weights = np.polynomial.legendre.leggauss(order)
    t = 0.5 * (nodes + 1)
    smooth, slope = t * t * (3 - 2 * t), 3 * t * (1 - t)  # takes the square roots at both ends
    energy = np.asarray(energy, dtype=np.float64)[..., None]
    low, high = sum(masses[1:]), energy - masses[0]
    rest = low + (high - low) * smooth
    measure = weights * slope * (high - low) * 2 * rest / (2 * math.pi)
    return (measure * _two(energy, masses[0], rest) * exact_volume(rest, masses[1:], order)).sum(
        axis=-1
    )


def _two(energy, mass, rest):
    s = np.square(energy)
    factors = (s - (mass + rest) ** 2) * (s - (mass - rest) ** 2)
    return np.sqrt(np.clip(factors, 0.0, None)) / (8 * math.pi * s)
