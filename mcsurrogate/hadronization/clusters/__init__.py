"""Clusters and their neural decays: networks, tables, training by maximum likelihood."""

from mcsurrogate.hadronization.clusters.cards import ClusterCard
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks
from mcsurrogate.hadronization.clusters.single_clusters import decay_clusters

__all__ = [
    "ClusterCard",
    "ClusterNetworks",
    "decay_clusters",
]
