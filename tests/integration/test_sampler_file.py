# SPDX-License-Identifier: GPL-3.0-or-later
"""Samplers as files: what is read draws what was written, for the integrand it was made for."""

import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration import (
    FlowSettings,
    FunctionIntegrand,
    IntegrandValue,
    IntegrationSettings,
    TrainingSettings,
    integrate,
    unweight,
)
from mcsurrogate.integration.sampler_file import load_sampler, save_sampler

SETTINGS = IntegrationSettings(
    # other sizes than the default ones, which the file must know
    flow=FlowSettings(options={"hidden": (12,), "bins": 5, "marginal_bins": 9, "blocks": 3}),
    training=TrainingSettings(rounds=2, max_steps=150, channel_weight_hidden=(7,)),
)


def peak(u: torch.Tensor) -> torch.Tensor:
    return (-((u - 0.3) ** 2).sum(dim=1) / 0.02).exp()


INTEGRAND = FunctionIntegrand(peak, 3, periodic=(False, False, True))


class TwoChannels:
    """A constant, split by a line that moves with `share`; the second channel may be scaled."""

    dim = 2
    channels = 2
    periodic = (False, False)

    def __init__(self, share: float = 0.5, scale: float = 1.0, second: str = "right") -> None:
        self.share, self.scale, self.names = share, scale, ("left", second)

    def __call__(self, u: torch.Tensor, channel: torch.Tensor) -> IntegrandValue:
        left = self.share * u[:, :1]
        return IntegrandValue(
            torch.where(channel == 1, self.scale, 1.0), torch.cat((left, 1 - left), 1), u
        )


@pytest.fixture(scope="module", params=["vegas", "madnis"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = integrate(INTEGRAND, evaluations=8000, seed=3, method=request.param, settings=SETTINGS)
    path = tmp_path_factory.mktemp("sampler") / "sampler.safetensors"
    save_sampler(result.sampler, path)
    expected = [points.u for points in unweight(result.sampler, 500, seed=9)]
    torch.save(torch.cat(expected), path.with_suffix(".pt"))
    return path


def test_a_sampler_read_back_draws_the_same_events(saved: Path) -> None:
    sampler = load_sampler(saved, INTEGRAND)
    drawn = torch.cat([points.u for points in unweight(sampler, 500, seed=9)])
    assert torch.equal(drawn, torch.load(saved.with_suffix(".pt")))


def test_equal_samplers_are_equal_files(saved: Path, tmp_path: Path) -> None:
    sampler = load_sampler(saved, INTEGRAND)
    for trial in range(5):
        save_sampler(sampler, tmp_path / f"{trial}.safetensors")
        assert (tmp_path / f"{trial}.safetensors").read_bytes() == saved.read_bytes()


def test_an_integrand_of_another_shape_is_refused(saved: Path) -> None:
    with pytest.raises(IntegrationError, match="dimensions is 3, that of the integrand 4"):
        load_sampler(saved, FunctionIntegrand(peak, 4))
    with pytest.raises(IntegrationError, match=r"channels is \['f'\], that of the integrand"):
        load_sampler(saved, FunctionIntegrand(peak, 3, INTEGRAND.periodic, "g"))
    with pytest.raises(IntegrationError, match="periodic dimensions is"):
        load_sampler(saved, FunctionIntegrand(peak, 3))


@pytest.mark.parametrize(
    ("function", "least"),
    [
        (lambda u: 1.0001 * peak(u), 32),
        # another cut, far from the peak
        (lambda u: torch.where(u[:, 0] > 0.8, 0.0, peak(u)), 1),
    ],
)
def test_an_integrand_of_other_values_is_refused(saved: Path, function, least: int) -> None:
    other = FunctionIntegrand(function, 3, periodic=INTEGRAND.periodic)
    with pytest.raises(IntegrationError, match=r"another integrand: .* in channel 'f'") as caught:
        load_sampler(saved, other)
    found = re.search(r"differs at (\d+) of 32 stored points", str(caught.value))
    assert least <= int(found[1]) <= 32


def test_rounding_is_forgiven(saved: Path) -> None:
    other = FunctionIntegrand(lambda u: peak(u.float()), 3, periodic=INTEGRAND.periodic)
    load_sampler(saved, other)


def test_every_channel_is_compared(tmp_path: Path) -> None:
    result = integrate(TwoChannels(), evaluations=4000, method="madnis", settings=SETTINGS)
    path = tmp_path / "sampler.safetensors"
    save_sampler(result.sampler, path)
    drawn = [
        s.sample(100, torch.Generator().manual_seed(1)).weight
        for s in (result.sampler, load_sampler(path, TwoChannels()))
    ]
    assert torch.equal(*drawn)
    with pytest.raises(IntegrationError, match="in channel 'right', and differs at 16 of 32"):
        load_sampler(path, TwoChannels(scale=2.0))
    with pytest.raises(IntegrationError, match="other analytic channel weights"):
        load_sampler(path, TwoChannels(share=0.4))
    with pytest.raises(IntegrationError, match=r"channels is \['left', 'right'\]"):
        load_sampler(path, TwoChannels(second="up"))


def test_a_damaged_file_is_refused(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    for name, damaged in (("cut", content[: len(content) // 2]), ("other", b"{}"), ("empty", b"")):
        path = tmp_path / name
        path.write_bytes(damaged)
        with pytest.raises(IntegrationError, match="cannot be read as a sampler"):
            load_sampler(path, INTEGRAND)
    with pytest.raises(IntegrationError, match="cannot be read as a sampler"):
        load_sampler(tmp_path / "none", INTEGRAND)


def test_what_is_changed_or_of_another_version_is_refused(saved: Path, tmp_path: Path) -> None:
    with safe_open(saved, framework="pt") as stream:
        metadata = stream.metadata()
        tensors = {key: stream.get_tensor(key) for key in stream.keys()}  # noqa: SIM118
    path = tmp_path / "changed.safetensors"
    structure = metadata["structure"].replace("0.01", "0.02")
    assert structure != metadata["structure"]
    for change in ({"sampler.maximum": 0.5 * tensors["sampler.maximum"]}, {}):
        save_file(
            tensors | change,
            path,
            metadata if change else metadata | {"structure": structure},
        )
        with pytest.raises(IntegrationError, match="the digest differs"):
            load_sampler(path, INTEGRAND)
    save_file(tensors, path, metadata | {"format": "mcsurrogate sampler 4"})
    with pytest.raises(IntegrationError, match="holds 'mcsurrogate sampler 4'"):
        load_sampler(path, INTEGRAND)
