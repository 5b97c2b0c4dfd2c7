# SPDX-License-Identifier: GPL-3.0-or-later
"""What every family of flows must fulfil: those that are shipped, and one that a user might write.

The user's family is a file of its own in a temporary folder.  It passes the same test, trains, is
saved, loaded and resumed, and is chosen by one key of a card: the package is not touched.
"""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows import Flow, family_name, flow_builder, flow_family, shipped_families
from mcsurrogate.integration import (
    FlowSettings,
    FunctionIntegrand,
    IntegrationSettings,
    Progress,
    TrainingSettings,
    integrate,
    load_sampler,
    save_sampler,
)
from mcsurrogate.integration.checkpoint import IntegrationCheckpoint

TOY = '''
"""A power of every coordinate, one for each group of channels: x = z^exp(power)."""

import torch
from torch import nn

from mcsurrogate.flows import Flow


class Powers(Flow):
    def __init__(self, dim, *, groups=(0,), periodic=None, discrete=None, seed=0, spread=0.1):
        super().__init__()
        self.dim, self.channels, self.groups, self.spread = dim, len(groups), list(groups), spread
        generator = torch.Generator().manual_seed(seed)
        self.power = nn.Parameter(
            spread * torch.randn(max(groups) + 1, dim, generator=generator)
        )
        self.register_buffer("group", torch.tensor(self.groups))

    def _slopes(self, points, channel):
        return self.power.to(points.dtype)[self.group[channel]].exp()

    def forward_and_log_det(self, z, channel):
        slope, z = self._slopes(z, channel), z.clamp(min=1e-30)
        return z**slope, (slope.log() + (slope - 1) * z.log()).sum(1)

    def inverse_and_log_det(self, x, channel):
        slope, x = 1 / self._slopes(x, channel), x.clamp(min=1e-30)
        return x**slope, (slope.log() + (slope - 1) * x.log()).sum(1)

    def set_grid(self, channel, edges):
        """Powers have no place for a grid."""

    def recipe(self):
        return {"dim": self.dim, "groups": self.groups, "spread": self.spread}
'''

GROUPS = (0, 1, 0)
SHAPES = {
    "plain": {"periodic": (False, False, False), "discrete": (0, 0, 0)},
    "circle and choice": {"periodic": (False, True, False), "discrete": (0, 0, 4)},
}
SMALL = {"splines": {"hidden": (8,), "blocks": 2, "marginal_bins": 8}}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("user") / "powers.py"
    path.write_text(TOY)
    return f"{path}:Powers"


@pytest.fixture(params=[*shipped_families(), "toy"])
def family(request: pytest.FixtureRequest, toy: str) -> str:
    if request.param == "zuko":
        pytest.importorskip("zuko")
    return toy if request.param == "toy" else request.param


@pytest.fixture(params=SHAPES, ids=lambda name: name.replace(" ", "-"))
def build(request: pytest.FixtureRequest, family: str) -> Callable[[int], Flow]:
    def make(seed: int) -> Flow:
        flow = flow_builder(family, SMALL.get(family, {}))(
            3, groups=GROUPS, seed=seed, **SHAPES[request.param]
        )
        # away from the start, where maps may be the identity
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in flow.parameters():
                parameter += 0.2 * torch.randn(parameter.shape, generator=generator)
        return flow

    return make


