# SPDX-License-Identifier: GPL-3.0-or-later
"""Scales against loops over particles."""

import math

import pytest
import torch
import vector

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space import DYNAMIC_SCALES, HadronicPhaseSpace, scale


@pytest.fixture(scope="module")
def momenta():
    mapping = HadronicPhaseSpace(13000.0, (173.0, 80.4, 0.0))
    generator = torch.Generator().manual_seed(4)
    return mapping.forward(torch.rand(50, mapping.dim, generator=generator).double()).momenta


EXPECTED = {
    "ht": lambda p: sum(q.pt for q in p[2:]),
    "ht/2": lambda p: sum(q.pt for q in p[2:]) / 2,
    "sum_mt": lambda p: sum(q.mt for q in p[2:]),
    "sum_mt/2": lambda p: sum(q.mt for q in p[2:]) / 2,
    "transverse_energy": lambda p: sum(q.E * math.sin(q.theta) for q in p[2:]),
    "sqrt_shat": lambda p: (p[0] + p[1]).mass,
}


@pytest.mark.parametrize("name", DYNAMIC_SCALES)
def test_dynamic(momenta, name):
    values = scale(name)(momenta)
    doubled = scale(name, 2.0)(momenta)
    torch.testing.assert_close(doubled, 2 * values)
    for value, event in zip(values.tolist(), momenta.numpy(), strict=True):
        p = [vector.obj(E=e, px=x, py=y, pz=z) for e, x, y, z in event]
        assert value == pytest.approx(EXPECTED[name](p), rel=1e-9)


def test_fixed(momenta):
    assert scale(91.188)(momenta) == 91.188
    assert scale(91.188, 0.5)(momenta) == pytest.approx(45.594)
    assert scale(91.188).name == "91.188 GeV"
    assert scale("ht/2", 2.0).name == "2 * ht/2"


@pytest.mark.parametrize("choice", [0.0, -1.0, math.nan, math.inf, "HT", ""])
def test_impossible(choice):
    with pytest.raises(PhaseSpaceError):
        scale(choice)


def test_impossible_factor():
    with pytest.raises(PhaseSpaceError, match="factor"):
        scale("ht", 0.0)
