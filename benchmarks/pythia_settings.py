# SPDX-License-Identifier: GPL-3.0-or-later
"""Pythia settings that several benchmarks share."""

LEPTONS = ["Beams:idA = 11", "Beams:idB = -11", "Beams:eCM = 91.2", "PDF:lepton = off"]
"""e+ e- at the Z pole, without radiation off the beams."""
HADRONIC_Z = ["WeakSingleBoson:ffbar2gmZ = on", "23:onMode = off", "23:onIfAny = 1 2 3 4 5"]
ZPOLE = [*LEPTONS, *HADRONIC_Z]
DIJETS = ["Beams:eCM = 13000", "HardQCD:all = on", "PhaseSpace:pTHatMin = 100"]
