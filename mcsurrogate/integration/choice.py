# SPDX-License-Identifier: GPL-3.0-or-later
"""VEGAS+ or flow: decided by measurement."""

import math

import torch

from mcsurrogate.integration.maximum import maximum_weight
from mcsurrogate.integration.run import IntegrationRun
from mcsurrogate.integration.training_cost import NETWORK_SAMPLE, NETWORK_STEP

__all__ = ["ADAPTING_ITERATIONS", "choose_before_training", "choose_sampler"]

_COUNTING = 500.0
"""Effective points of the last VEGAS+ iteration from which its deviation can be believed."""
_HOPED_DEVIATION = 0.4
_HOPED_GAIN = 0.6
_LEAST_DEVIATION = 0.05
_HOPED_EFFICIENCY = 0.3
"""What a trained flow typically reaches, by itself or of VEGAS+'s deviation; only decides on
whether training is tried."""
_ADAPTED = 0.2
_STEEPEST_FALL = 0.8
"""Where the fall of VEGAS+'s deviation is believed, and its smallest factor an iteration."""
ADAPTING_ITERATIONS = 4
"""VEGAS+ iterations that still adapt once VEGAS+ is chosen."""


def choose_before_training(
    run: IntegrationRun, precision: float | None, events: int
) -> tuple[str, str]:
    """Decide whether a flow is trained.

    Where VEGAS+ reaches the precision with the evaluations that are left, the CPU seconds that it
    and a flow need for that error and for the events are compared.  Where it does not, or where no
    precision is asked for, all evaluations are spent in any case, and the smaller error decides.

    Returns
    -------
    tuple
        ``vegas`` or ``madnis``, and why.
    """
    last = run.estimates.last
    counting = last.effective * last.points
    if counting <= _COUNTING:
        return "madnis", f"only {counting:.0f} points of the last VEGAS+ iteration count"
    deviation = last.relative_std_dev
    hoped = max(_LEAST_DEVIATION, min(_HOPED_DEVIATION, _HOPED_GAIN * deviation))
    trained = int(run.settings.training_fraction * run.budget)
    found = f"VEGAS+ has a relative standard deviation of {deviation:.3g}: "
    if precision is None or deviation > precision * math.sqrt(max(1, run.left)):
        error_vegas = deviation / math.sqrt(max(1, run.left))
        error_flow = hoped / math.sqrt(max(1, run.left - trained))
        return "vegas" if error_vegas < error_flow else "madnis", (
            f"{found}with the {run.left} evaluations that are left it reaches a relative error of "
            f"{error_vegas:.2g}, a flow about {error_flow:.2g}"
        )
    cost = run.evaluate.cost
    efficiency = _grid_efficiency(run)
    points_vegas = (deviation / precision) ** 2 + events / max(efficiency, 1e-6)
    points_flow = (hoped / precision) ** 2 + events / max(efficiency, _HOPED_EFFICIENCY)
    training = run.settings.training
    steps = run.training_steps(trained) * (training.rounds + 1)
    seconds_vegas = points_vegas * cost
    seconds_flow = (
        trained * cost
        + steps * training.batch * NETWORK_STEP
        + points_flow * (cost + NETWORK_SAMPLE)
    )
    return "vegas" if seconds_vegas < seconds_flow else "madnis", (
        f"{found}at {cost:.2g} s an evaluation it needs {seconds_vegas:.3g} s for a relative error "
        f"of {precision:.2g}"
        + (f" and {events} events" if events else "")
        + f", a flow about {seconds_flow:.3g} s with its training"
    )


def choose_sampler(run: IntegrationRun, events: int) -> tuple[str, str]:
    """After training, take what has the smaller variance for the cost of a further point.

    VEGAS+ goes on to adapt if it is taken: where its deviation falls steadily, and no events are
    wanted, it is expected to fall likewise in the iterations to come.
    """
    cost = run.evaluate.cost
    flow = [e for e in run.estimates.history if e.phase == "training"][-1].relative_std_dev
    start = [e.relative_std_dev for e in run.estimates.history if e.phase == "vegas"]
    grid = start[-1]
    steady = len(start) > 2 and start[-3] > start[-2] > start[-1]
    if steady and grid < _ADAPTED and not events:
        grid *= max(_STEEPEST_FALL, math.sqrt(grid / start[-3])) ** ADAPTING_ITERATIONS
    seconds_flow = flow**2 * (cost + NETWORK_SAMPLE)
    seconds_grid = grid**2 * cost
    method = "vegas" if grid < flow and seconds_grid < seconds_flow else "madnis"
    return method, (
        f"the trained flow has a relative standard deviation of {flow:.3g}, "
        f"VEGAS+ one of {start[-1]:.3g}"
        + ("" if grid == start[-1] else f", about {grid:.3g} when it has adapted")
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
