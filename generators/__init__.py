# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains: standard and surrogate Pythia 8 runs, the LHE feed and HepMC3 out."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
