# SPDX-License-Identifier: GPL-3.0-or-later
r"""The leading-colour antenna skeleton: every soft and collinear pole of a tree amplitude.

At leading colour a squared tree amplitude is a sum over colour flows, and each flow is
singular only between neighbours along its colour lines: with gluons 1 ... k radiated
between the colour source a and the sink b, soft and collinear limits are those of

.. math:: \frac{1}{s_{a1} s_{12} \cdots s_{kb}},

the Parke-Taylor denominator (Phys. Rev. Lett. 56 (1986) 2459; with quark lines and a vector
boson: Mangano and Parke, hep-th/0509223).  The sum over flows has all poles of the amplitude
and costs a matrix product and a few exponentials, so the network learns only a smooth,
bounded ratio: the factorised ansatz of arXiv:2107.06625 without the momentum mappings of its
dipoles.
"""

from collections.abc import Iterator
from itertools import pairwise, permutations

from mcsurrogate.errors import EmulationError
from mcsurrogate.matrix_elements import Process

__all__ = ["LARGEST_FLOW_COUNT", "Flow", "antenna_flows", "colour_ends"]

LARGEST_FLOW_COUNT = 5000
"""Number of colour flows above which a skeleton costs more than it gains."""

Flow = dict[tuple[int, int], int]
"""Powers of the invariants s_ij, i < j, in the term of one colour flow."""


def colour_ends(process: Process) -> tuple[list[int], list[int], list[int]]:
    """Return the legs that are colour sources, colour sinks and gluons.

    An outgoing quark and an incoming antiquark are sources.
    """
    sources, sinks, gluons = [], [], []
    for leg, particle in enumerate(process.particles):
        colour = particle.colour if leg >= 2 else -particle.colour
        if abs(colour) == 8:
            gluons.append(leg)
        elif colour == 3:
            sources.append(leg)
        elif colour == -3:
            sinks.append(leg)
    return sources, sinks, gluons


def antenna_flows(process: Process) -> list[Flow]:
    """Powers of the invariants in each leading-colour flow of a process.

    Parameters
    ----------
    process
        A partonic process.

    Returns
    -------
    list
        One dictionary per flow; a single empty one where nothing coloured can be singular.

    Raises
    ------
    EmulationError
        If the process has more than ``LARGEST_FLOW_COUNT`` flows.
    """
    sources, sinks, gluons = colour_ends(process)
    if not sources and len(gluons) < 3:
        return [{}]
    flows: list[Flow] = []
    produced = _loops(gluons) if not sources else _open_lines(process, sources, sinks, gluons)
    for flow in produced:
        flows.append(flow)
        if len(flows) > LARGEST_FLOW_COUNT:
            raise EmulationError(
                f"{process.name}: more than {LARGEST_FLOW_COUNT} colour flows; train with "
                "skeleton='none'"
            )
    return flows


def _multiply(flow: Flow, first: int, second: int, power: int) -> None:
    key = (min(first, second), max(first, second))
    flow[key] = flow.get(key, 0) + power
    if flow[key] == 0:
        del flow[key]


def _loops(gluons: list[int]) -> Iterator[Flow]:
    """Pure-gluon flows: closed loops, each once and without its mirror image."""
    first, *rest = gluons
    for order in permutations(rest):
        if order[0] > order[-1]:
            continue
        loop = (first, *order)
        flow: Flow = {}
        for here, there in zip(loop, (*order, first), strict=True):
            _multiply(flow, here, there, -1)
        yield flow


def _open_lines(
    process: Process, sources: list[int], sinks: list[int], gluons: list[int]
) -> Iterator[Flow]:
    """Flows with quarks: gluons strung, in every order, on lines from source to sink.

    One quark line gives the Parke-Taylor denominator of the line.  With several, each line
    with gluons radiates like an antenna, s_ab / (s_a1 ... s_kb), on top of the poles
    1 / s of the gluons that turn into a quark and its antiquark.
    """
    lines = len(sources)
    for partners in _flavour_pairings(process, sources, sinks):
        born: Flow = {}
        if lines > 1:
            for source, sink in partners:
                _multiply(born, source, sink, -1)
        for matching in permutations(sinks):
            for order in permutations(gluons):
                for cuts in _compositions(len(gluons), lines):
                    flow = dict(born)
                    start = 0
                    for source, sink, size in zip(sources, matching, cuts, strict=True):
                        string = (source, *order[start : start + size], sink)
                        start += size
                        if lines > 1:
                            _multiply(flow, source, sink, +1)
                        for here, there in pairwise(string):
                            _multiply(flow, here, there, -1)
                    yield flow


def _flavour_pairings(
    process: Process, sources: list[int], sinks: list[int]
) -> list[list[tuple[int, int]]]:
    """Pair quarks with antiquarks of their own flavour in all ways.

    Quarks that a W turns into another flavour stay single.
    """
    flavour = [abs(pdg) for pdg in process.pdg_ids]
    best: dict[tuple[tuple[int, int], ...], None] = {}
    largest = 0
    for order in permutations(sinks):
        pairs = tuple(
            (source, sink)
            for source, sink in zip(sources, order, strict=True)
            if flavour[source] == flavour[sink]
        )
        if len(pairs) > largest:
            best, largest = {}, len(pairs)
        if len(pairs) == largest:
            best[pairs] = None
    return [list(pairs) for pairs in best]


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write ``total`` as an ordered sum of ``parts`` numbers >= 0."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)
