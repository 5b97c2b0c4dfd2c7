# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import torch

from mcsurrogate.hadronization.spline import unit_spline_log_density
from mcsurrogate.hadronization.string_breaks.networks import FractionNetwork


def outputs(bins, scale, dtype=torch.float64, seed=3):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(3 * bins + 1, 1, generator=generator, dtype=dtype)


@pytest.mark.parametrize("bins", [2, 8, 16])
@pytest.mark.parametrize("scale", [0.0, 1.0, 3.0])
def test_the_density_integrates_to_one(bins, scale):
    # Midpoint rule on 400,000 points; the density is continuous with kinks at the knots.
    points = 400_000
    x = (torch.arange(points, dtype=torch.float64) + 0.5) / points
    density = unit_spline_log_density(outputs(bins, scale).expand(-1, points), x).exp()
    assert density.mean().item() == pytest.approx(1.0, abs=2e-5)
    assert (density > 0).all()


def test_zero_outputs_have_knots_of_slope_one():
    x = torch.linspace(0.01, 0.99, 50, dtype=torch.float64)
    density = unit_spline_log_density(torch.zeros(25, 50, dtype=torch.float64), x).exp()
    torch.testing.assert_close(density, torch.ones_like(density), atol=2e-4, rtol=0)


@pytest.mark.parametrize("edge", [0.0, 1e-12, 1.0 - 1e-7, 1.0])
def test_finite_at_the_edges_with_gradients(edge):
    raw = outputs(16, 4.0, torch.float32).requires_grad_()
    value = unit_spline_log_density(raw, torch.tensor([edge]))
    value.backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(raw.grad).all()


def test_gradients_are_the_finite_differences():
    x = torch.tensor([0.05, 0.31, 0.77], dtype=torch.float64)
    raw = outputs(5, 1.0).repeat(1, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda r: unit_spline_log_density(r, x), (raw,))


def test_exported_layers_are_the_same_function():
    torch.manual_seed(0)
    network = FractionNetwork(8, 16, 0.3, 1.7)
    with torch.no_grad():
        network.rest.last.weight.normal_()
    tensors = network.tensors("fraction")
    old, new, log_mass = torch.tensor([3]), torch.tensor([7]), torch.tensor([0.9])
    x = np.zeros(29)
    x[3], x[16 + 7], x[28] = 1.0, 1.0, (0.9 - 0.3) / 1.7
    for i in range(3):
        x = tensors[f"fraction.{i}.weight"] @ x + tensors[f"fraction.{i}.bias"]
        if i < 2:
            x = x / (1.0 + np.exp(-x))
    expected = network(old, new, log_mass).detach().numpy()[:, 0]
    np.testing.assert_allclose(x, expected, rtol=2e-5, atol=1e-5)
