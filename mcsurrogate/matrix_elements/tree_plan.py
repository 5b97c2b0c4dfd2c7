# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tree amplitude needs to be evaluated: helicities, results, colour sums.

Massless fermions are sorted into *sectors* by their chiralities; all other helicities are
axes of the arrays.  Where only couplings that do not tell left from right take part, flipping
all helicities leaves the squared amplitude alone, and half of them is computed: for two
outgoing legs always (parity and a rotation bring the momenta back), for more if no
propagator has a width (complex conjugation of the amplitude).
"""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.matrix_elements.colour import End, Flow
from mcsurrogate.matrix_elements.colour_flow import ColourFlow
from mcsurrogate.matrix_elements.colour_matrix import (
    adjoint_colour_matrix,
    flow_lines,
    kleiss_kuijf_matrix,
    string_colour_matrix,
)
from mcsurrogate.matrix_elements.graph import Coefficient, Op
from mcsurrogate.matrix_elements.orders import interferences
from mcsurrogate.matrix_elements.parameters import StandardModel, as_number
from mcsurrogate.matrix_elements.recursion import AmplitudeGraph, Chiralities

__all__ = ["Sector", "TreePlan", "plan_tree"]


@dataclass(frozen=True, slots=True)
class Sector:
    """Amplitudes with the same chiralities of massless fermions.

    Attributes
    ----------
    chiralities
        By leg.
    start, stop
        Range of its results among all results.
    amplitudes
        ``(power of g_s, colour structure, result - start, factor)``.
    """

    chiralities: Chiralities
    start: int
    stop: int
    amplitudes: tuple[tuple[int, int, int, Coefficient], ...]


@dataclass(frozen=True, slots=True)
class TreePlan:
    """How a tree amplitude is evaluated.

    Attributes
    ----------
    roots
        Nodes whose values are wanted.
    sectors
        Amplitudes by chirality.
    states
        Helicity states of each leg that is not a massless fermion, as positions in
        ``AmplitudeGraph.axes``.
    sizes
        Number of states of each leg that has more than one: the axes of the arrays.
    mirrored
        Whether each helicity configuration stands also for the one with all flipped.
    powers
        Powers of g_s that appear.
    interferences
        Pairs of them whose product the squared amplitude holds.
    colour
        ``(F, F)`` colour-summed interferences of the colour structures.
    flows
        Leading-colour flows.
    flow_matrix
        ``(L, F)`` from colour structures to the amplitudes of leading-colour flows.
    helicities
        ``(H, n)`` helicities of the external legs, in the order of the sectors and axes,
        the mirrored ones after all others.
    """

    roots: list[int]
    sectors: tuple[Sector, ...]
    states: dict[int, tuple[int, ...]]
    sizes: dict[int, int]
    mirrored: bool
    powers: tuple[int, ...]
    interferences: frozenset[tuple[int, int]]
    colour: NDArray[np.float64]
    flows: tuple[ColourFlow, ...]
    flow_matrix: NDArray[np.float64]
    helicities: NDArray[np.int64]


def plan_tree(
    amplitude: AmplitudeGraph, model: StandardModel, *, use_parity: bool = True
) -> TreePlan:
    """Plan the evaluation of an amplitude.

    Parameters
    ----------
    amplitude
        Graph of the amplitudes.
    model
        Parameters, which decide whether a propagator has a width.
    use_parity
        Whether only half of the helicities may be computed where that is enough.
    """
    components = amplitude.amplitudes
    flows = tuple(sorted({component.flow for component in components}))
    sectors = sorted({component.chiralities for component in components})
    states = {leg: tuple(range(len(axis))) for leg, axis in amplitude.axes.items()}
    mirrored = False
    if use_parity and _parity_holds(amplitude, model):
        if sectors[0]:
            sectors = [chiralities for chiralities in sectors if chiralities[0][1] == "L"]
            mirrored = True
        else:
            leg = next((leg for leg, axis in amplitude.axes.items() if len(axis) == 2), None)
            if leg is not None:
                states[leg] = (0,)
                mirrored = True
    roots: list[int] = []
    planned = []
    for chiralities in sectors:
        start = len(roots)
        places: dict[int, int] = {}
        entries = []
        for component, (node, factor) in components.items():
            if component.chiralities == chiralities:
                place = places.setdefault(node, len(places))
                entries.append((component.qcd, flows.index(component.flow), place, factor))
        roots.extend(places)
        planned.append(Sector(chiralities, start, len(roots), tuple(entries)))
    colour, lines, flow_matrix = _colour(amplitude, flows)
    return TreePlan(
        roots=roots,
        sectors=tuple(planned),
        states=states,
        sizes={leg: len(chosen) for leg, chosen in states.items() if len(chosen) > 1},
        mirrored=mirrored,
        powers=tuple(sorted({component.qcd for component in components})),
        interferences=frozenset(
            (first[0], second[0]) for first, second in interferences(amplitude.process)
        ),
        colour=colour,
        flows=lines,
        flow_matrix=flow_matrix,
        helicities=_helicities(amplitude, sectors, states, mirrored),
    )


def _parity_holds(amplitude: AmplitudeGraph, model: StandardModel) -> bool:
    if not amplitude.parity_symmetric:
        return False
    if amplitude.process.n_legs == 4 and amplitude.process.n_incoming == 2:
        return True
    qed = {component.qcd < amplitude.process.n_legs - 2 for component in amplitude.amplitudes}
    if model.complex_masses and True in qed:
        return False  # couplings may be complex
    widths = {
        node.args[3]
        for node in amplitude.graph.nodes
        if node.op is Op.EVENT and len(node.args) > 3 and node.args[3]
    }
    return all(as_number(getattr(model, name)) == 0.0 for name in widths)


def _colour(
    amplitude: AmplitudeGraph, flows: tuple[Flow, ...]
) -> tuple[NDArray[np.float64], tuple[ColourFlow, ...], NDArray[np.float64]]:
    ends, incoming = amplitude.ends, amplitude.process.n_incoming
    coloured = {end for end in ends if end is not End.SINGLET}
    if coloured == {End.GLUON}:
        words = tuple(flow[0] for flow in flows)
        orders, matrix = kleiss_kuijf_matrix(words)
        lines = tuple(flow_lines((order,), ends, incoming) for order in orders)
        return adjoint_colour_matrix(words), lines, matrix
    # A structure that only appears with 1/N in front is no leading-colour flow.
    leading = [flow for flow in flows if flow in amplitude.leading]
    matrix = np.zeros((len(leading), len(flows)))
    for row, flow in enumerate(leading):
        matrix[row, flows.index(flow)] = 1.0
    lines = tuple(flow_lines(flow, ends, incoming) for flow in leading)
    return string_colour_matrix(flows, ends), lines, matrix


def _helicities(
    amplitude: AmplitudeGraph,
    sectors: list[Chiralities],
    states: dict[int, tuple[int, ...]],
    mirrored: bool,
) -> NDArray[np.int64]:
    particles = amplitude.process.particles
    rows = []
    for chiralities in sectors:
        base = [0] * len(particles)
        for leg, chirality in chiralities:
            # A left-handed field holds particles of negative, antiparticles of positive helicity.
            sign = -1 if chirality == "L" else 1
            base[leg] = sign if particles[leg].pdg > 0 else -sign
        for chosen in product(*(states[leg] for leg in sorted(states))):
            row = list(base)
            for leg, state in zip(sorted(states), chosen, strict=True):
                row[leg] = amplitude.axes[leg][state]
            rows.append(row)
    table = np.array(rows, dtype=np.int64).reshape(-1, len(particles))
    return np.concatenate((table, -table)) if mirrored else table
