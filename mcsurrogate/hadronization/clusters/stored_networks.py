# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of the model ``clusters`` from a weights file, as training left them."""

import os

import numpy as np
import torch
from safetensors import SafetensorError, safe_open

from mcsurrogate.errors import HadronizationError
from mcsurrogate.generators import read_weights_header, weights_path
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks, Formation
from mcsurrogate.hadronization.clusters.tables import DecayTables

__all__ = ["read_cluster_networks"]


def read_cluster_networks(weights: str | os.PathLike[str]) -> ClusterNetworks:
    """Networks as they were when `write_weights` wrote the file.

    Parameters
    ----------
    weights
        A shipped name or a path.

    Raises
    ------
    HadronizationError
        If the file is damaged, of another format or another kind of model.
    """
    path = weights_path(weights)
    header = read_weights_header(path)
    if header["mcsurrogate.model"] != "clusters":
        raise HadronizationError(
            f"weights file {path} holds a model {header['mcsurrogate.model']!r}, not clusters"
        )
    try:
        with safe_open(path, framework="np") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        vertices = tensors.pop("vertex.code").astype(np.int64)
        masses = tensors.pop("vertex.mass").astype(np.float64)
        centre, scale = (float(x) for x in tensors.pop("mass.norm"))
        hidden, bins = len(tensors["kind.0.bias"]), int(header["spline.bins"])
        lowest = float(tensors.pop("angle.lowest")[0])
        tables = DecayTables.build(
            vertices, dict(zip(np.abs(vertices[:, 2]).tolist(), masses.tolist(), strict=True))
        )
        networks = ClusterNetworks(
            tables, hidden=hidden, bins=bins, lowest=lowest, centre=centre, scale=scale
        )
        share = (len(tensors["formation.share"]) - 1) // 3
        networks.formation = Formation(len(vertices), bins=share)
        state = {"exponent": torch.tensor(float(tensors.pop("hadron.exponent")[0]))}
        for name, values in tensors.items():
            head, _, rest = name.partition(".")
            if head == "domain":
                continue
            inside = "" if head == "formation" else "layers."
            state[f"{head}.{inside}{rest}"] = torch.from_numpy(values)
        networks.load_state_dict(state)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError, IndexError) as error:
        raise HadronizationError(
            f"weights file {path} cannot be read as a model of clusters: {error}"
        ) from error
    return networks
