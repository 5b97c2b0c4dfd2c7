# SPDX-License-Identifier: GPL-3.0-or-later
"""Rational-quadratic splines: inverse, derivative, gradients, edges and knots."""

import pytest
import torch

from mcsurrogate.flows.spline import spline_forward, spline_inverse, spline_parameters


def _raw(bins: int, points: int, spread: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(bins)
    return spread * torch.randn(2, 3 * bins + 1, 3, points, generator=generator, dtype=dtype)


def _knots(raw: torch.Tensor) -> torch.Tensor:
    """Left edge of every bin of the first spline."""
    probe = torch.linspace(0, 1, 2001, dtype=raw.dtype).expand(2, 3, -1)
    one = raw[..., :1].expand(-1, -1, -1, probe.shape[-1]).contiguous()
    return spline_parameters(one, probe, by_height=False)[0][0, 0].unique()


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 3e-5), (torch.float64, 1e-12)])
@pytest.mark.parametrize("bins", [1, 2, 10])
def test_inverse(bins: int, dtype: torch.dtype, tolerance: float) -> None:
    raw = _raw(bins, 500, 1.0, dtype)
    x = torch.rand(2, 3, 500, generator=torch.Generator().manual_seed(1), dtype=dtype)
    y, log_slope = spline_forward(x, raw)
    back, log_inverse = spline_inverse(y, raw)
    # where the spline is flat the argument is ill-conditioned, its value is not
    assert (spline_forward(back, raw)[0] - y).abs().max() < tolerance
    assert (back - x).abs().median() < tolerance
    assert (log_slope + log_inverse).abs().median() < tolerance


def test_zero_parameters_are_the_identity() -> None:
    x = torch.rand(1, 4, 100, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    y, log_slope = spline_forward(x, torch.zeros(1, 31, 4, 100, dtype=torch.float64))
    torch.testing.assert_close(y, x, atol=1e-14, rtol=0)
    torch.testing.assert_close(log_slope, torch.zeros_like(x), atol=1e-13, rtol=0)


@pytest.mark.parametrize("spread", [1.0, 30.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_edges_and_knots_are_finite(dtype: torch.dtype, spread: float) -> None:
    bins = 10
    raw = _raw(bins, 1, spread, dtype)
    knots = _knots(raw)
    tiny = torch.finfo(dtype).eps
    special = torch.cat((torch.tensor([0.0, tiny, 1 - tiny, 1.0], dtype=dtype), knots))
    x = special.expand(2, 3, -1).contiguous().requires_grad_()
    full = raw.expand(-1, -1, -1, len(special)).contiguous().requires_grad_()
    for function in (spline_forward, spline_inverse):
        value, log_slope = function(x, full)
        assert torch.isfinite(value).all()
        assert torch.isfinite(log_slope).all()
        assert value.min() >= 0
        assert value.max() <= 1
        (value.sum() + log_slope.sum()).backward()
        assert torch.isfinite(x.grad).all()
        assert torch.isfinite(full.grad).all()


def test_ends_are_fixed() -> None:
    raw = _raw(10, 2, 2.0)
    ends = torch.tensor([0.0, 1.0], dtype=torch.float64).expand(2, 3, 2).contiguous()
    torch.testing.assert_close(spline_forward(ends, raw)[0], ends, atol=1e-12, rtol=0)


def test_log_slope_is_the_derivative() -> None:
    raw = _raw(6, 200, 1.0)
    x = torch.rand(2, 3, 200, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    x.requires_grad_()
    y, log_slope = spline_forward(x, raw)
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(slope.log(), log_slope.detach(), atol=1e-9, rtol=1e-9)


def test_continuous_at_knots() -> None:
    raw = _raw(10, 1, 1.0)
    knots = _knots(raw)[1:]
    pair = torch.stack((knots - 1e-9, knots + 1e-9)).flatten()
    x = pair.expand(2, 3, -1).contiguous()
    y, log_slope = spline_forward(x, raw.expand(-1, -1, -1, len(pair)).contiguous())
    assert (y[0, 0, : len(knots)] - y[0, 0, len(knots) :]).abs().max() < 1e-6
    # the derivative is continuous as well: the spline is once differentiable
    assert (log_slope[0, 0, : len(knots)] - log_slope[0, 0, len(knots) :]).abs().max() < 1e-5


@pytest.mark.parametrize("function", [spline_forward, spline_inverse])
def test_gradients(function) -> None:
    """The closed-form backward pass against finite differences."""
    raw = _raw(4, 3, 1.0).requires_grad_()
    x = torch.rand(2, 3, 3, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    assert torch.autograd.gradcheck(function, (x.requires_grad_(), raw), atol=1e-6)
