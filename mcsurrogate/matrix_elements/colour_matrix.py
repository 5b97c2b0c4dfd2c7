# SPDX-License-Identifier: GPL-3.0-or-later
r"""Colour sums: the matrix of interferences between colour structures, and colour flows.

Structures with quarks are products of strings and are contracted with the Fierz identity of
`mcsurrogate.matrix_elements.colour`.  Amplitudes of gluons alone are decomposed in the
(n-2)! adjoint chains of V. Del Duca, L. Dixon, F. Maltoni, hep-ph/9910563 (eq. 3); the
(n-1)! colour-ordered amplitudes follow by the Kleiss-Kuijf relations.
"""

from fractions import Fraction
from functools import lru_cache
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from mcsurrogate.matrix_elements.colour import N_COLOURS, End, Flow, String
from mcsurrogate.matrix_elements.colour_flow import FIRST_COLOUR_LINE, ColourFlow

__all__ = [
    "adjoint_colour_matrix",
    "flow_lines",
    "kleiss_kuijf_matrix",
    "string_colour_matrix",
]


def string_colour_matrix(flows: tuple[Flow, ...], ends: tuple[End, ...]) -> NDArray[np.float64]:
    """Return the colour-summed interferences of structures that are products of strings.

    Parameters
    ----------
    flows
        Colour structures of the amplitude.
    ends
        What each external leg is.

    Returns
    -------
    ndarray
        Real symmetric, ``(F, F)``.
    """
    size = len(flows)
    matrix = np.empty((size, size))
    for i, first in enumerate(flows):
        for j in range(i, size):
            value = float(_contract(first, flows[j], ends))
            matrix[i, j] = matrix[j, i] = value
    return matrix


def _contract(first: Flow, second: Flow, ends: tuple[End, ...]) -> Fraction:
    """Sum over colours of one structure times the complex conjugate of another."""
    starts = {string[0]: string for string in first if ends[string[0]] is End.ANTIQUARK}
    conjugates = {
        string[-1]: tuple(reversed(string)) for string in second if ends[string[0]] is End.ANTIQUARK
    }
    traces: list[String] = []
    while starts:
        begin, string = starts.popitem()
        word: list[int] = []
        while True:
            word.extend(string[1:-1])
            back = conjugates[string[-1]]
            word.extend(back[1:-1])
            if back[-1] == begin:
                break
            string = starts.pop(back[-1])
        traces.append(tuple(word))
    return _traces(_canonical(traces))


def _canonical(traces: list[String]) -> tuple[String, ...]:
    """Rename gluons in order of appearance, so that equal contractions share a result."""
    names: dict[int, int] = {}
    return tuple(
        tuple(names.setdefault(leg, len(names)) for leg in word) for word in sorted(traces, key=len)
    )


@lru_cache(maxsize=65536)
def _traces(words: tuple[String, ...]) -> Fraction:
    """Product of traces in which every gluon appears twice, by the Fierz identity."""
    value = Fraction(1)
    rest = []
    for word in words:
        if word:
            rest.append(word)
        else:
            value *= N_COLOURS
    if not rest:
        return value
    head, others = rest[0], rest[1:]
    gluon, tail = head[0], head[1:]
    if gluon in tail:
        cut = tail.index(gluon)
        inner, outer = tail[:cut], tail[cut + 1 :]
        planar = _traces(_canonical([inner, outer, *others]))
        suppressed = _traces(_canonical([inner + outer, *others]))
    else:
        index = next(i for i, word in enumerate(others) if gluon in word)
        word = others.pop(index)
        cut = word.index(gluon)
        turned = word[cut + 1 :] + word[:cut]
        planar = _traces(_canonical([tail + turned, *others]))
        suppressed = _traces(_canonical([tail, turned, *others]))
    return value * (planar - suppressed / N_COLOURS)


