"""Samplers as files: what is read draws what was written."""

from pathlib import Path

import pytest
import torch

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration import FunctionIntegrand, integrate, unweight
from mcsurrogate.integration.sampler_file import load_sampler, save_sampler


def peak(u: torch.Tensor) -> torch.Tensor:
    return (-((u - 0.3) ** 2).sum(dim=1) / 0.02).exp()


INTEGRAND = FunctionIntegrand(peak, 3, periodic=(False, False, True))


@pytest.fixture(scope="module", params=["vegas", "madnis"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    result = integrate(INTEGRAND, evaluations=8000, seed=3, method=request.param)
    path = tmp_path_factory.mktemp("sampler") / "sampler.safetensors"
    save_sampler(result.sampler, path)
    expected = [points.u for points in unweight(result.sampler, 500, seed=9)]
    torch.save(torch.cat(expected), path.with_suffix(".pt"))
    return path


def test_a_sampler_read_back_draws_the_same_events(saved: Path) -> None:
    sampler = load_sampler(saved, INTEGRAND)
    drawn = torch.cat([points.u for points in unweight(sampler, 500, seed=9)])
    assert torch.equal(drawn, torch.load(saved.with_suffix(".pt")))


def test_a_sampler_of_another_shape_is_refused(saved: Path) -> None:
    with pytest.raises(IntegrationError, match="sampler for 3 dimensions and 1 channels"):
        load_sampler(saved, FunctionIntegrand(peak, 4))


def test_a_damaged_file_is_refused(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    for name, damaged in (("cut", content[: len(content) // 2]), ("other", b"{}"), ("empty", b"")):
        path = tmp_path / name
        path.write_bytes(damaged)
        with pytest.raises(IntegrationError, match="cannot be read as a sampler"):
            load_sampler(path, INTEGRAND)
    with pytest.raises(IntegrationError, match="cannot be read as a sampler"):
        load_sampler(tmp_path / "none", INTEGRAND)
