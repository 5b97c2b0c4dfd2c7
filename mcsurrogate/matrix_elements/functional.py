# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates the graph of an amplitude node by node, with gradients."""

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.compiler import arguments
from mcsurrogate.matrix_elements.graph import Coefficient, Graph, Op
from mcsurrogate.matrix_elements.parameters import Derived

__all__ = ["evaluate_graph"]


def evaluate_graph(
    graph: Graph, roots: list[int], inputs: dict[int, Tensor], couplings: dict[str, Derived]
) -> dict[int, Tensor]:
    """Evaluate nodes of a graph out of place.

    Parameters
    ----------
    graph
        The graph.
    roots
        Nodes whose values are wanted.
    inputs
        Values of external wave functions and event quantities, by node.
    couplings
        Values of the named couplings.

    Returns
    -------
    dict
        Values of the roots, by node.
    """
    values = dict(inputs)
    needed: set[int] = set()
    stack = list(roots)
    while stack:
        number = stack.pop()
        if number not in needed and number not in values:
            needed.add(number)
            stack.extend(child for child, _ in arguments(graph.nodes[number]))
    for number in sorted(needed):  # children have smaller numbers
        node = graph.nodes[number]
        if node.op is Op.SUM:
            total: Tensor | None = None
            for child, coefficient in node.args:
                term = values[child] * coefficient_value(coefficient, couplings)
                total = term if total is None else total + term
            assert total is not None  # sums have terms
            values[number] = total
        else:
            (x, x_low), (y, y_low) = arguments(node)
            vx = _lowered(values[x]) if x_low else values[x]
            vy = _lowered(values[y]) if y_low else values[y]
            values[number] = _product(node.op, vx, vy, len(node.shape))
    return {root: values[root] for root in roots}


def coefficient_value(coefficient: Coefficient, couplings: dict[str, Derived]) -> Derived:
    """Value of a number times named couplings."""
    value: Derived = coefficient.number
    for name in coefficient.couplings:
        value = value * couplings[name]
    return value


def _lowered(spinor: Tensor) -> Tensor:
    return torch.stack((spinor[1], -spinor[0]))


def _product(op: Op, x: Tensor, y: Tensor, rank: int) -> Tensor:
    match op:
        case Op.OUTER:
            return x[:, None] * y[None, :]
        case Op.MATRIX_SPINOR:
            return x[:, 0] * y[0] + x[:, 1] * y[1]
        case Op.SPINOR_MATRIX:
            return x[0] * y[0] + x[1] * y[1]
        case Op.SPINOR_DOT:
            return x[0] * y[0] + x[1] * y[1]
        case Op.TWICE_DOT:
            return x[0, 0] * y[1, 1] + x[1, 1] * y[0, 0] - x[0, 1] * y[1, 0] - x[1, 0] * y[0, 1]
        case Op.CONTRACT:
            return (x * y).sum(dim=(0, 1))
        case _:
            return x[(None,) * rank] * y
