# SPDX-License-Identifier: GPL-3.0-or-later
"""From the graph of an amplitude to a straight-line programme of multiply-adds.

Every operation of the graph is a sum of products of components, so a programme knows three
instructions: multiply-add, scaled add and negation.  Operations that feed only one sum are
accumulated into it directly.  Buffers are reused as soon as their last reader is done, which
keeps the working set of a block of events in the processor's cache.
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from mcsurrogate.matrix_elements.graph import UNIT, Coefficient, Graph, Node, Op

__all__ = ["Accumulate", "Add", "Buffer", "Clear", "Lower", "Programme", "compile_graph"]

Index = tuple[int | slice | None, ...]
_ALL = slice(None)


class Accumulate(NamedTuple):
    """``out[...] (+)= coefficient * x[x_at] * y[y_at]``."""

    out: int
    x: int
    x_at: Index
    y: int
    y_at: Index
    coefficient: Coefficient
    first: bool


class Add(NamedTuple):
    """``out[...] (+)= coefficient * x``."""

    out: int
    x: int
    coefficient: Coefficient
    first: bool


class Lower(NamedTuple):
    """Complete a spinor ``(a, b)`` to ``(a, b, -a)``, whose tail is its lowered form."""

    out: int


class Clear(NamedTuple):
    """Set to zero."""

    out: int


Instruction = Accumulate | Add | Lower | Clear


@dataclass(slots=True)
class Buffer:
    """Storage of one node.

    Attributes
    ----------
    shape
        Components; a spinor that is also read in lowered form has three.
    legs
        Bit mask of the legs whose helicities it runs over.
    offset
        Position in the arena, in components times helicities; None for inputs and roots.
    """

    shape: tuple[int, ...]
    legs: int
    offset: int | None = None


@dataclass(slots=True)
class Programme:
    """A straight-line programme.

    Attributes
    ----------
    instructions
        In order.
    buffers
        By number.
    inputs
        Buffer of each external wave function and event quantity, by node.
    roots
        Buffer of each result, by node.
    arena
        Size of the arena, in components times helicities.
    """

    instructions: list[Instruction] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    inputs: dict[int, int] = field(default_factory=dict)
    roots: dict[int, int] = field(default_factory=dict)
    arena: int = 0

    def operations(self, sizes: dict[int, int]) -> int:
        """Complex multiply-adds of one event; ``sizes`` are the helicities of each leg."""
        sums = (i for i in self.instructions if isinstance(i, Accumulate | Add))
        return sum(
            math.prod(buffer.shape)
            * math.prod(size for leg, size in sizes.items() if buffer.legs >> leg & 1)
            for buffer in (self.buffers[i.out] for i in sums)
        )


def arguments(node: Node) -> list[tuple[int, bool]]:
    """Nodes that a node reads, and whether as a lowered spinor."""
    args = node.args
    match node.op:
        case Op.EXTERNAL | Op.EVENT:
            return []
        case Op.SUM:
            return [(number, False) for number, _ in args]
        case Op.OUTER | Op.SPINOR_DOT:
            return [(args[0], args[1]), (args[2], args[3])]
        case Op.MATRIX_SPINOR | Op.SPINOR_MATRIX | Op.SCALE:
            return [(args[0], False), (args[1], args[2])]
        case Op.TWICE_DOT | Op.CONTRACT:
            return [(args[0], False), (args[1], False)]


class _Compiler:
    def __init__(self, graph: Graph, roots: list[int], sizes: dict[int, int]) -> None:
        self.nodes = graph.nodes
        self.sizes = sizes
        self.roots = roots
        self.programme = Programme()
        self.place: dict[int, int] = {}
        self.readers: dict[int, int] = {}
        self.summed: dict[int, int] = {}
        self.lowered: set[int] = set()
        self._survey()

    def _survey(self) -> None:
        """Count the readers of every live node and note which are read in lowered form."""
        seen: set[int] = set()
        stack = list(self.roots)
        while stack:
            number = stack.pop()
            if number in seen:
                continue
            seen.add(number)
            node = self.nodes[number]
            for child, low in arguments(node):
                self.readers[child] = self.readers.get(child, 0) + 1
                if node.op is Op.SUM:
                    self.summed[child] = self.summed.get(child, 0) + 1
                if low:
                    self.lowered.add(child)
                stack.append(child)
        for root in self.roots:
            self.readers[root] = self.readers.get(root, 0) + 1

    def run(self) -> Programme:
        for root in self.roots:
            self._emit_tree(root)
        placed = self.programme.roots
        self.programme.roots = {root: placed[root] for root in self.roots}
        self._allocate()
        return self.programme

    def _inlined(self, number: int) -> bool:
        op = self.nodes[number].op
        if op in (Op.EXTERNAL, Op.EVENT, Op.SUM):
            return False
        return self.readers[number] == 1 and self.summed.get(number, 0) == 1

    def _emit_tree(self, root: int) -> None:
        """Emit what a node needs, depth first, then the node."""
        stack = [(root, False)]
        while stack:
            number, ready = stack.pop()
            if number in self.place:
                continue
            needed = [child for child in self._needed(number) if child not in self.place]
            if needed and not ready:
                stack.append((number, True))
                stack.extend((child, False) for child in reversed(needed))
                continue
            self._emit(number)

    def _needed(self, number: int) -> list[int]:
        found: list[int] = []
        for child, _ in arguments(self.nodes[number]):
            if self._inlined(child) and self.nodes[number].op is Op.SUM:
                found.extend(grandchild for grandchild, _ in arguments(self.nodes[child]))
            else:
                found.append(child)
        return found

    def _new_buffer(self, number: int) -> int:
        node = self.nodes[number]
        shape = (3,) if number in self.lowered else node.shape
        programme = self.programme
        self.place[number] = len(programme.buffers)
        programme.buffers.append(Buffer(shape, node.legs))
        return self.place[number]

    def _emit(self, number: int) -> None:
        node = self.nodes[number]
        out = self._new_buffer(number)
        programme = self.programme
        if node.op in (Op.EXTERNAL, Op.EVENT):
            programme.inputs[number] = out
            return
        if number in self.roots:
            programme.roots[number] = out
        if node.op is not Op.SUM:
            self._products(out, number, UNIT, first=True)
        else:
            # Begin with a term that needs no factor, so that nothing must be cleared.
            terms = sorted(node.args, key=lambda term: term[1] != UNIT)
            first = True
            if terms[0][1] != UNIT:
                programme.instructions.append(Clear(out))
                first = False
            for child, coefficient in terms:
                if self._inlined(child):
                    self._products(out, child, coefficient, first=first)
                else:
                    add = Add(out, self.place[child], coefficient, first)
                    programme.instructions.append(add)
                first = False
        if number in self.lowered:
            programme.instructions.append(Lower(out))

    def _products(self, out: int, number: int, coefficient: Coefficient, *, first: bool) -> None:
        node = self.nodes[number]
        (x, x_low), (y, y_low) = arguments(node)
        px, py = self.place[x], self.place[y]
        dx, dy = int(x_low), int(y_low)  # a lowered spinor starts one component later
        spinor = len(self.nodes[x].shape) == 1, len(self.nodes[y].shape) == 1
        whole_x: Index = (slice(dx, dx + 2),) if spinor[0] else ()
        whole_y: Index = (slice(dy, dy + 2),) if spinor[1] else ()
        products: list[tuple[Index, Index, float]]
        match node.op:
            case Op.OUTER:
                products = [((*whole_x, None), (None, *whole_y), 1.0)]
            case Op.MATRIX_SPINOR:
                products = [((_ALL, b), (None, dy + b), 1.0) for b in (0, 1)]
            case Op.SPINOR_MATRIX:
                products = [((a, _ALL), (None, dy + a), 1.0) for a in (0, 1)]
            case Op.SPINOR_DOT:
                products = [((dx + a,), (dy + a,), 1.0) for a in (0, 1)]
            case Op.TWICE_DOT:
                pairs = ((0, 0, 1.0), (1, 1, 1.0), (0, 1, -1.0), (1, 0, -1.0))
                products = [((a, b), (1 - a, 1 - b), sign) for a, b, sign in pairs]
            case Op.CONTRACT:
                products = [((a, b), (a, b), 1.0) for a in (0, 1) for b in (0, 1)]
            case _:  # a scalar times anything
                scalar: Index = (None,) * len(node.shape)
                products = [(scalar, whole_y, 1.0)]
        for x_at, y_at, sign in products:
            self.programme.instructions.append(
                Accumulate(out, px, x_at, py, y_at, coefficient * sign, first)
            )
            first = False

    def _size(self, buffer: Buffer) -> int:
        size = 1
        for extent in buffer.shape:
            size *= extent
        for leg, states in self.sizes.items():
            if buffer.legs >> leg & 1:
                size *= states
        return size

    def _allocate(self) -> None:
        programme = self.programme
        fixed = {*programme.inputs.values(), *programme.roots.values()}
        last: dict[int, int] = {}
        for position, instruction in enumerate(programme.instructions):
            for name in ("out", "x", "y"):
                number = getattr(instruction, name, None)
                if number is not None:
                    last[number] = position
        free: dict[int, list[int]] = {}
        for position, instruction in enumerate(programme.instructions):
            buffer = programme.buffers[instruction.out]
            if instruction.out not in fixed and buffer.offset is None:
                size = self._size(buffer)
                if free.get(size):
                    buffer.offset = free[size].pop()
                else:
                    buffer.offset, programme.arena = programme.arena, programme.arena + size
            for number in {
                value
                for name in ("out", "x", "y")
                if (value := getattr(instruction, name, None)) is not None
            }:
                if last[number] == position and number not in fixed:
                    done = programme.buffers[number]
                    assert done.offset is not None  # written before it is read
                    free.setdefault(self._size(done), []).append(done.offset)


def compile_graph(graph: Graph, roots: list[int], sizes: dict[int, int]) -> Programme:
    """Compile the nodes that some roots need.

    Parameters
    ----------
    graph
        The graph.
    roots
        Nodes whose values are wanted.
    sizes
        Number of helicities of each leg that has an axis.
    """
    return _Compiler(graph, roots, sizes).run()
