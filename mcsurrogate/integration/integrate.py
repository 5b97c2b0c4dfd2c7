# SPDX-License-Identifier: GPL-3.0-or-later
"""The road from an integrand to an integral and a sampler."""

import math
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError
from mcsurrogate.integration.checkpoint import IntegrationCheckpoint
from mcsurrogate.integration.diagnostics import (
    consistency_warning,
    dominance_warning,
    tail_warning,
    witness_warning,
)
from mcsurrogate.integration.history import Progress
from mcsurrogate.integration.integrand import Integrand, as_integrand
from mcsurrogate.integration.maximum import OVERWEIGHT_FRACTION
from mcsurrogate.integration.result import ChannelResult, IntegrationResult
from mcsurrogate.integration.run import IntegrationRun
from mcsurrogate.integration.sampler import Sampler
from mcsurrogate.integration.schedule import Schedule
from mcsurrogate.integration.settings import IntegrationSettings
from mcsurrogate.integration.unweighting import unweighting_efficiency

__all__ = ["integrate"]

_METHODS = ("auto", "madnis", "vegas")
_LEAST = 2000


def integrate(
    f: Integrand | Callable[[Tensor], Tensor],
    dim: int | None = None,
    *,
    evaluations: int = 400_000,
    seed: int = 1,
    precision: float | None = None,
    method: str = "auto",
    events: int = 0,
    settings: IntegrationSettings | None = None,
    overweight: float = OVERWEIGHT_FRACTION,
    effective_fraction: float = 1.0,
    executor: Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: str | Path | None = None,
    resume: bool = True,
) -> IntegrationResult:
    """Integrate a function over the unit hypercube.

    Parameters
    ----------
    f
        A function of points ``(N, dim)`` in float64 that returns ``(N,)``, or an
        :class:`Integrand` of one or many channels.
    dim
        Number of dimensions; only for a plain function.
    evaluations
        Largest number of integrand evaluations, training included.
    seed
        Decides on every random number.
    precision
        Relative error at which to stop early; None spends all evaluations.
    method
        ``madnis`` (normalizing flow), ``vegas`` (VEGAS+), or ``auto``, that decides by
        measurement.
    events
        Unweighted events that will be wanted; ``auto`` counts their cost.
    settings
        How evaluations are spent and the flow is built and trained.
    overweight
        Part of the integral that may lie above the maximum weights of unweighting.
    effective_fraction
        Effective sample size over the number of events that is enough: below one, unweighting is
        partial, keeps more points, and more of them carry a weight above one.
    executor
        Where to evaluate the integrand; None evaluates it here.
    progress
        Called after every step.
    checkpoint
        File that keeps the state of the integration, and values of ``f`` at a few points (which
        are not counted as evaluations): the file of another function is refused.
    resume
        Whether to go on from ``checkpoint`` if it exists; otherwise it is overwritten.

    Returns
    -------
    IntegrationResult
        Integral, error, figures of merit, warnings, and the sampler.

    Raises
    ------
    IntegrationError
        For impossible arguments, or an integrand that is not finite.
    CheckpointError
        For a checkpoint that is damaged, or of another job or function.

    Examples
    --------
    >>> import torch
    >>> result = integrate(lambda x: x.prod(1), dim=3, evaluations=20_000, method="vegas")
    >>> abs(result.value - 1 / 8) < 5 * result.error
    True
    """
    if method not in _METHODS:
        raise IntegrationError(f"method is {method!r}; it must be one of {', '.join(_METHODS)}")
    if evaluations < _LEAST:
        raise IntegrationError(f"evaluations is {evaluations}; at least {_LEAST} are needed")
    if precision is not None and precision <= 0.0:
        raise IntegrationError(f"precision is {precision}; it must be positive")
    start = time.process_time()
    integrand = as_integrand(f, dim)
    settings = IntegrationSettings() if settings is None else settings
    run = IntegrationRun(integrand, evaluations, seed, settings, executor, progress)
    schedule = Schedule(run, method, precision, events)
    identity = {
        "dim": integrand.dim,
        "channels": integrand.names,
        "evaluations": evaluations,
        "seed": seed,
        "precision": precision,
        "method": method,
        "events": events,
        "settings": asdict(settings),
    }
    path = None if checkpoint is None else Path(checkpoint)
    keeper = IntegrationCheckpoint(path, identity, integrand)
    saved = keeper.load() if resume else None
    spent = 0.0
    if saved is not None:
        schedule.restore(saved["schedule"])
        spent = saved["seconds"]
    while not schedule.done:
        schedule.advance()
        if keeper.due or schedule.done:
            seconds = spent + time.process_time() - start
            keeper.save({"schedule": schedule.state(), "seconds": seconds}, run.grids)
    own = spent + time.process_time() - start
    seconds = own + (run.evaluate.seconds if executor is not None else 0.0)
    return _result(schedule, seconds, overweight, effective_fraction)


