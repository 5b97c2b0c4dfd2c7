# SPDX-License-Identifier: GPL-3.0-or-later
"""The mass ratios of RAMBO on diet: exact solution, inverse, gradient."""

import pytest
import torch

from mcsurrogate.phase_space.flat_masses import mass_ratio, mass_ratio_fraction


@pytest.mark.parametrize("left", range(2, 13))
def test_solution_and_inverse(left):
    p = left - 1
    edges = torch.logspace(-14, -2, 200, dtype=torch.float64)
    u = (
        torch.cat((edges, torch.linspace(0.01, 0.99, 2001, dtype=torch.float64), 1 - edges))
        .sort()[0]
        .unique()
    )
    v, slope = mass_ratio(u, left)
    residual = v**p * ((p + 1) - p * v) - u
    assert float(residual.abs().max()) < 1e-14
    back, same = mass_ratio_fraction(v, left)
    torch.testing.assert_close(back, u, rtol=0, atol=1e-14)
    torch.testing.assert_close(same, slope)
    assert (v[1:] > v[:-1]).all()


def test_beta_distribution():
    """v is distributed like Beta(p, 2): its mean is p/(p + 2)."""
    u = (torch.arange(100_000, dtype=torch.float64) + 0.5) / 100_000
    for left in (2, 3, 6):
        v, _ = mass_ratio(u, left)
        assert float(v.mean()) == pytest.approx((left - 1) / (left + 1), abs=1e-6)


def test_gradient_and_single_precision():
    u = torch.tensor([0.02, 0.3, 0.55, 0.9], dtype=torch.float64, requires_grad=True)
    for left in (2, 3, 5):
        assert torch.autograd.gradcheck(lambda x, n=left: mass_ratio(x, n), (u,))
        single, _ = mass_ratio(u.detach().float(), left)
        torch.testing.assert_close(
            single.double(), mass_ratio(u.detach(), left)[0], rtol=1e-5, atol=1e-6
        )
