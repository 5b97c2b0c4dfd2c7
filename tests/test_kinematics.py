"""Four-momentum algebra against definitions in higher precision and against vector."""

import math

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
        (k.invariant_mass(p, q), (first + second).mass),
        (k.delta_phi(p, q), first.deltaphi(second)),
        (k.delta_r(p, q), first.deltaR(second)),
        (k.delta_r(p, q, use_rapidity=True), first.deltaRapidityPhi(second)),
        (k.dot(p, q), first.dot(second)),
        (k.momentum(p), first.mag),
        (k.transverse_mass(p), first.mt),
        (k.cos_angle(p, q), np.cos(first.deltaangle(second))),
    ]
    for ours, theirs in pairs:
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-9, atol=1e-9)


def test_masses():
    p, mass = _random(90)
    np.testing.assert_allclose(k.mass(p).numpy(), mass.numpy(), atol=1e-5)
    assert (k.mass(torch.tensor([[1.0, 1.0, 0.0, 1e-9]])) == 0).all()


@pytest.mark.parametrize("angle", [1e-1, 1e-4, 1e-7])
@pytest.mark.parametrize("masses", [(0.0, 0.0), (0.0, 5.0), (3.0, 4.0)])
def test_pair_mass_of_collinear_pairs(angle, masses):
    """Against the same expression in 40 digits."""
    from decimal import Decimal, getcontext

    getcontext().prec = 60
    momenta = []
    for size, tilt, m in ((300.0, 0.0, masses[0]), (170.0, angle, masses[1])):
        px, pz = size * math.sin(tilt), size * math.cos(tilt)
        momenta.append((m, px, 0.0, pz))
    exact = [
        (Decimal(m) ** 2 + Decimal(px) ** 2 + Decimal(pz) ** 2).sqrt() for m, px, _, pz in momenta
    ]
    expected = (
        sum(exact) ** 2
        - (Decimal(momenta[0][1]) + Decimal(momenta[1][1])) ** 2
        - (Decimal(momenta[0][3]) + Decimal(momenta[1][3])) ** 2
    )
    p, q = (
        torch.tensor([[float(e), px, py, pz]], dtype=torch.float64)
        for e, (_, px, py, pz) in zip(exact, momenta, strict=True)
    )
    value = float(k.pair_mass_squared(p, q, *masses))
    assert value == pytest.approx(float(expected), rel=1e-8 if angle < 1e-6 else 1e-11)


def test_boosts():
    p, mass = _random(60)
    frame, _ = _random(60, masses=(20.0,), seed=8)
    moved = k.boost(p, frame)
    np.testing.assert_allclose(k.mass_squared(moved), mass.numpy() ** 2, atol=1e-6)
    torch.testing.assert_close(k.boost_to_rest_frame(moved, frame), p, rtol=1e-9, atol=1e-8)
    rest = torch.zeros_like(frame)
    rest[:, 0] = 20.0
    torch.testing.assert_close(k.boost(rest, frame), frame)
    # Invariants stay.
    q, _ = _random(60, seed=9)
    torch.testing.assert_close(k.dot(moved, k.boost(q, frame)), k.dot(p, q), rtol=1e-8, atol=1e-5)
    shift = torch.linspace(-3, 3, 60, dtype=torch.float64)
    boosted = k.boost_along_z(p, shift)
    torch.testing.assert_close(k.rapidity(boosted), k.rapidity(p) + shift, rtol=1e-10, atol=1e-9)
    torch.testing.assert_close(k.transverse_momentum(boosted), k.transverse_momentum(p))


def test_rotation():
    p, _ = _random(40)
    axis, _ = _random(40, seed=10)
    axis[0, 1:] = torch.tensor([0.0, 0.0, -2.0])  # along -z
    axis[1, 1:] = torch.tensor([0.0, 0.0, 2.0])
    z = torch.zeros_like(p)
    z[:, 3] = 1.0
    turned = k.rotate_from_z(z, axis)
    torch.testing.assert_close(
        turned[:, 1:], axis[:, 1:] / k.momentum(axis)[:, None], rtol=1e-12, atol=1e-12
    )
    q, _ = _random(40, seed=11)
    torch.testing.assert_close(
        k.dot(k.rotate_from_z(p, axis), k.rotate_from_z(q, axis)), k.dot(p, q), rtol=1e-9, atol=1e-7
    )
    torch.testing.assert_close(k.rotate_from_z(p, axis[1:2])[1], p[1])


def test_two_body_momentum_and_kallen():
    s = torch.tensor([400.0**2, 346.0**2 * (1 + 1e-14), 300.0**2], dtype=torch.float64)
    size = k.two_body_momentum(s, 173.0, 173.0)
    assert float(size[0]) == pytest.approx(math.sqrt(200.0**2 - 173.0**2), rel=1e-13)
    assert 0 <= float(size[1]) < 1e-4
    assert float(size[2]) == 0
    a, b, c = (torch.tensor(v, dtype=torch.float64) for v in (100.0, 9.0, 4.0))
    assert float(k.kallen(a, b, c)) == (100 - 9 - 4) ** 2 - 4 * 9 * 4
    root = k.two_body_momentum(a, 3.0, 2.0)
    assert float(root**2 * 4 * a) == pytest.approx(float(k.kallen(a, b, c)), rel=1e-13)


@pytest.mark.parametrize(
    "function",
    [
        k.mass_squared,
        k.transverse_mass,
        k.pseudorapidity,
        k.rapidity,
        k.azimuth,
        lambda p: k.boost(p, p.flip(0)),
        lambda p: k.rotate_from_z(p, p.flip(0)),
        lambda p: k.pair_mass_squared(p, p.flip(0) + 1.0, 1.0, 2.0),
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
