# SPDX-License-Identifier: GPL-3.0-or-later
"""One-dimensional maps: limits, inverse, jacobian, and the density that they promise."""

import math

import pytest
import torch

from mcsurrogate.errors import PhaseSpaceError
from mcsurrogate.phase_space.competing import Mixture, shoulder
from mcsurrogate.phase_space.invariants import BreitWigner, PowerLaw, Uniform


def _normalised(s, centre, gamma):
    """Breit-Wigner with integral one from 100 to 40100 GeV^2."""
    angle = math.atan((40100.0 - centre) / gamma) - math.atan((100.0 - centre) / gamma)
    return gamma / angle / ((s - centre) ** 2 + gamma**2)


MAPS = {
    "uniform": (Uniform(), lambda s: torch.ones_like(s)),
    "power 0.8": (PowerLaw(0.8, -0.01), lambda s: (s + 0.01) ** -0.8),
    "logarithm": (PowerLaw(1.0, -3.0), lambda s: 1 / (s + 3)),
    "power 2": (PowerLaw(2.0), lambda s: s**-2.0),
    "power 0.5 at the pole": (PowerLaw(0.5), lambda s: s**-0.5),
    "resonance": (BreitWigner(91.2, 2.5), lambda s: 1 / ((s - 91.2**2) ** 2 + (91.2 * 2.5) ** 2)),
    "above a threshold": (
        shoulder(100.0),
        lambda s: 1 / ((s - 1.2e4) ** 2 + 3e3**2),
    ),
    "photon or Z boson": (
        Mixture([Uniform(), BreitWigner(91.2, 2.5)]),
        lambda s: 1 / 4e4 + _normalised(s, 91.2**2, 91.2 * 2.5),
    ),
    "Higgs boson or its decay products": (
        Mixture([BreitWigner(125.0, 0.006), shoulder(182.4)]),
        lambda s: _normalised(s, 125.0**2, 0.75) + _normalised(s, 1.2 * 182.4**2, 0.3 * 182.4**2),
    ),
    "narrow resonance": (BreitWigner(125.0, 0.006), lambda s: 1 / ((s - 125.0**2) ** 2 + 0.75**2)),
}


@pytest.fixture(params=MAPS)
def case(request):
    invariant, density = MAPS[request.param]
    low = 0.0 if "pole" in request.param else 100.0
    return invariant, density, low


def _limits(low, n=400):
    return torch.full((n,), low, dtype=torch.float64), torch.full((n,), 4e4, dtype=torch.float64)


def test_inverse_and_limits(case):
    invariant, _, low = case
    start, width = _limits(low)
    u = torch.linspace(0, 1, 400, dtype=torch.float64)
    x, slope = invariant.forward(u, start, width)
    assert (x[1:] > x[:-1]).all()
    assert float(x[0]) == pytest.approx(0.0, abs=1e-9)
    assert float(x[-1]) == pytest.approx(4e4, rel=1e-9)
    back, same = invariant.inverse(x, start, width)
    torch.testing.assert_close(back, u, rtol=0, atol=1e-10)
    torch.testing.assert_close(same[1:-1], slope[1:-1], rtol=1e-7, atol=0)
    alone = invariant.jacobian(x, start, width)
    torch.testing.assert_close(alone, same, rtol=1e-10, atol=0)


def test_density(case):
    invariant, density, low = case
    start, width = _limits(low)
    u = 0.01 + 0.98 * torch.rand(400, generator=torch.Generator().manual_seed(1)).double()
    x, slope = invariant.forward(u, start, width)
    product = slope * density(start + x)
    assert float(product.std() / product.mean()) < 1e-7


def test_gradient(case):
    invariant, _, low = case
    start, width = _limits(low, 5)
    u = torch.linspace(0.2, 0.8, 5, dtype=torch.float64)
    inputs = [t.requires_grad_() for t in (u, start + 1.0, width)]
    assert torch.autograd.gradcheck(invariant.forward, inputs, rtol=1e-4, atol=1e-3)


def test_points_that_are_found_stay(monkeypatch):
    """Two photon poles: a handful of steps; 46 when each step moved the others away again."""
    mixture, calls = Mixture([PowerLaw(0.8, -0.01), PowerLaw(0.8, -8315.0)]), []
    inverse = mixture.inverse
    monkeypatch.setattr(mixture, "inverse", lambda *a: calls.append(1) or inverse(*a))
    u = torch.rand(1000, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mixture.forward(u, *_limits(0.0, 1000))
    assert 3 < len(calls) < 12


@pytest.mark.parametrize("power", [0.3, 0.8, 1.0, 1.7])
def test_narrow_range_keeps_its_digits(power):
    """At a relative width of 1e-9 a power law is a straight line."""
    low = torch.full((50,), 1e6, dtype=torch.float64)
    width = torch.full((50,), 1e-3, dtype=torch.float64)
    u = torch.linspace(0, 1, 50, dtype=torch.float64)
    x, slope = PowerLaw(power).forward(u, low, width)
    torch.testing.assert_close(x, u * width, rtol=1e-8, atol=1e-14)
    torch.testing.assert_close(slope, width, rtol=1e-8, atol=0)
    back, _ = PowerLaw(power).inverse(x, low, width)
    torch.testing.assert_close(back, u, rtol=0, atol=1e-12)


def test_impossible_requests():
    for build in (
        lambda: PowerLaw(-0.1),
        lambda: PowerLaw(math.nan),
        lambda: PowerLaw(1.0, math.inf),
        lambda: BreitWigner(0.0, 1.0),
        lambda: BreitWigner(91.0, 0.0),
    ):
        with pytest.raises(PhaseSpaceError):
            build()