def _result(
    schedule: Schedule, seconds: float, overweight: float, effective_fraction: float
) -> IntegrationResult:
    run = schedule.run
    assert run.mixture is not None
    weight, channel = run.final.weight, run.final.channel
    efficiency = unweighting_efficiency(
        weight,
        channel,
        run.channels.count,
        torch.Generator().manual_seed(run.seed),
        overweight,
        effective_fraction,
    )
    mean, history = run.estimates.mean, run.estimates.history
    value, error = mean.value, math.sqrt(mean.variance)
    unit = run.unit or 1.0
    maximum = unit * efficiency.maximum
    sampler = Sampler(
        run.integrand,
        run.mixture,
        run.channels.weights,
        maximum if float(maximum.sum()) > 0.0 else torch.ones(run.channels.count),
        maximum,
    )
    frozen = [e for e in history if e.phase == "frozen"]
    if frozen:
        points = sum(e.points for e in frozen)
        variance = sum((e.points * e.error) ** 2 for e in frozen) / points**2
        deviation = math.sqrt(variance * points) / max(abs(value), 1e-300)
    else:
        deviation = history[-1].relative_std_dev
    return IntegrationResult(
        value=unit * value,
        error=unit * error,
        relative_std_dev=deviation,
        unweighting_efficiency=efficiency.value,
        unweighting_efficiency_error=efficiency.error,
        overweight_fraction=efficiency.overweight,
        effective_fraction=efficiency.effective,
        evaluations=run.evaluate.evaluations,
        seconds=seconds,
        integrand_seconds=run.evaluate.seconds,
        method=schedule.method,
        channels=_channel_results(run, maximum),
        warnings=_warnings(schedule, weight, channel),
        sampler=sampler,
        seed=run.seed,
        history=tuple(estimate.times(unit) for estimate in history),
        losses=() if run.trainer is None else tuple(run.trainer.losses),
        decision=schedule.decision,
    )


def _warnings(schedule: Schedule, weight: Tensor, channel: Tensor) -> tuple[str, ...]:
    run = schedule.run
    mean, history = run.estimates.mean, run.estimates.history
    value, error = mean.value, math.sqrt(mean.variance)
    contribution = weight / run.final.moments.counts[channel]
    found = [
        tail_warning(contribution),
        dominance_warning(contribution, len(contribution)),
        consistency_warning(history),
    ]
    if run.buffer.rounds and run.mixture is not None:
        found.append(_witnesses(run, weight, channel, error / max(abs(value), 1e-300)))
    if run.evaluate.non_finite:
        found.append(f"{run.evaluate.non_finite} values of the integrand were not finite")
    if schedule.precision is not None and error > schedule.precision * abs(value):
        found.append(
            f"the precision {schedule.precision:g} was not reached with {run.budget} evaluations: "
            f"the relative error is {error / max(abs(value), 1e-300):.2g}"
        )
    return tuple(text for text in found if text is not None)


def _witnesses(
    run: IntegrationRun, weight: Tensor, channel: Tensor, relative_error: float
) -> str | None:
    """Compare the final sample with all earlier points, in the channels that are left."""
    assert run.mixture is not None
    parts, weights = [], []
    largest = torch.zeros(run.channels.count, dtype=torch.float64)
    largest.scatter_reduce_(0, channel, weight.abs(), "amax")
    for batch, counts in zip(run.buffer.rounds, run.buffer.counts, strict=True):
        value = run.channels.value(batch.value, batch.channel)
        log_q = run.mixture.log_prob(batch.u, batch.channel)
        parts.append(value * (-batch.log_proposal).exp() / counts[batch.channel])
        weights.append(value.abs() * (-log_q).exp() / largest[batch.channel].clamp(min=1e-300))
    scale = max(abs(run.estimates.mean.value), 1e-300) * len(parts)
    return witness_warning(torch.cat(parts) / scale, torch.cat(weights), 1.0, relative_error)


def _channel_results(run: IntegrationRun, maximum: Tensor) -> tuple[ChannelResult, ...]:
    moments, unit = run.final.moments, run.unit or 1.0
    deviation = moments.variances.sqrt()
    error = deviation / moments.counts.clamp(min=1.0).sqrt()
    return tuple(
        ChannelResult(
            name=name,
            value=unit * float(moments.means[k]),
            error=unit * float(error[k]),
            relative_std_dev=float(deviation[k] / moments.means[k].abs().clamp(min=1e-300)),
            maximum_weight=float(maximum[k]),
            active=bool(run.channels.active[k]),
        )
        for k, name in enumerate(run.integrand.names)
    )
