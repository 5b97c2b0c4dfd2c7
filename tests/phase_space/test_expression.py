# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of observables against loops over particles with the package vector."""

import math
from itertools import combinations

import pytest
import torch
import vector

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space import DYNAMIC_SCALES, Expression, HadronicPhaseSpace, KtClustering

LEGS = {"t": ((2,), None), "j": ((3, 4, 5), None)}
LEGS |= {f"j{place}": ((3, 4, 5), place) for place in (1, 2, 3)}
EVENTS = {name: DYNAMIC_SCALES[name] for name in ("ht", "sum_mt", "sqrt_shat")}


@pytest.fixture(scope="module")
def momenta():
    mapping = HadronicPhaseSpace(13000.0, (173.0, 0.0, 0.0, 0.0))
    generator = torch.Generator().manual_seed(4)
    return mapping.forward(torch.rand(50, mapping.dim, generator=generator).double()).momenta


def particles(event):
    return [vector.obj(E=e, px=x, py=y, pz=z) for e, x, y, z in event.tolist()]


def ordered(p):
    return sorted(p[3:], key=lambda q: -q.pt)


EXPECTED = {
    "pt(j1)^2": lambda p: ordered(p)[0].pt ** 2,
    "pt(j3) + 2 * eta(t)": lambda p: ordered(p)[2].pt + 2 * p[2].eta,
    "pt(j)": lambda p: (p[3] + p[4] + p[5]).pt,
    "ht(j)": lambda p: p[3].pt + p[4].pt + p[5].pt,
    "ht(j1, j2)": lambda p: ordered(p)[0].pt + ordered(p)[1].pt,
    "sum_mt(t, j1)": lambda p: p[2].mt + ordered(p)[0].mt,
    "mass(t, j1)": lambda p: (p[2] + ordered(p)[0]).mass,
    "mt(t)": lambda p: p[2].mt,
    "rapidity(j2) - energy(t)": lambda p: ordered(p)[1].rapidity - p[2].E,
    "delta_r(j1, t)": lambda p: ordered(p)[0].deltaR(p[2]),
    "delta_phi(j1, j2)": lambda p: abs(ordered(p)[0].deltaphi(ordered(p)[1])),
    "delta_eta(j1, j2)": lambda p: abs(ordered(p)[0].deltaeta(ordered(p)[1])),
    "max(pt(j1), 500) / min(ht, sqrt_shat)": lambda p: (
        max(ordered(p)[0].pt, 500) / min(sum(q.pt for q in p[2:]), (p[0] + p[1]).mass)
    ),
    "sqrt(abs(log(ht)) - exp(-1))": lambda p: math.sqrt(
        abs(math.log(sum(q.pt for q in p[2:]))) - math.exp(-1)
    ),
    "2^3^2": lambda _: 512.0,
}


@pytest.mark.parametrize("text", EXPECTED)
def test_values(momenta, text):
    found = Expression(text, LEGS.__getitem__, EVENTS)(momenta)
    assert found.shape == (50,)
    for value, event in zip(found.tolist(), momenta, strict=True):
        assert value == pytest.approx(EXPECTED[text](particles(event)), rel=1e-9)


def test_refused():
    with pytest.raises(PhaseSpaceError, match="cannot use"):
        Expression("foo + 1", LEGS.__getitem__, EVENTS)


def clustered(jets, fixed):
    """The same clustering in plain Python."""
    jets = list(jets)
    while jets and len(jets) + len(fixed) > 2:
        pairs = {
            (i, j): min(jets[i].pt, jets[j].pt) * math.hypot(
                jets[i].rapidity - jets[j].rapidity, jets[i].deltaphi(jets[j])
            )
            for i, j in combinations(range(len(jets)), 2)
        }  # fmt: skip
        i, j = min(pairs, key=pairs.get, default=(0, 0))
        soft = min(range(len(jets)), key=lambda k: jets[k].pt)
        if not pairs or jets[soft].pt < pairs[i, j]:
            del jets[soft]
        else:
            jets[i] = jets[i] + jets[j]
            del jets[j]
    left = [*jets, *fixed]
    return math.prod(q.mt for q in left) ** (1 / len(left))


@pytest.mark.parametrize(
    ("jets", "colourless", "heavy"),
    [((3, 4, 5), (), (2,)), ((3, 4, 5), (2,), ()), ((3,), (4, 5), (2,)), ((2, 3, 4, 5), (), ()),
     ((), (2, 3, 4, 5), ()), ((4, 5), (2, 3), ())],
)  # fmt: skip
def test_kt_clustering(momenta, jets, colourless, heavy):
    found = KtClustering(jets, colourless, heavy)(momenta)
    assert found.shape == (50,)
    for value, event in zip(found.tolist(), momenta, strict=True):
        p = particles(event)
        fixed = [p[leg] for leg in heavy]
        if colourless:
            system = p[colourless[0]]
            for leg in colourless[1:]:
                system = system + p[leg]
            fixed.append(system)
        assert value == pytest.approx(clustered([p[leg] for leg in jets], fixed), rel=1e-9)
