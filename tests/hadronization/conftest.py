import pytest

from mcsurrogate.generators.hadronization import plugin_library
from mcsurrogate.generators.native import native_module

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
