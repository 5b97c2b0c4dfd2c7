# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
import pythia8mc
import torch

from mcsurrogate.generators.hadronization import plugin_library
from mcsurrogate.generators.weights_file import write_weights
from mcsurrogate.hadronization.clusters.networks import ClusterNetworks
from mcsurrogate.hadronization.clusters.tables import DecayTables, vertices_of_hadrons
from mcsurrogate.hadronization.string_breaks.networks import FractionNetwork, StringBreakNetworks
from mcsurrogate.native import native_module

MESONS = (0, 111, 113, 211, 213, 221, 223, 311, 313, 321, 323, 331, 333, 411, 421, 431, 511, 521,
          531, 413, 423, 433, 513, 523, 533, 441, 443, 541, 543, 551, 553)  # fmt: skip
BARYONS = (0, 1114, 2112, 2114, 2212, 2214, 2224, 3112, 3114, 3122, 3212, 3214, 3222, 3224, 3312,
           3314, 3322, 3324, 3334)  # fmt: skip
CLUSTER_HADRONS = (
    111, 113, 211, 213, 221, 223, 311, 313, 321, 323, 331, 333, 411, 413, 421, 423, 431, 433, 511,
    513, 521, 523, 531, 533, 1114, 2112, 2114, 2212, 2214, 2224, 3112, 3114, 3122, 3212, 3214, 3222,
    3224, 3312, 3314, 3322, 3324, 3334, 4122, 4222, 4112, 4132, 4232, 5122, 5222, 5112, 5132, 5232,
)  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def _compiled_parts():
    # Everything here runs the plugin; without it the tests must fail, not be skipped.
    native_module()
    plugin_library()


@pytest.fixture(scope="session")
def good(tmp_path_factory):
    torch.manual_seed(1)
    networks = StringBreakNetworks(MESONS, BARYONS, FractionNetwork(8, 16, 0.0, 1.0))
    networks.range[..., 0], networks.range[..., 1] = -4.0, 4.0
    path = tmp_path_factory.mktemp("weights") / "random.safetensors"
    write_weights(
        path, model="string_breaks", tensors=networks.tensors(), metadata=networks.metadata(),
        card={},
    )  # fmt: skip
    return path


def random_cluster_networks(*, popcorn):
    data = pythia8mc.Pythia("", False).particleData
    masses = {code: data.m0(code) for code in CLUSTER_HADRONS}
    torch.manual_seed(1)
    networks = ClusterNetworks(
        DecayTables.build(vertices_of_hadrons(CLUSTER_HADRONS, popcorn=popcorn), masses),
        hidden=16, bins=6, lowest=-1.0, centre=0.8, scale=0.6,
    )  # fmt: skip
    for name in ("kind", "hadron", "peel", "pop", "mass", "angle"):
        torch.nn.init.normal_(getattr(networks, name).last.weight, 0.0, 0.3)
    return networks


@pytest.fixture(scope="session")
def cluster_networks():
    """Networks with random weights: every decay that flavours allow."""
    return random_cluster_networks(popcorn=False)


def written(networks, path):
    write_weights(
        path, model="clusters", tensors=networks.tensors(), metadata=networks.metadata(), card={}
    )
    return path


@pytest.fixture(scope="session")
def cluster_weights(cluster_networks, tmp_path_factory):
    return written(cluster_networks, tmp_path_factory.mktemp("clusters") / "random.safetensors")


@pytest.fixture(scope="session")
def popcorn_weights(tmp_path_factory):
    """As `cluster_weights`, where diquarks give quarks to mesons, too."""
    networks = random_cluster_networks(popcorn=True)
    return written(networks, tmp_path_factory.mktemp("clusters") / "popcorn.safetensors")
