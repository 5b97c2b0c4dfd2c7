# SPDX-License-Identifier: GPL-3.0-or-later
"""How often points are trained on, and what decides between VEGAS+ and flow."""

import pytest
import torch

from mcsurrogate.integration import FunctionIntegrand, IntegrationSettings, integrate
from mcsurrogate.integration.choice import choose_before_training
from mcsurrogate.integration.run import IntegrationRun
from mcsurrogate.integration.training_cost import NETWORK_STEP


def _run(cost: float) -> IntegrationRun:
    integrand = FunctionIntegrand(lambda x: (x[:, 0] - x[:, 1]) ** 2, 2)
    integrand.cost = cost
    return IntegrationRun(integrand, 20_000, 1, IntegrationSettings())


@pytest.mark.parametrize(("cost", "reuse"), [(1e-7, 10.0), (20 * NETWORK_STEP, 20.0), (1.0, 40.0)])
def test_training_costs_what_its_points_cost(cost: float, reuse: float) -> None:
    run = _run(cost)
    settings = run.settings.training
    expected = int(reuse * 20_000 / settings.batch) // (settings.rounds + 1)
    assert run.training_steps(20_000) == max(10, expected)
    run.vegas_step(500, adapt=True, keep=True)
    run.start_flow()
    assert run.reuse == reuse
    # a resumed run does not measure again
    other = _run(1e-7)
    other.restore(run.state())
    assert other.reuse == reuse


def _decision(
    precision: float | None, evaluations: int, cost: float, events: int = 0
) -> tuple[str, str]:
    """Decide for a ridge that VEGAS+ cannot follow."""
    integrand = FunctionIntegrand(
        lambda x: (-((x[:, 0] + x[:, 1] + x[:, 2] - 1.5) ** 2) / 0.02).exp(), 3
    )
    integrand.cost = cost
    run = IntegrationRun(integrand, evaluations, 1, IntegrationSettings())
    for _ in range(6):
        run.vegas_step(int(0.025 * evaluations), adapt=True, keep=True)
    return choose_before_training(run, precision, events)


def test_auto_spends_all_evaluations_on_the_smaller_error() -> None:
    """Without a precision, or with one out of reach, CPU seconds do not count."""
    for precision in (None, 1e-7):
        method, reason = _decision(precision, 60_000, cost=1e-7)
        assert method == "madnis"
        assert "evaluations that are left" in reason


def test_auto_counts_seconds_where_the_precision_is_in_reach() -> None:
    assert _decision(0.01, 60_000, cost=1e-7)[0] == "vegas"
    # events are what a flow is for
    assert _decision(0.01, 60_000, cost=1.0, events=200_000)[0] == "madnis"


def test_auto_keeps_vegas_where_the_grid_is_perfect() -> None:
    result = integrate(lambda x: torch.ones_like(x[:, 0]), dim=2, evaluations=10_000, method="auto")
    assert result.method == "vegas"
    assert abs(result.value - 1) < 4 * result.error
    assert result.error < 1e-3
