# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a compiled programme on blocks of events, in place and without gradients."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.compiler import Accumulate, Add, Clear, Index, Lower, Programme
from mcsurrogate.matrix_elements.graph import Coefficient

__all__ = ["Executor"]

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class Executor:
    """A programme bound to buffers for a fixed number of events.

    Parameters
    ----------
    programme
        What to compute.
    sizes
        Number of helicities of each leg that has an axis.
    events
        Number of events in a block.
    dtype, device
        Complex type and device of the buffers.
    couplings
        Values of the named couplings.
    groups
        Inputs of equal shape that are loaded together, by node.

    Attributes
    ----------
    results
        ``(R, H_1, ..., H_k, N)`` values of the roots, in the order of the programme.
    """

    def __init__(
        self,
        programme: Programme,
        sizes: dict[int, int],
        events: int,
        dtype: torch.dtype,
        device: torch.device,
        couplings: dict[str, complex],
        groups: list[list[int]],
    ) -> None:
        self.events = events
        self._sizes = sizes
        self._couplings = couplings
        arena = torch.zeros(programme.arena * events, dtype=dtype, device=device)
        extents = (len(programme.roots), *sizes.values(), events)
        self.results = torch.zeros(extents, dtype=dtype, device=device)
        rows = {number: row for row, number in enumerate(programme.roots.values())}
        grouped: dict[int, Tensor] = {}
        self._group_tensors: list[Tensor] = []
        for nodes in groups:
            first = programme.buffers[programme.inputs[nodes[0]]]
            shape = (len(nodes), *first.shape, *self._extents(0), events)
            together = torch.zeros(shape, dtype=dtype, device=device)
            self._group_tensors.append(together)
            for row, node in enumerate(nodes):
                grouped[programme.inputs[node]] = together[row]
        self._tensors: list[Tensor] = []
        for number, buffer in enumerate(programme.buffers):
            shape = (*buffer.shape, *self._extents(buffer.legs), events)
            if number in rows:
                self._tensors.append(self.results[rows[number]])
            elif number in grouped:
                self._tensors.append(grouped[number])
            elif buffer.offset is None:
                self._tensors.append(torch.zeros(shape, dtype=dtype, device=device))
            else:
                count = math.prod(shape)
                start = buffer.offset * events
                self._tensors.append(arena[start : start + count].view(shape))
        self._inputs = {
            node: self._tensors[number]
            for node, number in programme.inputs.items()
            if number not in grouped
        }
        self._calls: list[Call] = []
        for instruction in programme.instructions:
            self._bind(instruction)

    def _extents(self, legs: int) -> tuple[int, ...]:
        return tuple(states if legs >> leg & 1 else 1 for leg, states in self._sizes.items())

    def _value(self, coefficient: Coefficient) -> complex:
        value: complex = coefficient.number
        for name in coefficient.couplings:
            value *= self._couplings[name]
        return value

    def _bind(self, instruction: Accumulate | Add | Lower | Clear) -> None:
        tensor = self._tensors[instruction.out]
        if isinstance(instruction, Lower):
            self._calls.append((torch.neg, (tensor[0],), {"out": tensor[2]}))
            return
        if tensor.dim() == len(self._sizes) + 2 and tensor.shape[0] == 3:
            tensor = tensor[:2]
        if isinstance(instruction, Clear):
            self._calls.append((tensor.zero_, (), {}))
        elif isinstance(instruction, Add):
            value = self._value(instruction.coefficient)
            x = self._tensors[instruction.x]
            if tensor.dim() > len(self._sizes) + 1:
                x = x[: tensor.shape[0]]
            out, x = _coalesce(tensor, x)
            if instruction.first:
                self._calls.append((out.copy_, (x,), {}))
            else:
                self._calls.append((out.add_, (x,), {} if value == 1.0 else {"alpha": value}))
        else:
            value = self._value(instruction.coefficient)
            x = self._tensors[instruction.x][_with_none(instruction.x_at)]
            y = self._tensors[instruction.y][_with_none(instruction.y_at)]
            out, x, y = _coalesce(tensor, x, y)
            if instruction.first:
                self._calls.append((torch.mul, (x, y), {"out": out}))
            else:
                keywords = {} if value == 1.0 else {"value": value}
                self._calls.append((out.addcmul_, (x, y), keywords))

    def load(self, single: dict[int, Tensor], groups: list[Tensor]) -> None:
        """Copy inputs into their buffers.

        Parameters
        ----------
        single
            By node: wave functions, components first, ``(2, ..., H, N)`` or ``(N,)``.
        groups
            Values of the groups of inputs, in their order.
        """
        for node, target in self._inputs.items():
            value = single[node]
            if target.shape[0] == 3 and value.shape[0] == 2:
                target[:2].copy_(value.view(target[:2].shape))
                torch.neg(target[0], out=target[2])
            else:
                target.copy_(value.view(target.shape))
        for target, value in zip(self._group_tensors, groups, strict=True):
            target.copy_(value.view(target.shape))

    def run(self) -> None:
        """Compute all roots from the inputs."""
        for function, arguments, keywords in self._calls:
            function(*arguments, **keywords)


def _with_none(index: Index) -> Any:  # noqa: ANN401  (torch's index types)
    return index if index else ...


def _coalesce(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Drop and merge axes where all tensors allow it: fewer axes, less overhead a call."""
    shape = tensors[0].shape
    expanded = [tensor.expand(shape) for tensor in tensors]
    axes = [axis for axis, extent in enumerate(shape) if extent > 1]
    if not axes:
        axes = [len(shape) - 1]
    sizes = [shape[axes[0]]]
    strides = [[tensor.stride(axes[0])] for tensor in expanded]
    for axis in axes[1:]:
        steps = [tensor.stride(axis) for tensor in expanded]
        mergeable = all(
            known[-1] == step * shape[axis] for known, step in zip(strides, steps, strict=True)
        )
        if mergeable:
            sizes[-1] *= shape[axis]
            for known, step in zip(strides, steps, strict=True):
                known[-1] = step
        else:
            sizes.append(shape[axis])
            for known, step in zip(strides, steps, strict=True):
                known.append(step)
    return tuple(
        tensor.as_strided(sizes, known, tensor.storage_offset())
        for tensor, known in zip(expanded, strides, strict=True)
    )
