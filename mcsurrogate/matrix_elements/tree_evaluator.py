# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates tree amplitudes for blocks of events, in place or with gradients."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.compiler import compile_graph
from mcsurrogate.matrix_elements.executor import Executor
from mcsurrogate.matrix_elements.functional import evaluate_graph
from mcsurrogate.matrix_elements.graph import Op
from mcsurrogate.matrix_elements.interactions import COUPLINGS
from mcsurrogate.matrix_elements.parameters import Derived, StandardModel
from mcsurrogate.matrix_elements.recursion import AmplitudeGraph
from mcsurrogate.matrix_elements.tree_inputs import TreeInputs

__all__ = ["TreeEvaluator"]

# Large enough for the overhead of a call not to matter, small enough for the working set
# not to leave the processor's cache altogether.
_CPU_BYTES = 8 << 20
_CPU_EVENTS = (128, 2048)
_DEVICE_BYTES = 4 << 30
_SMALLEST = 32


class TreeEvaluator:
    """Values of some nodes of an amplitude's graph.

    Parameters
    ----------
    amplitude
        Graph of the amplitudes.
    roots
        Nodes whose values are wanted.
    states
        Helicity states of each leg, as positions in ``amplitude.axes``.
    sizes
        Legs with an axis, and its length.
    model
        Parameters.
    """

    def __init__(
        self,
        amplitude: AmplitudeGraph,
        roots: list[int],
        states: Mapping[int, tuple[int, ...]],
        sizes: dict[int, int],
        model: StandardModel,
    ) -> None:
        self._amplitude = amplitude
        self._roots = roots
        self._sizes = sizes
        self._model = model
        self._programme = compile_graph(amplitude.graph, roots, sizes)
        self._inputs = TreeInputs(amplitude, list(self._programme.inputs), states, sizes)
        self._tracked = model.requires_grad
        self._local = threading.local()
        components = self._programme.arena + len(roots) * _product(sizes)
        self._components = components + 4 * len(self._programme.inputs)

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_local"]  # buffers stay with the thread that owns them
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._local = threading.local()

    @property
    def operations(self) -> int:
        """Complex multiply-adds of one event."""
        return self._programme.operations(self._sizes)

    def couplings(self) -> dict[str, Derived]:
        """Values of the couplings that appear in the graph or in front of the amplitudes."""
        names = {
            name
            for node in self._amplitude.graph.nodes
            if node.op is Op.SUM
            for _, coefficient in node.args
            for name in coefficient.couplings
        }
        for _, coefficient in self._amplitude.amplitudes.values():
            names.update(coefficient.couplings)
        return {name: COUPLINGS[name](self._model) for name in sorted(names)}

    def block_size(self, dtype: torch.dtype, device: torch.device) -> int:
        """Return the number of events that are computed together."""
        size = self._components * (16 if dtype == torch.float64 else 8)
        if device.type != "cpu":
            return max(1024, min(1 << 20, _DEVICE_BYTES // size))
        smallest, largest = _CPU_EVENTS
        events = smallest
        while events < largest and 2 * events * size <= _CPU_BYTES:
            events *= 2
        return events

    def blocks(
        self, momenta: Tensor, selected: Mapping[int, Tensor] | None = None
    ) -> Iterator[tuple[Tensor, int, int]]:
        """Evaluate block by block.

        Parameters
        ----------
        momenta
            ``(N, n, 4)`` physical momenta in GeV.
        selected
            One helicity state an event, by leg.

        Yields
        ------
        results, start, stop
            Values ``(R, H_1, ..., H_k, stop - start)`` of the roots, to be used before the
            next ones are asked for.
        """
        count = len(momenta)
        if count == 0:
            dtype = torch.complex128 if momenta.dtype == torch.float64 else torch.complex64
            shape = (len(self._roots), *self._sizes.values(), 0)
            yield torch.zeros(shape, dtype=dtype, device=momenta.device), 0, 0
            return
        tracked = torch.is_grad_enabled() and (momenta.requires_grad or self._tracked)
        size = self.block_size(momenta.dtype, momenta.device)
        for start in range(0, count, size):
            stop = min(start + size, count)
            block = momenta[start:stop].permute(2, 1, 0)
            states = {leg: index[start:stop] for leg, index in (selected or {}).items()}
            # Buffers exist for few sizes: fill up with copies of the last event.
            missing = 0 if tracked else self._padded_size(stop - start, size) - (stop - start)
            if missing:
                block = torch.cat((block, block[..., -1:].expand(-1, -1, missing)), dim=2)
                states = {
                    leg: torch.cat((index, index[-1:].expand(missing)))
                    for leg, index in states.items()
                }
            results = self(block.contiguous(), states if selected is not None else None)
            yield results[..., : stop - start], start, stop

    def __call__(self, momenta: Tensor, selected: Mapping[int, Tensor] | None = None) -> Tensor:
        """Evaluate one block.

        Parameters
        ----------
        momenta
            ``(4, n, N)`` physical momenta in GeV, contiguous.
        selected
            One helicity state an event, by leg.

        Returns
        -------
        Tensor
            ``(R, H_1, ..., H_k, N)`` complex values of the roots.  Without gradients it is a
            buffer that the next call overwrites.
        """
        if torch.is_grad_enabled() and (momenta.requires_grad or self._tracked):
            values = self._inputs.all_values(momenta, self._model, selected)
            found = evaluate_graph(self._amplitude.graph, self._roots, values, self.couplings())
            return torch.stack([found[root] for root in self._roots])
        with torch.no_grad():
            executor = self._executor(momenta)
            executor.load(
                self._inputs.external_values(momenta, self._model, selected),
                self._inputs.event_values(momenta, self._model),
            )
            executor.run()
        return executor.results

    @staticmethod
    def _padded_size(count: int, block: int) -> int:
        size = block
        while size // 2 >= max(count, _SMALLEST):
            size //= 2
        return size

    def _executor(self, momenta: Tensor) -> Executor:
        cache: dict[Any, Executor] | None = getattr(self._local, "executors", None)
        if cache is None:
            cache = self._local.executors = {}
        key = (momenta.shape[-1], momenta.dtype, momenta.device)
        if key not in cache:
            dtype = torch.complex128 if momenta.dtype == torch.float64 else torch.complex64
            couplings = {name: _number(value) for name, value in self.couplings().items()}
            cache[key] = Executor(
                self._programme,
                self._sizes,
                momenta.shape[-1],
                dtype,
                momenta.device,
                couplings,
                self._inputs.groups,
            )
        return cache[key]


def _number(value: Derived) -> complex:
    """Return a coupling without its gradient; a float where it is real."""
    number: complex = value.item() if isinstance(value, Tensor) else value
    return number


def _product(sizes: Mapping[int, int]) -> int:
    product = 1
    for size in sizes.values():
        product *= size
    return product
