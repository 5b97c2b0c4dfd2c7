"""Samplers as files: weights in safetensors, structure in its JSON header."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mcsurrogate.atomic import atomic_path
from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows import HypercubeFlow
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.integrand import Integrand, discrete_sizes
from mcsurrogate.integration.mixture import DefensiveMixture
from mcsurrogate.integration.sampler import Sampler
from mcsurrogate.integration.settings import FlowSettings
from mcsurrogate.integration.vegas import StratifiedGrid

__all__ = ["load_sampler", "save_sampler"]

_FORMAT = "mcsurrogate sampler 4"


def save_sampler(sampler: Sampler, path: Path, sizes: FlowSettings | None = None) -> None:
    """Write a sampler, maximum weights included, atomically.

    Parameters
    ----------
    sampler
        The sampler.
    path
        The file.
    sizes
        The sizes that the flow was built with; the default ones if None.
    """
    mixture = sampler.mixture
    tensors = {
        f"grid.{k}.{key}": value
        for k, grid in enumerate(mixture.grids)
        for key, value in grid.state().items()
    }
    tensors["probability"] = sampler.probability
    if sampler.maximum is not None:
        tensors["maximum"] = sampler.maximum
    structure: dict[str, object] = {
        "dim": mixture.dim,
        "channels": mixture.channels,
        "periodic": list(sampler.integrand.periodic),
        "discrete": list(discrete_sizes(sampler.integrand)),
        "parts": [mixture.grid_part, mixture.flat_part],
        "sizes": asdict(FlowSettings() if sizes is None else sizes),
    }
    if mixture.flow is not None:
        structure["flow_groups"] = mixture.flow.channel_group.tolist()
        tensors |= {f"flow.{key}": value for key, value in mixture.flow.state_dict().items()}
    if sampler.channel_weights is not None:
        structure["features"] = sampler.channel_weights.features
        state = sampler.channel_weights.state_dict()
        tensors |= {f"channel_weights.{key}": value for key, value in state.items()}
    metadata = {"format": _FORMAT, "structure": json.dumps(structure)}
    with atomic_path(path) as part:
        save_file({key: value.contiguous() for key, value in tensors.items()}, part, metadata)


def load_sampler(path: Path, integrand: Integrand) -> Sampler:
    """Read a sampler for the integrand that it was trained on.

    Raises
    ------
    IntegrationError
        If the file is missing or damaged, or belongs to an integrand of another shape.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            metadata = stream.metadata() or {}
            tensors = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        message = f"{path}: cannot be read as a sampler: {error}; integrate again"
        raise IntegrationError(message) from error
    if metadata.get("format") != _FORMAT:
        message = f"{path}: holds {metadata.get('format')!r}, not {_FORMAT!r}; integrate again"
        raise IntegrationError(message)
    structure = json.loads(metadata["structure"])
    shape = (structure["dim"], structure["channels"])
    if shape != (integrand.dim, integrand.channels):
        message = (
            f"{path}: sampler for {shape[0]} dimensions and {shape[1]} channels; the integrand "
            f"has {integrand.dim} and {integrand.channels}"
        )
        raise IntegrationError(message)
    try:
        return _assemble(structure, tensors, integrand)
    except (KeyError, RuntimeError) as error:
        message = f"{path}: its tensors do not fit this version: {error}; integrate again"
        raise IntegrationError(message) from error


def _part(tensors: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    start = prefix + "."
    return {key.removeprefix(start): v for key, v in tensors.items() if key.startswith(start)}


def _assemble(
    structure: dict[str, Any],
    tensors: dict[str, torch.Tensor],
    integrand: Integrand,
) -> Sampler:
    sizes = structure["sizes"]
    grids = []
    for k in range(integrand.channels):
        grid = StratifiedGrid(integrand.dim, 64)
        grid.restore(_part(tensors, f"grid.{k}"))
        grids.append(grid)
    flow = None
    if "flow_groups" in structure:
        flow = HypercubeFlow(
            integrand.dim,
            channels=integrand.channels,
            groups=structure["flow_groups"],
            blocks=sizes["blocks"],
            bins=sizes["bins"],
            marginal_bins=sizes["marginal_bins"],
            hidden=tuple(sizes["hidden"]),
            periodic=structure["periodic"],
            discrete=structure["discrete"],
        )
        flow.load_state_dict(_part(tensors, "flow"))
    channel_weights = None
    if "features" in structure:
        channel_weights = ChannelWeights(
            integrand.channels, structure["features"], tuple(sizes["channel_weight_hidden"])
        )
        channel_weights.load_state_dict(_part(tensors, "channel_weights"))
    return Sampler(
        integrand,
        DefensiveMixture(grids, flow, *structure["parts"]),
        channel_weights,
        tensors["probability"],
        tensors.get("maximum"),
    )
