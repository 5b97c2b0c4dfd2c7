"""The whole state of a training in one safetensors file."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import EmulationError

__all__ = ["load_checkpoint", "save_checkpoint"]


def save_checkpoint(
    path: Path,
    identity: dict[str, Any],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    history: list[dict[str, Any]],
) -> None:
    """Write weights, the optimizer's state and the learning curve, atomically.

    Parameters
    ----------
    path
        The file.
    identity
        What makes this training this one: seed, settings, a checksum of the data.
    network, optimizer
        What is trained.
    history
        The learning curve.
    """
    tensors: dict[str, Tensor] = {}
    for name, parameter in network.named_parameters():
        tensors[f"network/{name}"] = parameter.detach().contiguous()
        for key, value in optimizer.state[parameter].items():
            tensors[f"optimizer/{name}/{key}"] = value.contiguous()
    metadata = {"identity": json.dumps(identity), "history": json.dumps(history)}
    with atomic_path(path) as part:
        save_file(tensors, part, metadata=metadata)


def load_checkpoint(
    path: Path,
    identity: dict[str, Any],
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> list[dict[str, Any]]:
    """Restore a training and return its learning curve.

    Raises
    ------
    EmulationError
        If the file is damaged or belongs to another training.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
            tensors = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118
        found = json.loads(metadata["identity"])
        history: list[dict[str, Any]] = json.loads(metadata["history"])
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        msg = f"{path}: the checkpoint is damaged ({error}); remove it to train from the start"
        raise EmulationError(msg) from error
    wanted = json.loads(json.dumps(identity))
    if found != wanted:
        different = sorted(k for k in {**found, **wanted} if found.get(k) != wanted.get(k))
        msg = (
            f"{path}: the checkpoint belongs to another training (different: "
            f"{', '.join(different)}); remove it or train into another folder"
        )
        raise EmulationError(msg)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            parameter.copy_(tensors[f"network/{name}"])
            prefix = f"optimizer/{name}/"
            state = {
                # a copy of its own: aligned like any other tensor
                key.removeprefix(prefix): value.clone()
                for key, value in tensors.items()
                if key.startswith(prefix)
            }
            if state:
                optimizer.state[parameter] = state
    return history
