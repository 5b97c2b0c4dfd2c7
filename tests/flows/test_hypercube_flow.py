# SPDX-License-Identifier: GPL-3.0-or-later
"""One property test for every kind of flow on the unit hypercube."""

import normflows as nf
import pytest
import torch

from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows import HypercubeFlow
from mcsurrogate.flows.masks import coupling_masks

KINDS = {
    "one dimension": {"dim": 1},
    "five dimensions": {"dim": 5},
    "periodic": {"dim": 4, "periodic": (True, False, True, False)},
    "all periodic": {"dim": 2, "periodic": (True, True)},
    "channels": {"dim": 3, "groups": (0, 1, 2)},
    "shared channels": {"dim": 3, "groups": (0, 1, 0)},
}


@pytest.fixture(params=KINDS, ids=lambda name: name.replace(" ", "-"))
def flow(request: pytest.FixtureRequest) -> HypercubeFlow:
    made = HypercubeFlow(seed=1, bins=6, marginal_bins=8, hidden=(16, 16), **KINDS[request.param])
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
    return made


def _channel(flow: HypercubeFlow, count: int) -> torch.Tensor | None:
    if flow.channels == 1:
        return None
    return torch.randint(flow.channels, (count,), generator=torch.Generator().manual_seed(7))


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-4), (torch.float64, 1e-10)])
def test_inverse_and_density(flow: HypercubeFlow, dtype: torch.dtype, tolerance: float) -> None:
    channel = _channel(flow, 1000)
    x, log_q = flow.sample(1000, channel, generator=torch.Generator().manual_seed(3), dtype=dtype)
    assert x.dtype == log_q.dtype == dtype
    assert x.min() >= 0
    assert x.max() <= 1
    z, log_det = flow.inverse_and_log_det(x, channel)
    again, log_back = flow.forward_and_log_det(z, channel)
    assert (again - x).abs().quantile(0.99) < tolerance
    assert (log_det - log_q).abs().median() < tolerance
    assert (log_det + log_back).abs().median() < tolerance


def test_normalised(flow: HypercubeFlow) -> None:
    """The density integrates to one: 5 standard deviations, false alarm 6e-7."""
    count = 40_000
    for channel in range(flow.channels):
        u = torch.rand(count, flow.dim, generator=torch.Generator().manual_seed(4)).double()
        with torch.no_grad():
            density = flow.log_prob(u, channel).exp()
        assert abs(float(density.mean()) - 1) < 5 * float(density.std()) / count**0.5


def test_density_is_the_jacobian(flow: HypercubeFlow) -> None:
    double = flow.double()
    channel = _channel(flow, 3)
    x, _ = double.sample(3, channel, generator=torch.Generator().manual_seed(5))
    for i in range(3):
        one = None if channel is None else channel[i : i + 1]
        jacobian = torch.autograd.functional.jacobian(
            lambda t, one=one: double.inverse_and_log_det(t[None], one)[0][0], x[i]
        )
        expected = torch.linalg.slogdet(jacobian)[1]
        torch.testing.assert_close(
            double.log_prob(x[i : i + 1], one)[0], expected, atol=1e-8, rtol=1e-8
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_edges_are_finite(flow: HypercubeFlow, dtype: torch.dtype) -> None:
    corners = torch.tensor([[0.0] * flow.dim, [1.0] * flow.dim], dtype=dtype)
    channel = _channel(flow, 2)
    loss = flow.log_prob(corners, channel).sum()
    assert torch.isfinite(loss)
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in flow.parameters() if p.grad is not None)
    x, log_det = flow.forward_and_log_det(corners, channel)
    assert torch.isfinite(x).all()
    assert torch.isfinite(log_det).all()


def test_same_seed_same_points(flow: HypercubeFlow) -> None:
    channel = _channel(flow, 50)
    first, second = (
        flow.sample(50, channel, generator=torch.Generator().manual_seed(6)) for _ in range(2)
    )
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])


def test_composes_in_normflows() -> None:
    """The layers work in a stock normflows model and give its densities."""
    flow = HypercubeFlow(3, seed=1, hidden=(8,))
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter += 0.1
    stock = nf.NormalizingFlow(nf.distributions.base.Uniform(3, 0.0, 1.0), list(flow.flows))
    x = torch.rand(20, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(stock.log_prob(x), flow.log_prob(x), atol=1e-5, rtol=1e-5)
    assert isinstance(flow, nf.NormalizingFlow)


def test_periodic_density_is_continuous_across_the_seam() -> None:
    flow = HypercubeFlow(2, periodic=(True, False), seed=3, hidden=(16,))
    with torch.no_grad():
        for name, parameter in flow.named_parameters():
            if "network" in name:
                parameter += 0.3 * torch.randn(
                    parameter.shape, generator=torch.Generator().manual_seed(parameter.numel())
                )
    other = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    below = torch.stack((torch.full_like(other, 1e-9), other), 1)
    above = torch.stack((torch.full_like(other, 1 - 1e-9), other), 1)
    torch.testing.assert_close(flow.log_prob(below), flow.log_prob(above), atol=1e-4, rtol=0)


def test_vegas_grid_start() -> None:
    """The elementwise layer follows the density of the grid that it starts from."""
    flow = HypercubeFlow(2, marginal_bins=40)
    # x = y^3 for the first axis: density (1/3) x^(-2/3)
    y = torch.linspace(0, 1, 257, dtype=torch.float64)
    flow.set_grid(0, torch.stack((y**3, y)))
    x = torch.tensor([[0.05, 0.5], [0.2, 0.1], [0.5, 0.9], [0.9, 0.2]], dtype=torch.float64)
    expected = (x[:, 0] ** (-2 / 3) / 3).log()
    torch.testing.assert_close(flow.log_prob(x).detach(), expected, atol=0.02, rtol=0)


@pytest.mark.parametrize("dim", [2, 3, 8, 13])
def test_masks_condition_every_dimension_on_every_other(dim: int) -> None:
    masks = coupling_masks(dim)
    for i in range(dim):
        for j in range(dim):
            if i != j:
                assert (masks[:, i] & ~masks[:, j]).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dim": 0}, "dim >= 1"),
        ({"dim": 2, "groups": (0, 2)}, "without gaps"),
        ({"dim": 2, "periodic": (True,)}, "1 entries for 2"),
    ],
)
def test_impossible_flows(arguments: dict, message: str) -> None:
    with pytest.raises(IntegrationError, match=message):
        HypercubeFlow(**arguments)


def test_points_of_the_wrong_shape() -> None:
    with pytest.raises(IntegrationError, match=r"not \(N, 3\)"):
        HypercubeFlow(3).log_prob(torch.zeros(5, 2))
    with pytest.raises(IntegrationError, match="say which"):
        HypercubeFlow(3, groups=(0, 1)).log_prob(torch.zeros(5, 3))
