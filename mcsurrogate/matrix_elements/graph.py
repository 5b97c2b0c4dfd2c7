# SPDX-License-Identifier: GPL-3.0-or-later
r"""The computation of an amplitude as a graph of products, with common parts shared.

Nodes hold two-component spinors, vectors as 2x2 matrices, or scalars; a node has one axis
for each external leg whose helicity it depends on, and the events.  Vectors are stored as

.. math::
   V = \begin{pmatrix} V^0+V^3 & V^1-iV^2 \\ V^1+iV^2 & V^0-V^3 \end{pmatrix}
     = V_\mu \bar\sigma^\mu ,

so that a vector acts on left-handed spinors by matrix multiplication, on right-handed ones
(with index lowered by :math:`\epsilon`) by the transpose, and is itself the outer product
of two spinors (Weyl-van der Waerden; S. Dittmaier, hep-ph/9805445).  The *lowered* form of a
spinor is :math:`(\psi_1, -\psi_0)`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

__all__ = ["UNIT", "Coefficient", "Graph", "Node", "Op", "Quantity", "Term"]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A number times couplings, by name (see `mcsurrogate.matrix_elements.interactions`)."""

    number: float = 1.0
    couplings: tuple[str, ...] = ()

    def __mul__(self, other: "Coefficient | float") -> "Coefficient":
        if not isinstance(other, Coefficient):
            return _coefficient(self.number * other, self.couplings)
        names = self.couplings + other.couplings
        if self.couplings and other.couplings:
            names = tuple(sorted(names))
        return _coefficient(self.number * other.number, names)


@lru_cache(maxsize=4096)
def _coefficient(number: float, couplings: tuple[str, ...]) -> Coefficient:
    """Return one object for equal coefficients: graphs have many terms and few factors."""
    return Coefficient(number, couplings)


UNIT = Coefficient()

Term = tuple[int, Coefficient]
"""Number of a node and its coefficient in a sum."""


class Op(Enum):
    """What a node computes from its arguments."""

    EXTERNAL = "external wave function"  # leg, part
    EVENT = "quantity of an event without helicity"  # Quantity and its arguments
    OUTER = "x[c] y[d]"  # spinor, lowered?, spinor, lowered?
    MATRIX_SPINOR = "sum_b M[a,b] x[b]"  # vector, spinor, lowered?
    SPINOR_MATRIX = "sum_a M[a,b] x[a]"  # vector, spinor, lowered?
    SPINOR_DOT = "sum_a x[a] y[a]"  # spinor, lowered?, spinor, lowered?
    TWICE_DOT = "2 A.B"  # vector, vector
    CONTRACT = "sum_ab A[a,b] B[a,b]"  # vector, vector
    SCALE = "s x"  # scalar, anything, lowered?
    SUM = "sum of terms"  # (node, coefficient) ...


class Quantity(Enum):
    """Quantities of an event from which propagators and vertices are made."""

    MOMENTUM = "vector k"
    LOWERED_MOMENTUM = "covector k, so that CONTRACT gives k.V"
    DENOMINATOR = "1 / (P^2 - M^2 + i M Gamma)"
    LEFT_FROM_RIGHT = "adj(P) / D"
    RIGHT_FROM_LEFT = "-P eps / D"
    BARRED_RIGHT_FROM_LEFT = "eps^T P / D"
    MASS_OVER_DENOMINATOR = "M / D"
    LONGITUDINAL = "vector P / (M^2 D)"


SCALAR_QUANTITIES = frozenset({Quantity.DENOMINATOR, Quantity.MASS_OVER_DENOMINATOR})


@dataclass(frozen=True, slots=True)
class Node:
    """One array of the computation.

    Attributes
    ----------
    op
        What it computes.
    args
        Arguments: numbers of other nodes, flags, or the terms of a sum.
    shape
        ``(2, 2)`` for vectors, ``(2,)`` for spinors, ``()`` for scalars.
    legs
        Bit mask of the external legs that it depends on through their helicity.
    """

    op: Op
    args: tuple  # type: ignore[type-arg]
    shape: tuple[int, ...]
    legs: int


