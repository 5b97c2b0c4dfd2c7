"""VEGAS+ or flow: decided by measurement."""

import math

import torch

from mcsurrogate.integration.run import IntegrationRun
from mcsurrogate.integration.unweighting import maximum_weight

__all__ = ["choose_before_training", "choose_sampler", "integrand_cost"]

_NETWORK_STEP = 10e-6
"""Seconds a training step takes for each of its points, for a flow of the default size."""
_NETWORK_SAMPLE = 4e-6
"""Seconds to draw a point from a flow of the default size."""
_HOPED_DEVIATION = 0.4
_HOPED_EFFICIENCY = 0.3
"""What a trained flow typically reaches; only decides on whether training is tried."""


def integrand_cost(run: IntegrationRun) -> float:
    """Seconds an evaluation of the integrand takes.

    The integrand's own ``cost`` if it has one, else the measured one rounded to a power of 4, so
    that the decision does not hang on the noise of a clock.
    """
    declared = getattr(run.integrand, "cost", None)
    if declared is not None:
        return float(declared)
    measured = run.evaluate.seconds / max(1, run.evaluate.evaluations)
    return float(4.0 ** round(math.log(max(measured, 1e-9), 4.0)))


def choose_before_training(
    run: IntegrationRun, precision: float | None, events: int
) -> tuple[str, str]:
    """Compare the CPU seconds that VEGAS+ and a flow need for the same error and events.

    With a precision, that is the goal; without, the goal is the error that VEGAS+ would reach
    with the evaluations that are left.

    Returns
    -------
    tuple
        ``vegas`` or ``madnis``, and why.
    """
    cost = integrand_cost(run)
    last = run.history[-1]
    deviation = last.relative_std_dev
    goal = precision or deviation / math.sqrt(max(1, run.left))
    efficiency = _grid_efficiency(run)
    points_vegas = (deviation / goal) ** 2 + events / max(efficiency, 1e-6)
    points_flow = (_HOPED_DEVIATION / goal) ** 2 + events / _HOPED_EFFICIENCY
    training = run.settings.training
    trained = int(run.settings.training_fraction * run.budget)
    steps = run.training_steps(trained) * (training.rounds + 1)
    seconds_vegas = points_vegas * cost
    seconds_flow = (
        trained * cost
        + steps * training.batch * _NETWORK_STEP
        + points_flow * (cost + _NETWORK_SAMPLE)
    )
    trusted = last.effective * last.points > 500
    method = "vegas" if seconds_vegas < seconds_flow and trusted else "madnis"
    reason = (
        f"VEGAS+ has a relative standard deviation of {deviation:.3g}: at {cost:.2g} s an "
        f"evaluation it needs {seconds_vegas:.3g} s for a relative error of {goal:.2g}"
        + (f" and {events} events" if events else "")
        + f", a flow about {seconds_flow:.3g} s with its training"
    )
    if not trusted:
        reason = (
            f"only {last.effective * last.points:.0f} points of the last VEGAS+ iteration count: "
            "a flow is needed"
        )
    return method, reason


def choose_sampler(run: IntegrationRun) -> tuple[str, str]:
    """After training, take what has the smaller variance for the cost of a further point."""
    cost = integrand_cost(run)
    flow = [e for e in run.history if e.phase == "training"][-1].relative_std_dev
    grid = [e for e in run.history if e.phase == "vegas"][-1].relative_std_dev
    seconds_flow = flow**2 * (cost + _NETWORK_SAMPLE)
    seconds_grid = grid**2 * cost
    method = "vegas" if grid < flow and seconds_grid < seconds_flow else "madnis"
    return method, (
        f"the trained flow has a relative standard deviation of {flow:.3g}, "
        f"VEGAS+ one of {grid:.3g}"
    )


def _grid_efficiency(run: IntegrationRun) -> float:
    """Unweighting efficiency of the last VEGAS+ iteration."""
    batch, counts = run.buffer.rounds[-1], run.buffer.counts[-1]
    prior = None if batch.prior is None else batch.prior.gather(1, batch.channel[:, None])[:, 0]
    value = batch.weight if prior is None else batch.weight * prior
    weight = value.abs() * (-batch.log_proposal).exp()
    total, maxima = 0.0, 0.0
    for k in torch.unique(batch.channel).tolist():
        own = weight[batch.channel == k]
        total += float(own.sum() / counts[k])
        maxima += maximum_weight(own)
    return total / maxima if maxima > 0.0 else 0.0