def _draw(flow: Flow, count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    z = torch.rand(count, flow.dim, generator=generator, dtype=torch.float64)
    return z, torch.randint(flow.channels, (count,), generator=generator)


@torch.no_grad()
def test_inverse(build: Callable[[int], Flow]) -> None:
    """In double precision, whatever that of the parameters; discrete edges are cut at 1e-6."""
    flow = build(1)
    z, channel = _draw(flow, 500, seed=2)
    x, log_det = flow.forward_and_log_det(z, channel)
    back, log_back = flow.inverse_and_log_det(x, channel)
    assert x.dtype == log_det.dtype == log_back.dtype == torch.float64
    assert 0 <= float(x.min()) <= float(x.max()) <= 1
    assert float((back - z).abs().quantile(0.99)) < 1e-5
    assert float((log_det + log_back).abs().median()) < 1e-9
    torch.testing.assert_close(flow.log_prob(x, channel), log_back)
    single = flow.log_prob(x.float(), channel)
    assert single.dtype == torch.float32
    assert float((single - log_back).abs().median()) < 1e-4


def test_jacobian(build: Callable[[int], Flow]) -> None:
    flow = build(1)
    z, channel = _draw(flow, 4, seed=3)
    with torch.no_grad():
        x, log_det = flow.forward_and_log_det(z, channel)
    for i in range(len(z)):
        jacobian = torch.autograd.functional.jacobian(
            lambda t, i=i: flow.inverse_and_log_det(t[None], channel[i : i + 1])[0][0],
            x[i],
        )
        expected = torch.linalg.slogdet(jacobian)[1]
        torch.testing.assert_close(-log_det[i], expected, atol=1e-7, rtol=1e-7)


def test_density_integrates_to_one(build: Callable[[int], Flow]) -> None:
    """4 sigma: false alarm 6e-5 for each channel, family and shape."""
    flow, count = build(1), 20_000
    z, _ = _draw(flow, count, seed=4)
    for channel in range(flow.channels):
        with torch.no_grad():
            density = flow.log_prob(z, channel).exp()
        assert abs(float(density.mean()) - 1) < 4 * float(density.std()) / math.sqrt(count)


def test_gradients(build: Callable[[int], Flow]) -> None:
    """Of the density by a parameter, against a central difference; finite at the corners."""
    flow = build(1).double()
    z, channel = _draw(flow, 50, seed=5)
    flow.log_prob(z, channel).sum().backward()
    checked = 0
    for parameter in flow.parameters():
        if parameter.grad is None or not parameter.numel():
            continue
        index = int(parameter.grad.abs().argmax())
        values = []
        for step in (1e-6, -1e-6):
            with torch.no_grad():
                parameter.view(-1)[index] += step
                values.append(float(flow.log_prob(z, channel).sum()))
                parameter.view(-1)[index] -= step
        slope = float(parameter.grad.view(-1)[index])
        assert (values[0] - values[1]) / 2e-6 == pytest.approx(slope, rel=1e-4, abs=1e-5)
        checked += 1
    assert checked
    corners = torch.tensor([[0.0] * 3, [1.0] * 3])
    flow.zero_grad()
    flow.log_prob(corners, torch.tensor([0, 1])).sum().backward()
    assert all(bool(torch.isfinite(p.grad).all()) for p in flow.parameters() if p.grad is not None)


@torch.no_grad()
def test_seeds_and_recipe(build: Callable[[int], Flow], family: str) -> None:
    """A seed decides on all; a recipe, a name and the tensors rebuild the flow."""
    first, second, other = build(1), build(1), build(2)
    z, channel = _draw(first, 100, seed=6)
    x = first.forward_and_log_det(z, channel)[0]
    assert torch.equal(x, second.forward_and_log_det(z, channel)[0])
    assert not torch.equal(x, other.forward_and_log_det(z, channel)[0])
    assert family_name(first) == family
    copy = flow_family(family)(**first.recipe())
    copy.load_state_dict(first.state_dict())
    assert torch.equal(x, copy.forward_and_log_det(z, channel)[0])
    drawn = [f.sample(20, 1, generator=torch.Generator().manual_seed(7)) for f in (first, copy)]
    assert torch.equal(drawn[0][0], drawn[1][0])
    assert torch.equal(drawn[0][1], drawn[1][1])


def _peak(x: torch.Tensor) -> torch.Tensor:
    return 4 * x[:, 0] * x[:, 1] ** 2 * (1 + x[:, 0] * x[:, 1])


class _KilledError(Exception):
    pass


def test_trains_saves_loads_and_resumes(
    family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newcomer's exercise: a family of one new file, in everything that the integrator does.

    The integral is 4 (1/6 + 1/12) = 1; within 4 standard deviations, false alarm 6e-5.
    """
    monkeypatch.setattr(IntegrationCheckpoint, "interval", 0.0)
    settings = IntegrationSettings(
        flow=FlowSettings(family, SMALL.get(family, {})),
        training=TrainingSettings(batch=128, rounds=2, reuse=2.0, max_steps=60),
    )
    integrand = FunctionIntegrand(_peak, 2)

    def run(**more: object) -> object:
        return integrate(integrand, evaluations=4000, method="madnis", settings=settings, **more)

    whole = run()
    assert abs(whole.value - 1) < 4 * whole.error
    assert whole.losses
    calls = 0

    def kill(_: Progress) -> None:
        nonlocal calls
        calls += 1
        if calls == 8:
            raise _KilledError

    with pytest.raises(_KilledError):
        run(checkpoint=tmp_path / "state.pt", progress=kill)
    resumed = run(checkpoint=tmp_path / "state.pt")
    assert (resumed.value, resumed.error) == (whole.value, whole.error)
    assert resumed.losses == whole.losses
    save_sampler(resumed.sampler, tmp_path / "sampler.safetensors")
    read = load_sampler(tmp_path / "sampler.safetensors", integrand, family=family)
    points = [s.sample(500, torch.Generator().manual_seed(1)) for s in (whole.sampler, read)]
    assert torch.equal(points[0].u, points[1].u)
    assert torch.equal(points[0].weight, points[1].weight)
    if family not in shipped_families():
        with pytest.raises(IntegrationError, match="not part of mcsurrogate; name it"):
            load_sampler(tmp_path / "sampler.safetensors", integrand)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no_such", "there is no flow family 'no_such'; it may be splines"),
        ("no_such_module:Flow", "No module named 'no_such_module'; install it"),
        ("torch.nn:Linear", "'Linear' must be a class that derives from mcsurrogate.flows.Flow"),
        ("torch.nn:NoSuch", "'NoSuch' must be a class"),
        ("no_such.py:Flow", "no_such.py: there is no such Python file"),
    ],
)
def test_families_that_are_none(name: str, message: str) -> None:
    with pytest.raises(IntegrationError, match=message):
        integrate(_peak, 2, settings=IntegrationSettings(flow=FlowSettings(name)))


def test_mistakes_in_a_family_and_its_options(tmp_path: Path, toy: str) -> None:
    with pytest.raises(IntegrationError, match="has no option 'hiden'; it has bins, blocks, hid"):
        flow_builder("splines", {"hiden": (8,)})
    with pytest.raises(IntegrationError, match="has no option 'hidden'; it has spread"):
        flow_builder(toy, {"hidden": (8,)})
    with pytest.raises(IntegrationError, match="hidden of a spline flow must be at least 1"):
        flow_builder("splines", {"hidden": "64"})(2)
    (tmp_path / "wrong.py").write_text("x = 1\nraise ValueError('no')\n")
    with pytest.raises(IntegrationError, match=r"wrong\.py:2: ValueError: no"):
        flow_family(f"{tmp_path / 'wrong.py'}:Flow")
