"""Settings of Pythia that tests of several rooms share."""

import pytest


@pytest.fixture(scope="session")
def zpole() -> list[str]:
    """Hadronic Z decays at the peak, without radiation off the beams."""
    return [
        "Beams:idA = 11",
        "Beams:idB = -11",
        "Beams:eCM = 91.2",
        "PDF:lepton = off",
        "WeakSingleBoson:ffbar2gmZ = on",
        "23:onMode = off",
        "23:onIfAny = 1 2 3 4 5",
    ]


@pytest.fixture(scope="session")
def dijets() -> list[str]:
    """Hard jets at 13 TeV."""
    return ["Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 100"]
