# SPDX-License-Identifier: GPL-3.0-or-later
import pytest
import torch

from mcsurrogate.emulation.calibration import SigmaCalibration, measure_calibration
from mcsurrogate.emulation.domain import Domain
from mcsurrogate.emulation.laplace import laplace_root


def sample(count, seed):
    """Uncertainties that are wrong by a factor that depends on them."""
    generator = torch.Generator().manual_seed(seed)
    log_sigma = -5 + 1.5 * torch.randn(count, generator=generator)
    true_sigma = (log_sigma + 0.4 + 0.2 * log_sigma).exp()
    return log_sigma, true_sigma * torch.randn(count, generator=generator)


def test_calibration_repairs_wrong_uncertainties():
    calibration = SigmaCalibration.fit(*sample(40_000, 1))
    log_sigma, difference = sample(40_000, 2)
    pull = difference / calibration(log_sigma).exp()
    for chosen in log_sigma.argsort().tensor_split(8):
        # 5,000 points a class: coverages are known to 0.7% and 0.3%, here 4 of them and more
        # at the ends, where the factor is constant
        assert float((pull[chosen].abs() < 1).float().mean()) == pytest.approx(0.683, abs=0.05)
        assert float((pull[chosen].abs() < 1.96).float().mean()) == pytest.approx(0.95, abs=0.025)
    assert float(pull.std()) == pytest.approx(1.0, abs=0.05)


def test_calibration_keeps_right_uncertainties():
    generator = torch.Generator().manual_seed(3)
    log_sigma = torch.randn(20_000, generator=generator)
    difference = log_sigma.exp() * torch.randn(20_000, generator=generator)
    calibration = SigmaCalibration.fit(log_sigma, difference)
    assert float(calibration.log_factor.abs().max()) < 0.12
    few = SigmaCalibration.fit(log_sigma[:50], difference[:50])
    assert len(few.log_sigma) == 1


def test_outside_the_knots_the_factor_is_constant():
    calibration = SigmaCalibration(torch.tensor([0.0, 1.0, 3.0]), torch.tensor([1.0, 2.0, -2.0]))
    at = torch.tensor([-9.0, 0.0, 0.5, 1.0, 2.0, 3.0, 50.0])
    wanted = at + torch.tensor([1.0, 1.0, 1.5, 2.0, 0.0, -2.0, -2.0])
    torch.testing.assert_close(calibration(at), wanted)
    assert torch.equal(SigmaCalibration.identity()(at), at)


def test_figures_of_known_numbers():
    truth = torch.full((1000,), 2.0)
    value = truth * (1 + torch.linspace(-0.1, 0.1, 1000))
    figures = measure_calibration(value, torch.full((1000,), 0.1), truth)
    assert figures.largest == pytest.approx(0.1, rel=1e-4)
    assert figures.median == pytest.approx(0.05, rel=0.02)
    assert figures.coverage68 == pytest.approx(0.5, abs=0.01)
    assert figures.coverage95 == pytest.approx(0.98, abs=0.01)
    assert figures.pull_mean == pytest.approx(0.0, abs=1e-4)


def test_domain_is_a_box_with_an_epistemic_limit():
    inputs = torch.rand(3, 500, generator=torch.Generator().manual_seed(1))
    domain = Domain.of_training(inputs, torch.full((500,), 0.01))
    trial = inputs[:, :4].clone()
    trial[1, 1] = 1.5
    trial[2, 3] = float("nan")
    epistemic = torch.tensor([0.01, 0.01, 0.03, 0.01])
    assert domain.outside(trial, epistemic).tolist() == [False, True, True, True]
    names = ["a", "b", "c"]
    assert domain.reason(trial[:, 1], names).startswith("b = 1.5 is outside [")
    assert "undetermined" in domain.reason(trial[:, 2], names)


def test_posterior_is_that_of_linear_regression():
    generator = torch.Generator().manual_seed(4)
    hidden = torch.randn(5, 4000, generator=generator)
    sigma = torch.full((4000,), 0.3)
    root = laplace_root(hidden, sigma, torch.ones(5), rank=6)
    phi = torch.cat((hidden, torch.ones(1, 4000)))
    precision = (phi @ phi.T / 0.09).double() + torch.eye(6, dtype=torch.float64)
    wanted = torch.einsum("in,ij,jn->n", phi.double(), precision.inverse(), phi.double())
    found = (root[:, -1:] + root[:, :-1] @ hidden).square().sum(dim=0)
    torch.testing.assert_close(found.double(), wanted, rtol=1e-4, atol=0)


def test_posterior_grows_away_from_the_data():
    hidden = torch.randn(5, 4000, generator=torch.Generator().manual_seed(4))
    root = laplace_root(hidden, torch.ones(4000), torch.ones(5), rank=3)
    near = (root[:, -1:] + root[:, :-1] @ hidden).square().sum(dim=0)
    far = (root[:, -1:] + root[:, :-1] @ (10 * hidden)).square().sum(dim=0)
    assert float(far.median()) > 20 * float(near.median())
