# SPDX-License-Identifier: GPL-3.0-or-later
"""Two bodies: kinematics, volume, inverse, gradients."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.kinematics import mass_squared
from mcsurrogate.phase_space import HadronicPhaseSpace
from mcsurrogate.phase_space.invariants import BreitWigner, PowerLaw, Uniform

MAPPINGS = {
    "top pair": lambda: HadronicPhaseSpace(13000.0, (173.0, 173.0)),
    "unequal, log": lambda: HadronicPhaseSpace(8000.0, (80.4, 4.7), invariant=PowerLaw(1.0)),
    "massless, resonance": lambda: HadronicPhaseSpace(
        13000.0, (0.0, 0.0), s_min=50.0**2, invariant=BreitWigner(91.188, 2.44)
    ),
    "uniform": lambda: HadronicPhaseSpace(500.0, (0.0, 30.0), invariant=Uniform()),
    "partonic": lambda: HadronicPhaseSpace(1000.0, (173.0, 91.0), hadronic=False),
}


@pytest.fixture(params=MAPPINGS)
def mapping(request):
    return MAPPINGS[request.param]()


def _points(mapping, n, seed=1, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, mapping.dim, generator=generator, dtype=torch.float64).to(dtype)


def test_momenta(mapping):
    u = _points(mapping, 5000)
    u[3000:4000] = u[3000:4000] ** 12
    u[4000:] = 1 - u[4000:] ** 12
    point = mapping.forward(u)
    momenta = point.momenta
    incoming = momenta[:, :2].sum(1)
    balance = (incoming - momenta[:, 2:].sum(1)).abs().amax(1)
    assert float((balance / mass_squared(incoming).sqrt()).max()) < 1e-12
    for leg, m in enumerate((0.0, 0.0, *mapping.masses)):
        p = momenta[:3000, leg]
        off = (mass_squared(p) - m**2).abs() / p[:, 0] ** 2
        assert float(off.max()) < 1e-12
    half = mapping.sqrt_s / 2
    torch.testing.assert_close(momenta[:, 0, 3], point.x1 * half)
    torch.testing.assert_close(momenta[:, 1, 3], -point.x2 * half)
    assert ((point.x1 > 0) & (point.x1 <= 1) & (point.x2 > 0) & (point.x2 <= 1)).all()
    assert (point.jacobian >= 0).all()


def test_inverse(mapping):
    u = _points(mapping, 5000)
    point = mapping.forward(u)
    back, jacobian = mapping.inverse(point.momenta, point.x1, point.x2)
    torch.testing.assert_close(back, u, rtol=0, atol=1e-9)
    torch.testing.assert_close(jacobian, point.jacobian, rtol=1e-8, atol=0)


def test_volume(mapping):
    """The mean of the jacobian is the volume; 4.5 sigma is a false alarm in 1.5e5."""
    n = 400_000
    jacobian = mapping.forward(_points(mapping, n)).jacobian
    s_h = mapping.sqrt_s**2
    m3, m4 = mapping.masses

    def two_body(s):
        return math.sqrt(max((s - (m3 + m4) ** 2) * (s - (m3 - m4) ** 2), 0.0)) / (8 * math.pi * s)

    if mapping.dim == 2:
        exact = two_body(s_h)
        assert float(jacobian.mean()) == pytest.approx(exact, rel=1e-12)
        return
    low = mapping.luminosity.s_min
    # dx1 dx2 = ds/S dy, and the rapidity has the range log(S/s).
    exact, _ = integrate.quad(
        lambda t: math.exp(t) / s_h * math.log(s_h / math.exp(t)) * two_body(math.exp(t)),
        math.log(low),
        math.log(s_h),
        limit=200,
    )
    error = float(jacobian.std()) / math.sqrt(n)
    assert abs(float(jacobian.mean()) - exact) < 4.5 * error


def test_gradients(mapping):
    u = (0.05 + 0.9 * _points(mapping, 4)).requires_grad_()

    def outputs(v):
        point = mapping.forward(v)
        return point.momenta / mapping.sqrt_s, point.x1, point.x2, point.jacobian

    assert torch.autograd.gradcheck(outputs, (u,), rtol=1e-4, atol=1e-7)


def test_jacobian_is_the_determinant():
    """d(x1, x2, cos, phi)/du by autograd times the two-body volume."""
    mapping = MAPPINGS["top pair"]()
    u = 0.05 + 0.9 * _points(mapping, 20)
    point = mapping.forward(u)

    def physical(v):
        p = mapping.forward(v[None])
        x1, x2 = p.x1[0], p.x2[0]
        stretch = (x1 / x2).sqrt()
        e, px, py, pz = p.momenta[0, 2]
        pz = 0.5 * ((e + pz) / stretch - (e - pz) * stretch)
        size = (px**2 + py**2 + pz**2).sqrt()
        return torch.stack((x1, x2, pz / size, torch.atan2(py, px)))

    for i in range(len(u)):
        determinant = torch.linalg.det(torch.autograd.functional.jacobian(physical, u[i])).abs()
        s = point.x1[i] * point.x2[i] * mapping.sqrt_s**2
        beta = (1 - 4 * 173.0**2 / s).sqrt()
        expected = determinant * beta / (32 * math.pi**2)
        assert float(point.jacobian[i]) == pytest.approx(float(expected), rel=1e-7)


def test_edges_and_single_precision(mapping):
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * mapping.dim)
    for dtype in (torch.float64, torch.float32):
        point = mapping.forward(corners.to(dtype))
        for tensor in (point.momenta, point.x1, point.x2, point.jacobian):
            assert tensor.dtype == dtype
            assert torch.isfinite(tensor).all()
    u = _points(mapping, 1000)
    single, double = mapping.forward(u.float()), mapping.forward(u.float().double())
    scale = double.momenta[:, :2, 0].sum(1)[:, None, None]
    assert float(((single.momenta - double.momenta) / scale).abs().max()) < 3e-4


def test_impossible_requests():
    for arguments in (
        (300.0, (173.0, 173.0)),
        (13000.0, (173.0,)),
        (13000.0, (-1.0, 173.0)),
        (13000.0, (0.0, 0.0)),
        (13000.0, (math.inf, 0.0)),
        (math.nan, (1.0, 1.0)),
    ):
        with pytest.raises(PhaseSpaceError):
            HadronicPhaseSpace(*arguments)
    with pytest.raises(PhaseSpaceError, match="not enough"):
        HadronicPhaseSpace(13000.0, (1.0, 1.0), s_min=13001.0**2)
    mapping = HadronicPhaseSpace(13000.0, (173.0, 173.0))
    with pytest.raises(PhaseSpaceError, match="expected"):
        mapping.forward(torch.zeros(3, 5))


def test_periodic_in_the_last_dimension(mapping):
    assert mapping.periodic[-1]
    assert not any(mapping.periodic[:-1])
    assert len(mapping.names) == mapping.dim
    u = _points(mapping, 50)
    low, high = u.clone(), u.clone()
    low[:, -1], high[:, -1] = 0.0, 1.0
    np.testing.assert_allclose(
        mapping.forward(low).momenta, mapping.forward(high).momenta, rtol=1e-9, atol=1e-9
    )