def _nested_commutators(n_middle: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Write Tr([..[T1, Tc1] .., Tck] Tn) as traces: successors of each leg, and signs.

    Of each split of the inner gluons one half stands before the last leg in order, the other behind
    it in reverse, with a sign for each gluon of it.

    Returns
    -------
    successors, signs
        ``(2^k, k + 2)`` with the first leg 0 and the last one k + 1, and ``(2^k,)``.
    """
    last = n_middle + 1
    successors = np.empty((2**n_middle, last + 1), dtype=np.int64)
    signs = np.empty(2**n_middle, dtype=np.int64)
    for number in range(2**n_middle):
        behind = [leg for leg in range(1, last) if number >> (leg - 1) & 1]
        before = [leg for leg in range(1, last) if leg not in behind]
        word = [0, *before, last, *reversed(behind)]
        successors[number, word] = [*word[1:], 0]
        signs[number] = (-1) ** len(behind)
    return successors, signs


def _cycles(permutations_of: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the cycles of permutations ``(..., n)``, by the least element of each."""
    size = permutations_of.shape[-1]
    least = np.broadcast_to(np.arange(size), permutations_of.shape)
    step, jump = 1, permutations_of
    while step < size:
        least = np.minimum(least, np.take_along_axis(least, jump, axis=-1))
        jump = np.take_along_axis(jump, jump, axis=-1)
        step *= 2
    count: NDArray[np.int64] = (least == np.arange(size)).sum(axis=-1)
    return count


@lru_cache(maxsize=8)
def _adjoint_row(n_middle: int) -> tuple[float, ...]:
    """First row of the colour matrix of adjoint chains with ``n_middle`` inner gluons.

    A chain has no part of the U(1) gluon, so that traces are contracted as those of U(N): two give
    N to the power of the cycles of the successors of one after the predecessors of the other.
    """
    successors, signs = _nested_commutators(n_middle)
    predecessors = np.argsort(successors, axis=1)
    powers = float(N_COLOURS) ** np.arange(n_middle + 3)
    row = []
    for order in permutations(range(1, n_middle + 1)):
        names = np.array((0, *order, n_middle + 1))
        renamed = np.empty_like(predecessors)
        renamed[:, names] = names[predecessors]
        both = np.take_along_axis(
            np.broadcast_to(renamed[:, None], (len(signs), *successors.shape)),
            np.broadcast_to(successors[None], (len(signs), *successors.shape)),
            axis=-1,
        )
        row.append(float(signs @ powers[_cycles(both)] @ signs))
    return tuple(row)


def adjoint_colour_matrix(words: tuple[String, ...]) -> NDArray[np.float64]:
    """Return the colour-summed interferences of adjoint chains.

    Parameters
    ----------
    words
        Orders of all gluons, each beginning with the same first and ending with the same
        last leg.
    """
    middles = [word[1:-1] for word in words]
    n_middle = len(middles[0])
    row = dict(zip(permutations(range(n_middle)), _adjoint_row(n_middle), strict=True))
    size = len(words)
    matrix = np.empty((size, size))
    for i, first in enumerate(middles):
        place = {leg: position for position, leg in enumerate(first)}
        for j, second in enumerate(middles):
            matrix[i, j] = row[tuple(place[leg] for leg in second)]
    return matrix


def kleiss_kuijf_matrix(words: tuple[String, ...]) -> tuple[list[String], NDArray[np.float64]]:
    """Express all colour-ordered gluon amplitudes by those with two legs adjacent.

    Parameters
    ----------
    words
        The (n-2)! orders with fixed first and last leg.

    Returns
    -------
    orders, matrix
        The (n-1)! orders that begin with the first leg, and the matrix from the given to
        all amplitudes.
    """
    first, last = words[0][0], words[0][-1]
    index = {word[1:-1]: column for column, word in enumerate(words)}
    orders = [(first, *rest) for rest in permutations(sorted((*words[0][1:-1], last)))]
    matrix = np.zeros((len(orders), len(words)))
    for row, order in enumerate(orders):
        cut = order.index(last)
        before, after = order[1:cut], order[cut + 1 :]
        sign = -1.0 if len(after) % 2 else 1.0
        for merged in _shuffles(before, tuple(reversed(after))):
            matrix[row, index[merged]] += sign
    return orders, matrix


def _shuffles(a: String, b: String) -> list[String]:
    if not a or not b:
        return [a + b]
    return [
        *((a[0], *rest) for rest in _shuffles(a[1:], b)),
        *((b[0], *rest) for rest in _shuffles(a, b[1:])),
    ]


def flow_lines(flow: Flow, ends: tuple[End, ...], n_incoming: int) -> ColourFlow:
    """Return the colour lines of a structure as the Les Houches event record wants them.

    Strings are read from the barred quark leg, an outgoing quark or incoming antiquark
    whose colour index is contracted with the first gluon, to the quark leg.
    """
    pairs = [[0, 0] for _ in ends]  # (outgoing) colour and anticolour of each leg
    line = FIRST_COLOUR_LINE
    for string in flow:
        is_trace = ends[string[0]] is not End.ANTIQUARK
        for position in range(len(string) if is_trace else len(string) - 1):
            pairs[string[position]][0] = line
            pairs[string[(position + 1) % len(string)]][1] = line
            line += 1
    return tuple(
        (anticolour, colour) if leg < n_incoming else (colour, anticolour)
        for leg, (colour, anticolour) in enumerate(pairs)
    )