class Graph:
    """Nodes in order of computation; equal nodes are created once."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._index: dict[tuple[Op, tuple], int] = {}  # type: ignore[type-arg]

    def _add(self, op: Op, args: tuple, shape: tuple[int, ...], legs: int) -> int:  # type: ignore[type-arg]
        key = (op, args)
        number = self._index.get(key)
        if number is None:
            number = self._index[key] = len(self.nodes)
            self.nodes.append(Node(op, args, shape, legs))
        return number

    def external(self, leg: int, part: str, shape: tuple[int, ...], *, axis: bool) -> int:
        """Wave function of an external leg: part ``v``, ``s``, ``L`` or ``R``."""
        return self._add(Op.EXTERNAL, (leg, part), shape, (1 << leg) if axis else 0)

    def event(self, quantity: Quantity, *args: object) -> int:
        """Quantity of the event, such as a propagator's denominator."""
        shape = () if quantity in SCALAR_QUANTITIES else (2, 2)
        return self._add(Op.EVENT, (quantity, *args), shape, 0)

    def outer(self, x: int, x_low: bool, y: int, y_low: bool) -> int:
        """Vector from two spinors."""
        return self._binary(Op.OUTER, (x, x_low, y, y_low), (2, 2), x, y)

    def matrix_spinor(self, vector: int, spinor: int, lowered: bool = False) -> int:
        """Vector times spinor."""
        return self._binary(Op.MATRIX_SPINOR, (vector, spinor, lowered), (2,), vector, spinor)

    def spinor_matrix(self, vector: int, spinor: int, lowered: bool = False) -> int:
        """Transposed vector times spinor."""
        return self._binary(Op.SPINOR_MATRIX, (vector, spinor, lowered), (2,), vector, spinor)

    def spinor_dot(self, x: int, x_low: bool, y: int, y_low: bool) -> int:
        """Product of two spinors, index by index."""
        if (y, y_low) < (x, x_low):
            x, x_low, y, y_low = y, y_low, x, x_low
        return self._binary(Op.SPINOR_DOT, (x, x_low, y, y_low), (), x, y)

    def twice_dot(self, a: int, b: int) -> int:
        """Twice the Minkowski product of two vectors."""
        a, b = min(a, b), max(a, b)
        return self._binary(Op.TWICE_DOT, (a, b), (), a, b)

    def contract(self, covector: int, vector: int) -> int:
        """Product of a lowered momentum and a vector."""
        return self._binary(Op.CONTRACT, (covector, vector), (), covector, vector)

    def scale(self, scalar: int, other: int, lowered: bool = False) -> int:
        """Scalar times anything."""
        shape = self.nodes[other].shape
        if not shape and other < scalar:
            scalar, other = other, scalar
        return self._binary(Op.SCALE, (scalar, other, lowered), shape, scalar, other)

    def _binary(self, op: Op, args: tuple, shape: tuple[int, ...], x: int, y: int) -> int:  # type: ignore[type-arg]
        return self._add(op, args, shape, self.nodes[x].legs | self.nodes[y].legs)

    def sum(self, terms: Iterable[Term]) -> Term | None:
        """Sum of terms, with equal terms merged and the overall factor taken out.

        Vectors that are scaled by several scalars are scaled once by their sum.

        Returns
        -------
        tuple or None
            The node and the factor in front of it; None for a vanishing sum.
        """
        merged = self._merge(terms)
        if merged and len(self.nodes[merged[0][0]].shape) == 2:
            merged = self._factor_scalars(merged)
        if not merged:
            return None
        couplings = {coefficient.couplings for _, coefficient in merged}
        common = couplings.pop() if len(couplings) == 1 else None
        number = merged[0][1].number
        factor = Coefficient(number, common if common is not None else ())
        if len(merged) == 1:
            return merged[0][0], factor
        # Ratios are rounded, so that sums that differ by a factor are recognised as equal.
        args = tuple(
            (
                node,
                _coefficient(
                    float(f"{c.number / number:.14g}"), () if common is not None else c.couplings
                ),
            )
            for node, c in merged
        )
        legs = 0
        for node, _ in args:
            legs |= self.nodes[node].legs
        return self._add(Op.SUM, args, self.nodes[args[0][0]].shape, legs), factor

    def scaled(self, term: Term) -> int:
        """Return a node for a number times another node."""
        node = self.nodes[term[0]]
        return self._add(Op.SUM, (term,), node.shape, node.legs)

    @staticmethod
    def _merge(terms: Iterable[Term]) -> list[Term]:
        totals: dict[tuple[int, tuple[str, ...]], float] = {}
        for node, coefficient in terms:
            key = (node, coefficient.couplings)
            totals[key] = totals.get(key, 0.0) + coefficient.number
        return [
            (node, _coefficient(number, couplings))
            for (node, couplings), number in sorted(totals.items())
            if abs(number) > 1e-14
        ]

    def _factor_scalars(self, terms: list[Term]) -> list[Term]:
        groups: dict[int, list[Term]] = {}
        rest: list[Term] = []
        for node, coefficient in terms:
            entry = self.nodes[node]
            if entry.op is Op.SCALE and self.nodes[entry.args[1]].shape:
                groups.setdefault(entry.args[1], []).append((entry.args[0], coefficient))
            else:
                rest.append((node, coefficient))
        for vector, scalars in groups.items():
            total = self.sum(scalars)
            if total is not None:
                rest.append((self.scale(total[0], vector), total[1]))
        return self._merge(rest)
