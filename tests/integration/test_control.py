# SPDX-License-Identifier: GPL-3.0-or-later
"""What the defence of the sampler costs is taken back without a bias."""

import math

import torch

from mcsurrogate.integration import (
    FlowSettings,
    FunctionIntegrand,
    IntegrationSettings,
    TrainingSettings,
)
from mcsurrogate.integration.control import control_variates
from mcsurrogate.integration.run import IntegrationRun

SETTINGS = IntegrationSettings(
    grid_part=0.3,
    flat_part=0.2,
    flow=FlowSettings(options={"hidden": (8,), "blocks": 2}),
    training=TrainingSettings(batch=128, reuse=1.0),
)


def test_control_variates() -> None:
    """Mean zero within 4 standard deviations (false alarm 6e-5), and less variance."""
    integrand = FunctionIntegrand(lambda x: (-((x - 0.5) ** 2).sum(1) / 0.005).exp(), 2)
    run = IntegrationRun(integrand, 100_000, 1, SETTINGS)
    for _ in range(6):
        run.vegas_step(2000, adapt=True, keep=True)
    run.start_flow()
    assert run.mixture is not None
    channel = torch.zeros(20_000, dtype=torch.int64)
    u, log_q, log_grid = run.mixture.draw(channel, run.generator)
    # nothing is known of the integral before the first round
    assert float(control_variates(run.mixture, log_q, log_grid, None).abs().max()) == 0
    integral = torch.full_like(log_q, 0.0157)
    control = control_variates(run.mixture, log_q, log_grid, integral)
    assert abs(float(control.mean())) < 4 * float(control.std()) / math.sqrt(20_000)
    weight = integrand(u, channel).weight * (-log_q).exp()
    assert float((weight + control).std()) < 0.9 * float(weight.std())
