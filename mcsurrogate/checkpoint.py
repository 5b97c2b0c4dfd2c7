# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of long work in one file, so that killed work goes on as if nothing had happened."""

import hashlib
import json
import math
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mcsurrogate.atomic import atomic_path, in_order
from mcsurrogate.errors import CheckpointError

__all__ = ["Checkpoint", "tensor_digest"]

_KIND = "mcsurrogate checkpoint"


class Checkpoint:
    """A file that holds the state of one piece of work; writing replaces it in one step.

    A state is made of dictionaries, lists, tuples, numbers, texts, None, tensors and arrays, and
    comes back bit for bit. The file is in the format of safetensors: no code is run to read it.

    Parameters
    ----------
    path
        The file; None keeps nothing.
    identity
        What makes this work this one, as JSON knows it: seed, settings, digest of the data. The
        file of another work is refused.
    every
        Seconds between two moments at which writing is due.
    """

    def __init__(
        self, path: Path | None, identity: Mapping[str, Any], *, every: float = 0.0
    ) -> None:
        self.path = path
        self._identity = json.loads(json.dumps(identity))
        self._every = every
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return self.path is not None and time.monotonic() - self._written >= self._every

    def save(self, state: Mapping[str, Any]) -> None:
        """Write the state."""
        if self.path is None:
            return
        tensors: dict[str, Tensor] = {}
        arrays = _Arrays()
        text = json.dumps(_packed(state, tensors, arrays))
        tensors |= arrays.tensors()
        metadata = {
            "kind": _KIND,
            "identity": json.dumps(self._identity),
            "state": text,
            "digest": _digest(text, tensors),
        }
        with atomic_path(self.path) as part:
            # Python writes, so that the umask is obeyed and a full disk is an OSError
            part.write_bytes(in_order(save(tensors, metadata)))
        self._written = time.monotonic()

    def load(self) -> dict[str, Any] | None:
        """Read the state; None where there is no file.

        Raises
        ------
        CheckpointError
            If the file is damaged or belongs to other work.
        """
        if self.path is None or not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="pt") as stream:
                metadata = stream.metadata() or {}
                # A copy of its own is aligned like any other tensor: that decides the rounding.
                tensors = {key: stream.get_tensor(key).clone() for key in stream.keys()}  # noqa: SIM118
            identity, text = json.loads(metadata["identity"]), metadata["state"]
            if metadata["kind"] != _KIND or metadata["digest"] != _digest(text, tensors):
                raise ValueError("its content does not fit its digest")
            state: dict[str, Any] = _unpacked(json.loads(text), tensors)
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise CheckpointError(
                f"{self.path}: the checkpoint is damaged ({error}); remove it to start anew"
            ) from error
        different = [
            key
            for key in sorted({**identity, **self._identity})
            if identity.get(key) != self._identity.get(key)
        ]
        if different:
            raise CheckpointError(
                f"{self.path}: the checkpoint belongs to other work (different: "
                f"{', '.join(different)}); remove it or choose another place"
            )
        return state


def tensor_digest(tensors: Iterable[Tensor]) -> str:
    """SHA-256 of types, shapes and contents."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        found.update(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    parts = [text, tensor_digest(tensors[key] for key in sorted(tensors))]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


class _Arrays:
    """Arrays one behind the other, a tensor for each type: one for each takes thrice as long."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = {}
        self._sizes: dict[str, int] = {}

    def put(self, array: NDArray[Any]) -> dict[str, Any]:
        """Take an array, in C's order, and say where it lies."""
        name = f"arrays of {array.dtype}"
        first = self._sizes.get(name, 0)
        self._parts.setdefault(name, []).append(array.reshape(-1))
        self._sizes[name] = first + array.size
        return {"among": name, "first": first, "shape": list(array.shape)}

    def tensors(self) -> dict[str, Tensor]:
        """All of them."""
        return {name: torch.from_numpy(np.concatenate(own)) for name, own in self._parts.items()}


def _packed(value: Any, tensors: dict[str, Tensor], arrays: _Arrays) -> Any:  # noqa: ANN401 - any state
    """Replace what JSON cannot hold; tensors are put aside."""
    if isinstance(value, np.ndarray):
        if value.flags.c_contiguous:
            return arrays.put(value)
        return {"array": _packed(torch.from_numpy(value), tensors, arrays)}
    if isinstance(value, Tensor):
        # The order of the axes in memory decides the rounding of what is computed from it.
        order = sorted(range(value.ndim), key=lambda axis: -value.stride()[axis])
        name = str(len(tensors))
        laid = value.detach().permute(order).clone(memory_format=torch.contiguous_format)
        tensors[name] = laid.cpu()
        return {"tensor": name, "order": order}
    if isinstance(value, Mapping):
        return {"items": [[key, _packed(item, tensors, arrays)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_packed(item, tensors, arrays) for item in value]}
    if isinstance(value, list):
        return [_packed(item, tensors, arrays) for item in value]
    return value


def _unpacked(value: Any, tensors: Mapping[str, Tensor]) -> Any:  # noqa: ANN401 - any state
    """Inverse of `_packed`."""
    if isinstance(value, list):
        return [_unpacked(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        return tensors[value["tensor"]].permute(np.argsort(value["order"]).tolist())
    if "among" in value:
        first, shape = value["first"], value["shape"]
        own = tensors[value["among"]].numpy()[first : first + math.prod(shape)]
        return own.reshape(shape).copy()
    if "array" in value:
        return _unpacked(value["array"], tensors).numpy()
    if "tuple" in value:
        return tuple(_unpacked(value["tuple"], tensors))
    return {key: _unpacked(item, tensors) for key, item in value["items"]}
