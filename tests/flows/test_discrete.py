# SPDX-License-Identifier: GPL-3.0-or-later
"""Discrete dimensions: exact normalisation, sampling, grid start, and what is refused."""

import pytest
import torch

from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows import HypercubeFlow, discrete_value

SIZES = {
    "one among continuous": (0, 5, 0),
    "two of different size": (0, 3, 0, 4),
    "only discrete": (6,),
    "with a circle": (0, 0, 7),
}


@pytest.fixture(params=SIZES)
def flow(request: pytest.FixtureRequest) -> HypercubeFlow:
    """A flow with random weights in every layer, for two channels."""
    sizes = SIZES[request.param]
    periodic = [request.param == "with a circle" and axis == 1 for axis in range(len(sizes))]
    flow = HypercubeFlow(
        len(sizes),
        groups=(0, 1),
        bins=4,
        marginal_bins=4,
        hidden=(8,),
        periodic=periodic,
        discrete=sizes,
        seed=1,
    )
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in flow.parameters():
            parameter += 0.25 * torch.randn(parameter.shape, generator=generator)
    flow.sizes = sizes
    flow.requires_grad_(False)
    return flow


def _points(flow: HypercubeFlow, n: int, seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    u = torch.rand(n, flow.dim, generator=generator, dtype=torch.float64)
    return u, torch.randint(2, (n,), generator=generator)


def test_probabilities_sum_to_one(flow: HypercubeFlow) -> None:
    """At fixed continuous coordinates, the sum over all values is the density without them."""
    u, channel = _points(flow, 50)
    totals = []
    for shift in (0, 1):
        sizes = [k for k in flow.sizes if k]
        grids = torch.cartesian_prod(*[torch.arange(k) for k in sizes]).reshape(-1, len(sizes))
        total = torch.zeros(len(u), dtype=torch.float64)
        for values in grids.tolist():
            point = u.clone()
            axes = [axis for axis, k in enumerate(flow.sizes) if k]
            for axis, k, value in zip(axes, sizes, values, strict=True):
                point[:, axis] = (value + (0.3 if shift else 0.8)) / k
            total += flow.log_prob(point, channel).exp() / torch.tensor(sizes).prod()
        totals.append(total)
    torch.testing.assert_close(totals[0], totals[1], rtol=1e-9, atol=0)
    if all(flow.sizes):
        torch.testing.assert_close(totals[0], torch.ones_like(totals[0]), rtol=1e-9, atol=0)


def test_round_trip_and_density(flow: HypercubeFlow) -> None:
    z, channel = _points(flow, 2000)
    x, log_det = flow.forward_and_log_det(z, channel)
    assert float(x.min()) >= 0
    assert float(x.max()) <= 1
    back, inverse = flow.inverse_and_log_det(x, channel)
    difference = (back - z).abs()
    assert float(difference.max()) < 3e-6
    torch.testing.assert_close(inverse, -log_det, rtol=1e-5, atol=1e-5)
    # single precision finds the same values
    for axis, k in enumerate(flow.sizes):
        if k:
            same = discrete_value(x[:, axis].float(), k) == discrete_value(x[:, axis], k)
            assert bool(same.all())


def test_samples_follow_the_probabilities(flow: HypercubeFlow) -> None:
    """Mean of 1/q over samples of q is one: 4 sigma, false alarm 6e-5."""
    channel = torch.ones(20_000, dtype=torch.int64)
    x, log_prob = flow.sample(20_000, channel, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(flow.log_prob(x, channel), log_prob, rtol=1e-5, atol=1e-5)
    inverse = (-log_prob).exp()
    assert abs(float(inverse.mean()) - 1) < 4 * float(inverse.std()) / 20_000**0.5


def test_edges(flow: HypercubeFlow) -> None:
    """No NaN at 0, 1 and at the borders between values."""
    for k in (1, *[k for k in flow.sizes if k]):
        for value in range(k + 1):
            z = torch.full((2, flow.dim), value / k, dtype=torch.float64)
            for move in (flow.forward_and_log_det, flow.inverse_and_log_det):
                x, log_det = move(z, torch.tensor([0, 1]))
                assert bool(torch.isfinite(x).all())
                assert bool(torch.isfinite(log_det).all())


def test_normflows_composes_the_layers() -> None:
    flow = HypercubeFlow(3, discrete=(0, 5, 0), hidden=(8,), bins=4, seed=2)
    x = torch.rand(20, 3, generator=torch.Generator().manual_seed(1))
    z, log_det = x, torch.zeros(20)
    for layer in reversed(flow.flows):
        z, change = layer.inverse(z)
        log_det = log_det + change
    torch.testing.assert_close(log_det, flow.log_prob(x), rtol=1e-5, atol=1e-5)


def test_start_from_a_grid() -> None:
    flow = HypercubeFlow(2, discrete=(0, 4), hidden=(8,), seed=1)
    # 60% of the probability in the first value, 30% in the second, 10% in the others
    edges = torch.tensor([[i / 10 for i in range(11)], [0.0] * 11], dtype=torch.float64)
    inner = [0.25 * i / 6 for i in range(7)] + [0.25 + 0.25 * i / 3 for i in (1, 2, 3)] + [1.0]
    edges[1] = torch.tensor(inner, dtype=torch.float64)
    flow.set_grid(0, edges)
    x = torch.tensor([[0.5, 0.1], [0.2, 0.3], [0.1, 0.9]], dtype=torch.float64)
    expected = torch.tensor([0.6, 0.3, 0.05], dtype=torch.float64) * 0.99 + 0.01 / 4
    torch.testing.assert_close(flow.log_prob(x).exp() / 4, expected, rtol=1e-4, atol=0)


def test_probabilities_have_gradients() -> None:
    flow = HypercubeFlow(2, discrete=(0, 3), hidden=(8,), seed=1)
    x = torch.rand(30, 2, generator=torch.Generator().manual_seed(1))
    flow.log_prob(x).sum().backward()
    choice = flow.flows[-1]
    assert float(choice.networks[0].biases[-1].grad.abs().sum()) > 0


def test_wrong_sizes_are_refused() -> None:
    with pytest.raises(IntegrationError, match="2 entries for 3"):
        HypercubeFlow(3, discrete=(0, 2))
    with pytest.raises(IntegrationError, match="none below 0"):
        HypercubeFlow(2, discrete=(0, -2))
