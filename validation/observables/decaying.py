# SPDX-License-Identifier: GPL-3.0-or-later
"""Leptons and heavy hadrons that decay weakly, as categories of several observables."""

__all__ = ["HEAVY_AND_WEAK"]

HEAVY_AND_WEAK: tuple[tuple[str, int], ...] = (
    (r"$\tau$", 15),
    ("$D^+$", 411),
    ("$D^0$", 421),
    ("$D_s$", 431),
    (r"$\Lambda_c$", 4122),
    ("$B^+$", 521),
    ("$B^0$", 511),
    ("$B_s$", 531),
    (r"$\Lambda_b$", 5122),
)
"""Label and PDG id."""
