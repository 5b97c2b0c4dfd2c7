"""Chains: standard and surrogate Pythia 8 runs, the LHE feed and HepMC3 out."""
