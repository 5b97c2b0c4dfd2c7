# SPDX-License-Identifier: GPL-3.0-or-later
"""The kT of pairs: its value, and the bound that it puts on masses."""

import torch
import vector

from mcsurrogate.phase_space import Cut, Cuts, HadronicPhaseSpace

KT = 12.0


def test_cut_and_bound() -> None:
    mapping = HadronicPhaseSpace(500.0, (0.0, 0.0, 91.0))
    generator = torch.Generator().manual_seed(4)
    momenta = mapping.forward(torch.rand(5000, mapping.dim, generator=generator).double()).momenta
    cuts = Cuts((2, -2, 21, 21, 23), [Cut("kt", ("jets",), minimum=KT)], masses=(0.0, 0.0, 91.0))
    keep = cuts(momenta)
    mass = []
    for event, kept in zip(momenta[:, 2:4].tolist(), keep.tolist(), strict=True):
        p, q = (vector.obj(E=e, px=x, py=y, pz=z) for e, x, y, z in event)
        assert kept == (min(p.pt, q.pt) * p.deltaRapidityPhi(q) >= KT)
        mass += [(p + q).mass] if kept else []
    assert 200 < len(mass) < 4900
    assert 0.4 * KT < cuts.least_mass(frozenset((2, 3))) <= min(mass)
