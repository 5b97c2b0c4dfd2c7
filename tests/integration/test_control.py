"""What the defence of the sampler costs is taken back without a bias."""

import math

import torch

from mcsurrogate.integration import (
    FlowSettings,
    FunctionIntegrand,
    IntegrationSettings,
    TrainingSettings,
)
from mcsurrogate.integration.run import IntegrationRun
from mcsurrogate.integration.statistics import ChannelMoments

SETTINGS = IntegrationSettings(
    grid_part=0.3,
    flat_part=0.2,
    flow=FlowSettings(hidden=(8,), blocks=2, bins=4, marginal_bins=32),
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
    u, log_q, log_grid, _ = run.mixture.draw(channel, run.generator)
    # nothing is known of the integral before the first round
    assert float(run._control(run.mixture, log_q, log_grid, channel).abs().max()) == 0
    run.round_moments.append(
        ChannelMoments(*(torch.tensor([v], dtype=torch.float64) for v in (1.0, 0.0157, 0.0)))
    )
    control = run._control(run.mixture, log_q, log_grid, channel)
    assert abs(float(control.mean())) < 4 * float(control.std()) / math.sqrt(20_000)
    weight = integrand(u, channel).weight * (-log_q).exp()
    assert float((weight + control).std()) < 0.9 * float(weight.std())
