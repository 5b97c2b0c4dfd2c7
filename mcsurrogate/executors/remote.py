# SPDX-License-Identifier: GPL-3.0-or-later
"""A call in a worker: what is sent there, what comes back, and how the worker keeps it.

Functions, chunks and results travel as bytes that are pickled here, whatever the executor makes of
objects: tensors that processes share are aligned and freed by other rules.
"""

import pickle
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["Outcome", "RemoteFunction", "pickled", "unpickled"]

_KEPT = 4


class Outcome(NamedTuple):
    """A pickled result, the CPU seconds that it took, and the warnings on the way."""

    content: bytes
    seconds: float
    warnings: tuple[tuple[str, type[Warning], str, int], ...]


@dataclass(frozen=True, slots=True)
class RemoteFunction:
    """A function as bytes: pickled once, and unpickled once in a worker."""

    content: bytes = field(repr=False)

    def __call__(self, chunk: bytes) -> "Outcome":
        """Return what the function makes of a pickled chunk."""
        start = time.process_time()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            function, argument = _kept(self.content), unpickled(chunk)
            _use_one_thread()
            result = pickled(function(argument))
        told = [(str(w.message), w.category, w.filename, w.lineno) for w in said]
        return Outcome(result, time.process_time() - start, tuple(dict.fromkeys(told)))


def pickled(value: object) -> bytes:
    """Return a value as bytes."""
    return pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)


def unpickled(content: bytes) -> Any:  # noqa: ANN401 - any value
    """Return the value of :func:`pickled`; only for what our own processes made."""
    return pickle.loads(content)  # noqa: S301


@lru_cache(_KEPT)
def _kept(content: bytes) -> Callable[[Any], Any]:
    function: Callable[[Any], Any] = unpickled(content)
    return function


def _use_one_thread() -> None:
    """Keep the last digits of sums from depending on the number of cores."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.get_num_threads() != 1:
        torch.set_num_threads(1)
