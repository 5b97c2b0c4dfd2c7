# SPDX-License-Identifier: GPL-3.0-or-later
"""Hadrons that the matched training has not seen, put into the networks beside one that it has."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mcsurrogate.errors import HadronizationError
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks, Formation
from mcsurrogate.hadronization.clusters.tables import DecayTables, vertices_of_hadrons
from mcsurrogate.hadronization.fit_cards import AddedHadron

__all__ = ["with_added_hadrons"]

#: Tensors with one row for each vertex: logarithms of rates are added to the vectors.
_WEIGHTS = ("hadron.layers.2.weight", "peel.layers.2.weight")
_LOGITS = ("hadron.layers.2.bias", "peel.layers.2.bias", "formation.single_hadron")


def with_added_hadrons(
    networks: ClusterNetworks, added: Sequence[AddedHadron], masses: Mapping[int, float]
) -> ClusterNetworks:
    """Networks that make more hadrons, each at first like one that they make already.

    Vertices of an added hadron get the weights of the vertices of the one it is like, with the
    logarithm of its rate added, so its dependence on mass and flavours of the cluster is the same
    up to phase space. A fit to events finds the rates.

    Parameters
    ----------
    networks
        Left as they are.
    added
        The hadrons.
    masses
        Reference masses of added hadrons in GeV, by code without sign.

    Raises
    ------
    HadronizationError
        If a hadron is there already, or the one that it should be like is not there or has other
        flavours.
    """
    tables = networks.tables
    old = {tuple(vertex): i for i, vertex in enumerate(tables.vertices.tolist())}
    rows, sources, rates = [], [], []
    for hadron in added:
        if np.isin(np.abs(tables.vertices[:, 2]), hadron.hadron).any():
            raise HadronizationError(
                f"hadron {hadron.hadron} cannot be added: clusters decay into it already"
            )
        twins = [
            (vertex, old.get((vertex[0], vertex[1], int(math.copysign(hadron.like, vertex[2])))))
            for vertex in vertices_of_hadrons([hadron.hadron], popcorn=True).tolist()
        ]
        found = [(vertex, source) for vertex, source in twins if source is not None]
        if not found:
            raise HadronizationError(
                f"hadron {hadron.hadron} cannot be added like {hadron.like}: clusters do not decay "
                "into that, or its flavours are others"
            )
        for vertex, source in found:
            rows.append(vertex)
            sources.append(source)
            rates.append(math.log(hadron.rate))
    codes = np.abs(tables.vertices[:, 2]).tolist()
    known = dict(zip(codes, tables.hadron_mass.tolist(), strict=True))
    vertices = np.concatenate([tables.vertices, np.array(rows, dtype=np.int64).reshape(-1, 3)])
    return _grown(
        networks,
        DecayTables.build(vertices, {**known, **masses}),
        np.array(sources, dtype=np.int64),
        torch.tensor(rates),
    )


def _grown(
    networks: ClusterNetworks, tables: DecayTables, sources: NDArray[np.int64], rates: Tensor
) -> ClusterNetworks:
    grown = ClusterNetworks(
        tables,
        hidden=networks.kind.last.in_features,
        bins=networks.bins,
        lowest=networks.lowest,
        centre=networks.centre,
        scale=networks.scale,
    )
    bins = (networks.formation.share.numel() - 1) // 3
    grown.formation = Formation(len(tables.vertices), bins=bins)
    state = dict(networks.state_dict())
    for name in (*_WEIGHTS, *_LOGITS):
        copies = state[name][torch.from_numpy(sources)]
        state[name] = torch.cat([state[name], copies + rates if name in _LOGITS else copies])
    grown.load_state_dict(state)
    return grown
