"""Evaluates tree amplitudes for blocks of events, in place or with gradients."""

import threading
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.matrix_elements.compiler import compile_graph
from mcsurrogate.matrix_elements.executor import Executor
from mcsurrogate.matrix_elements.functional import evaluate_graph
from mcsurrogate.matrix_elements.graph import Op
from mcsurrogate.matrix_elements.interactions import COUPLINGS
from mcsurrogate.matrix_elements.parameters import Parameter, StandardModel, as_number
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

    def couplings(self) -> dict[str, Parameter]:
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
        wants_graph = momenta.requires_grad or self._model.requires_grad
        if torch.is_grad_enabled() and wants_graph:
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

    def padded_size(self, count: int, block: int) -> int:
        """Smallest number of events not below ``count`` for which buffers are kept."""
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
            couplings = {name: as_number(value) for name, value in self.couplings().items()}
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


def _product(sizes: Mapping[int, int]) -> int:
    product = 1
    for size in sizes.values():
        product *= size
    return product
