# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices: named where there is none, and nothing of a flow left behind where there is one."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mcsurrogate.cards import RunCard, load_card
from mcsurrogate.device import compute_device, found_devices
from mcsurrogate.errors import CardError, DeviceError
from mcsurrogate.flows import Flow, flow_builder, shipped_families
from mcsurrogate.integration import IntegrationSettings, TrainingSettings, integrate
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.mixture import DefensiveMixture
from mcsurrogate.integration.vegas import StratifiedGrid

DIM = 3
LAYOUTS = {
    "continuous": ([False] * DIM, [0] * DIM),
    "circle": ([False, True, False], [0] * DIM),
    "discrete": ([False] * DIM, [0, 0, 4]),
}


def camel(u: Tensor) -> Tensor:
    """Two peaks in a cube."""
    distance = torch.stack([((u - centre) ** 2).sum(1) for centre in (0.3, 0.7)])
    return (-distance / 0.02).exp().sum(0)


CAMEL = sum(
    math.prod(
        0.5 * math.sqrt(0.02 * math.pi) * (math.erf((1 - c) / 0.02**0.5) + math.erf(c / 0.02**0.5))
        for _ in range(DIM)
    )
    for c in (0.3, 0.7)
)


def test_a_device_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert found_devices() == {"cpu": "always"}
    assert compute_device("cpu") == torch.device("cpu")
    with pytest.raises(DeviceError, match=r"device = 'cuda': torch .* finds no GPU; take 'cpu'"):
        compute_device("cuda")
    with pytest.raises(DeviceError, match="'tpu': known are cpu and cuda"):
        compute_device("tpu")
    with pytest.raises(DeviceError, match="finds no GPU"):
        integrate(camel, DIM, evaluations=2000, settings=IntegrationSettings(device="cuda"))


def test_a_card_that_has_nothing_to_place_is_refused(tmp_path: Path, gluons_to_tops) -> None:
    path = tmp_path / "card.toml"
    path.write_text(gluons_to_tops(method="madnis", device="cuda"))
    assert load_card(path, RunCard).integration.device == "cuda"
    path.write_text(gluons_to_tops(method="vegas", device="cuda"))
    with pytest.raises(CardError, match="places the networks of a flow, and method = 'vegas'"):
        load_card(path, RunCard)


@pytest.mark.parametrize("family", shipped_families())
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_maps_meet_no_tensor_of_another_device(
    family: str, layout: str, dtype: torch.dtype
) -> None:
    # the device `meta` has shapes and no values: an operation with a tensor elsewhere fails
    periodic, discrete = LAYOUTS[layout]
    build = flow_builder(family, {})
    flow = build(DIM, groups=[0, 0], periodic=periodic, discrete=discrete, seed=1).to("meta")
    assert flow.device == torch.device("meta")
    u = torch.rand(64, DIM, dtype=dtype, device="meta")
    channel = torch.zeros(64, dtype=torch.int64, device="meta")
    for mapped in (flow.forward_and_log_det, flow.inverse_and_log_det):
        x, log_det = mapped(u, channel)
        assert x.device == log_det.device == flow.device
    log_det.sum().backward()


class Elsewhere(Flow):
    """Says that it lies on another device, and takes points from there alone."""

    dim, channels = DIM, 2

    @property
    def device(self) -> torch.device:
        return torch.device("meta")

    def forward_and_log_det(self, z: Tensor, channel: Tensor) -> tuple[Tensor, Tensor]:
        assert z.device == channel.device == self.device
        return torch.full(z.shape, 0.5, dtype=z.dtype), torch.zeros(len(z), dtype=z.dtype)

    def inverse_and_log_det(self, x: Tensor, channel: Tensor) -> tuple[Tensor, Tensor]:
        return self.forward_and_log_det(x, channel)

    def set_grid(self, channel: int, edges: Tensor) -> None:
        pass

    def recipe(self) -> dict[str, object]:
        return {}


def test_points_go_to_the_flow_and_come_back() -> None:
    mixture = DefensiveMixture([StratifiedGrid(DIM, 100) for _ in range(2)], Elsewhere())
    channel = torch.arange(200) % 2
    u, log_q, log_grid = mixture.draw(channel, torch.Generator().manual_seed(1))
    assert {part.device.type for part in (u, log_q, log_grid)} == {"cpu"}
    assert mixture.log_prob(u, channel).device.type == "cpu"
    # at first all parts are flat: so is the mixture
    torch.testing.assert_close(log_q, torch.zeros_like(log_q))


def test_channel_weights_meet_no_tensor_of_another_device() -> None:
    weights = ChannelWeights(2, 4).to("meta")
    prior, features = torch.rand(8, 2, device="meta"), torch.rand(8, 4, device="meta")
    assert weights.all(prior, features).device.type == "meta"


@pytest.mark.skipif("cuda" not in found_devices(), reason="torch finds no GPU")
def test_a_gpu_gives_the_same_integral(tmp_path) -> None:
    from mcsurrogate.integration import load_sampler, save_sampler
    from mcsurrogate.integration.integrand import as_integrand

    found = {}
    for device in ("cpu", "cuda"):
        settings = IntegrationSettings(device=device, training=TrainingSettings(max_steps=400))
        result = integrate(
            camel, DIM, evaluations=60_000, seed=3, method="madnis", settings=settings
        )
        # 3.9 sigma: 1e-4 of all seeds
        assert abs(result.value - CAMEL) < 3.9 * result.error
        flow = result.sampler.mixture.flow
        assert flow is not None
        assert flow.device.type == device
        save_sampler(result.sampler, tmp_path / device)
        found[device] = result
    assert found["cuda"].error < 2 * found["cpu"].error
    read = load_sampler(tmp_path / "cuda", as_integrand(camel, DIM), device="cuda")
    points = read.sample(1000, torch.Generator().manual_seed(5))
    again = load_sampler(tmp_path / "cuda", as_integrand(camel, DIM))
    expected = again.sample(1000, torch.Generator().manual_seed(5))
    torch.testing.assert_close(points.u, expected.u, rtol=1e-4, atol=1e-5)
