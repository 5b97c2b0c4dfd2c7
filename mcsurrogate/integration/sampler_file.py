# SPDX-License-Identifier: GPL-3.0-or-later
"""Samplers as files: tensors in safetensors, structure in its JSON header.

A file knows the integrand that it was made for, by the values at a few points, and carries a digest
of all that it holds.  Reading one runs no code but that of families of flows that are shipped, or
that the caller names.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mcsurrogate.atomic import atomic_path, in_order
from mcsurrogate.device import compute_device
from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows import Flow, family_name, flow_family, shipped_families
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.integrand import Integrand
from mcsurrogate.integration.mixture import DefensiveMixture
from mcsurrogate.integration.probes import Probes
from mcsurrogate.integration.sampler import Sampler
from mcsurrogate.integration.vegas import StratifiedGrid

__all__ = ["load_sampler", "save_sampler"]

_FORMAT = "mcsurrogate sampler 5"


def save_sampler(sampler: Sampler, path: Path) -> None:
    """Write a sampler, maximum weights included, atomically.

    Its integrand is evaluated at a few points, which :func:`load_sampler` compares with.
    """
    mixture, flow, learned = sampler.mixture, sampler.mixture.flow, sampler.channel_weights
    probes = Probes.of(sampler.integrand, mixture.grids)
    parts: dict[str, dict[str, Tensor]] = {
        f"grid.{k}": grid.state() for k, grid in enumerate(mixture.grids)
    }
    parts["probe"] = probes.tensors()
    parts["sampler"] = {"probability": sampler.probability}
    if sampler.maximum is not None:
        parts["sampler"]["maximum"] = sampler.maximum
    structure: dict[str, Any] = {
        "integrand": probes.shape,
        "parts": [mixture.grid_part, mixture.flat_part],
    }
    if flow is not None:
        structure["flow"] = {"family": family_name(flow), "recipe": flow.recipe()}
        parts["flow"] = flow.state_dict()
    if learned is not None:
        structure["channel_weights"] = learned.recipe()
        parts["channel_weights"] = learned.state_dict()
    tensors = {
        f"{part}.{key}": value.cpu().contiguous()
        for part, content in parts.items()
        for key, value in content.items()
    }
    header = json.dumps(structure)
    metadata = {"format": _FORMAT, "structure": header, "digest": _digest(header, tensors)}
    with atomic_path(path) as partial:
        # Python writes, so that the umask is obeyed and a full disk is an OSError
        partial.write_bytes(in_order(save(tensors, metadata)))


def load_sampler(
    path: Path, integrand: Integrand, *, family: str | None = None, device: str = "cpu"
) -> Sampler:
    """Read a sampler for the integrand that it was trained on.

    Parameters
    ----------
    path
        The file.
    integrand
        What was integrated; it is evaluated at the points that the file keeps.
    family
        Family of the flow, where it is one of the caller's own; see
        :func:`mcsurrogate.flows.flow_family`.  A file alone never makes such code run.
    device
        Where its networks are laid, by :func:`mcsurrogate.device.compute_device`.

    Raises
    ------
    DeviceError
        If there is no such device.
    IntegrationError
        If the file is missing or damaged, belongs to another integrand, or has a flow of a family
        that is neither shipped nor named.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
            tensors = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise IntegrationError(
            f"{path}: cannot be read as a sampler: {error}; integrate again"
        ) from error
    if metadata.get("format") != _FORMAT:
        raise IntegrationError(
            f"{path}: holds {metadata.get('format')!r}, not {_FORMAT!r}; integrate again"
        )
    header = metadata.get("structure", "")
    if metadata.get("digest") != _digest(header, tensors):
        raise IntegrationError(
            f"{path}: its content is not what was written (the digest differs); integrate again"
        )
    structure = json.loads(header)
    probes = Probes(shape=structure["integrand"], **_part(tensors, "probe"))
    difference = probes.difference(integrand)
    if difference is not None:
        raise IntegrationError(
            f"{path}: this sampler is for another integrand: {difference}; integrate again"
        )
    return _assemble(path, structure, tensors, integrand, family, compute_device(device))


def _digest(header: str, tensors: dict[str, Tensor]) -> str:
    """SHA-256 of structure and tensors, whatever their order in the file."""
    found = hashlib.sha256(header.encode())
    for key, value in sorted(tensors.items()):
        found.update(f"{key} {value.dtype} {tuple(value.shape)}".encode())
        found.update(value.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return found.hexdigest()


def _part(tensors: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    start = name + "."
    return {key.removeprefix(start): v for key, v in tensors.items() if key.startswith(start)}


def _assemble(
    path: Path,
    structure: dict[str, Any],
    tensors: dict[str, Tensor],
    integrand: Integrand,
    family: str | None,
    device: torch.device,
) -> Sampler:
    grids = [
        StratifiedGrid.of_state(_part(tensors, f"grid.{k}")) for k in range(integrand.channels)
    ]
    flow: Flow | None = None
    if "flow" in structure:
        flow = _permitted(path, structure["flow"]["family"], family)(**structure["flow"]["recipe"])
        flow.load_state_dict(_part(tensors, "flow"))
        flow.to(device)
    learned = None
    if "channel_weights" in structure:
        learned = ChannelWeights(**structure["channel_weights"])
        learned.load_state_dict(_part(tensors, "channel_weights"))
        learned.to(device)
    mixture = DefensiveMixture(grids, flow, *structure["parts"])
    return Sampler(integrand, mixture, learned, **_part(tensors, "sampler"))


def _permitted(path: Path, written: str, named: str | None) -> type[Flow]:
    """Class of the family that a file names, if it is shipped or the caller names it too."""
    if written in shipped_families():
        return flow_family(written)
    if named is None or named.rpartition(":")[2] != written.rpartition(":")[2]:
        raise IntegrationError(
            f"{path}: its flow is of the family {written!r}, which is not part of mcsurrogate; "
            "name it to let its code run (family= in Python, [integration.flow] in a card)"
        )
    return flow_family(named)
