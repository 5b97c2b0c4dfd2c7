import pytest
import torch

from mcsurrogate.generators.hadronization import plugin_library
from mcsurrogate.generators.native import native_module
from mcsurrogate.hadronization.networks import FractionNetwork, StringBreakNetworks
from mcsurrogate.hadronization.weights_file import write_weights

MESONS = (0, 111, 113, 211, 213, 221, 223, 311, 313, 321, 323, 331, 333, 411, 421, 431, 511, 521,
          531, 413, 423, 433, 513, 523, 533, 441, 443, 541, 543, 551, 553)  # fmt: skip
BARYONS = (0, 1114, 2112, 2114, 2212, 2214, 2224, 3112, 3114, 3122, 3212, 3214, 3222, 3224, 3312,
           3314, 3322, 3324, 3334)  # fmt: skip
ZPOLE = (
    "Beams:idA = 11",
    "Beams:idB = -11",
    "Beams:eCM = 91.2",
    "PDF:lepton = off",
    "WeakSingleBoson:ffbar2gmZ = on",
    "23:onMode = off",
    "23:onIfAny = 1 2 3 4 5",
)
DIJETS = (
    "Beams:eCM = 13000",
    "HardQCD:all = on",
    "PhaseSpace:pTHatMin = 100",
)


@pytest.fixture(scope="session")
def zpole():
    return list(ZPOLE)


@pytest.fixture(scope="session")
def dijets():
    return list(DIJETS)


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
