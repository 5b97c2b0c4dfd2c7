# SPDX-License-Identifier: GPL-3.0-or-later
"""Four-momentum algebra against definitions in higher precision and against vector."""

import numpy as np
import pytest
import torch
import vector

from mcsurrogate import kinematics as k


def _random(n, masses=(0.0, 5.0, 173.0), seed=5, scale=200.0):
    generator = torch.Generator().manual_seed(seed)
    three = scale * torch.randn(n, 3, generator=generator, dtype=torch.float64)
    mass = torch.tensor(masses, dtype=torch.float64)[torch.arange(n) % len(masses)]
    energy = (three.square().sum(1) + mass**2).sqrt()
    return torch.cat((energy[:, None], three), dim=1), mass


def test_against_vector():
    p, _ = _random(60)
    q, _ = _random(60, seed=6)
    array = [
        vector.array({"E": a[:, 0], "px": a[:, 1], "py": a[:, 2], "pz": a[:, 3]})
        for a in (p.numpy(), q.numpy())
    ]
    first, second = array
    pairs = [
        (k.transverse_momentum(p), first.pt),
        (k.azimuth(p), first.phi),
        (k.pseudorapidity(p), first.eta),
        (k.rapidity(p), first.rapidity),
        (k.invariant_mass_squared(p, q), (first + second).mass2),
        (k.delta_phi(p, q), first.deltaphi(second)),
        (k.delta_r(p, q), first.deltaR(second)),
        (k.delta_r(p, q, use_rapidity=True), first.deltaRapidityPhi(second)),
        (k.dot(p, q), first.dot(second)),
        (k.momentum(p), first.mag),
        (k.transverse_mass(p), first.mt),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-9, atol=1e-9)


def test_masses():
    p, mass = _random(90)
    np.testing.assert_allclose(k.mass(p).numpy(), mass.numpy(), atol=1e-5)
    assert (k.mass(torch.tensor([[1.0, 1.0, 0.0, 1e-9]])) == 0).all()


@pytest.mark.parametrize(
    "function",
    [
        k.mass_squared,
        k.transverse_mass,
        k.pseudorapidity,
        k.rapidity,
        k.azimuth,
        lambda p: k.delta_r(p, p.flip(0)),
    ],
)
def test_gradients(function):
    p, _ = _random(6, masses=(3.0, 40.0), scale=30.0)
    assert torch.autograd.gradcheck(function, (p.requires_grad_(),), atol=1e-4, rtol=1e-4)


def test_gradient_of_mass_at_zero_is_finite():
    p = torch.tensor([[1.0, 0.0, 0.0, 1.0]], dtype=torch.float64, requires_grad=True)
    k.mass(p).sum().backward()
    assert torch.isfinite(p.grad).all()


def test_single_precision():
    p, _ = _random(30)
    for function in (k.transverse_momentum, k.rapidity, k.azimuth):
        single = function(p.float())
        assert single.dtype == torch.float32
        torch.testing.assert_close(single.double(), function(p), rtol=1e-5, atol=1e-5)
