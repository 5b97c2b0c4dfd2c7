"""The road from an integrand to an integral and a sampler."""

import math
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError
from mcsurrogate.flows import HypercubeFlow
from mcsurrogate.integration.buffer import PointBatch, ReplayBuffer
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.combination import PredictableMean
from mcsurrogate.integration.evaluation import Evaluator
from mcsurrogate.integration.integrand import Integrand, IntegrandValue, as_integrand
from mcsurrogate.integration.mixture import DefensiveMixture
from mcsurrogate.integration.result import ChannelResult, IntegrationResult
from mcsurrogate.integration.sampler import Sampler
from mcsurrogate.integration.statistics import ChannelMoments, allocate
from mcsurrogate.integration.trainer import Trainer, TrainingSettings
from mcsurrogate.integration.unweighting import OVERWEIGHT_FRACTION, unweighting_efficiency
from mcsurrogate.integration.vegas import StratifiedGrid

__all__ = ["Progress", "integrate"]


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a running integration, for a progress bar.

    Attributes
    ----------
    phase
        ``vegas``, ``training`` or ``integration``.
    evaluations, planned
        Integrand evaluations so far and in all.
    value, error
        Latest estimate.
    """

    phase: str
    evaluations: int
    planned: int
    value: float
    error: float


class _Integration:
    """One run; its methods are the phases."""

    def __init__(
        self,
        integrand: Integrand,
        evaluations: int,
        seed: int,
        precision: float | None,
        settings: TrainingSettings,
        overweight: float,
        executor: Executor | None,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.integrand = integrand
        self.budget = evaluations
        self.seed = seed
        self.precision = precision
        self.settings = settings
        self.overweight = overweight
        self.report = progress
        self.evaluate = Evaluator(integrand, executor)
        self.generator = torch.Generator().manual_seed(seed)
        self.mean = PredictableMean()
        self.history: list[tuple[float, float, int]] = []
        self.channels = integrand.channels
        self.deviations = torch.ones(self.channels, dtype=torch.float64)
        self.active = torch.ones(self.channels, dtype=torch.bool)
        self.buffer = ReplayBuffer(1_000_000)
        self.grids: list[StratifiedGrid] = []
        self.channel_weights: ChannelWeights | None = None

    def _tell(self, phase: str, value: float, variance: float) -> None:
        self.history.append((value, math.sqrt(variance), self.evaluate.evaluations))
        if self.report is not None:
            self.report(
                Progress(phase, self.evaluate.evaluations, self.budget, value, math.sqrt(variance))
            )

    def _channel_value(self, value: IntegrandValue, channel: Tensor) -> Tensor:
        if value.prior is None or self.channels == 1:
            return value.weight
        if self.channel_weights is None:
            return value.weight * value.prior.gather(1, channel[:, None])[:, 0]
        with torch.no_grad():
            return value.weight * self.channel_weights(value.prior, value.features, channel)

    def vegas(self, points: int, iterations: int, *, keep: bool, adapt: bool = True) -> float:
        """VEGAS+ iterations in every channel; returns the relative variance of the last."""
        per_iteration = points // iterations
        if not self.grids:
            self.grids = [
                StratifiedGrid(self.integrand.dim, max(8, per_iteration // self.channels))
                for _ in range(self.channels)
            ]
        relative = math.inf
        for iteration in range(iterations):
            counts = allocate(per_iteration, self.deviations, 0.3, self.active)
            total, variance, drawn = 0.0, 0.0, 0
            for k, grid in enumerate(self.grids):
                batch = grid.draw(int(counts[k]), self.generator)
                channel = torch.full((len(batch.x),), k)
                value = self.evaluate(batch.x, channel)
                weight = self._channel_value(value, channel)
                mean_k, variance_k = batch.estimate(weight)
                total, variance = total + mean_k, variance + variance_k
                drawn += len(batch.x)
                self.deviations[k] = math.sqrt(variance_k * len(batch.x))
                if keep:
                    self._remember(batch.x, channel, value, batch.log_prob)
                if adapt:
                    grid.adapt(batch, weight)
            left = self.budget - self.evaluate.evaluations
            if iteration > 0 or not adapt:
                self.mean.add(total, variance, PredictableMean.fraction(drawn, left, 4.0))
            self._tell("vegas", total, variance)
            relative = variance * drawn / total**2 if total else math.inf
        return relative

    def _remember(
        self, u: Tensor, channel: Tensor, value: IntegrandValue, log_proposal: Tensor
    ) -> None:
        mixture = DefensiveMixture([grid.grid for grid in self.grids])
        log_grid = mixture.grid_log_prob(u, channel)
        self.buffer.add(
            PointBatch(
                u, channel, value.weight, log_proposal, log_grid, value.prior, value.features
            ),
            self.channels,
        )

    def start_flow(self) -> DefensiveMixture:
        """Flow that starts from the grids, and the defensive mixture around it."""
        groups = getattr(self.integrand, "groups", None)
        flow = HypercubeFlow(
            self.integrand.dim,
            channels=self.channels,
            groups=groups,
            periodic=self.integrand.periodic,
            seed=self.seed,
        )
        for k, grid in enumerate(self.grids):
            flow.marginal.set_grid(int(flow.channel_group[k]), grid.grid.edges)
        mixture = DefensiveMixture([grid.grid for grid in self.grids], flow)
        points = self.buffer.points
        assert points is not None
        # the grids have moved since the points were drawn: their defence is that of the last one
        self.buffer.points = PointBatch(
            points.u,
            points.channel,
            points.weight,
            points.log_proposal,
            mixture.defence(points.u, points.channel).log(),
            points.prior,
            points.features,
        )
        if self.channels > 1 and points.features is not None:
            self.channel_weights = ChannelWeights(
                self.channels, points.features.shape[1], seed=self.seed
            )
            self.channel_weights.standardise(points.features)
        return mixture

    def train(self, mixture: DefensiveMixture, points: int, rounds: int) -> tuple[float, ...]:
        """Rounds of fresh points from the mixture, each followed by steps on all points."""
        total = len(self.buffer) + points
        steps = min(self.settings.max_steps, int(self.settings.reuse * total / self.settings.batch))
        trainer = Trainer(mixture, self.channel_weights, self.settings, steps)
        trainer.train(self.buffer, steps // (rounds + 1), self.generator)
        for _ in range(rounds):
            counts = allocate(points // rounds, self.deviations, 0.3, self.active)
            channel = torch.repeat_interleave(torch.arange(self.channels), counts)
            u, log_q = mixture.sample(channel, self.generator)
            value = self.evaluate(u, channel)
            weight = self._channel_value(value, channel) * (-log_q).exp()
            moments = ChannelMoments.of(weight, channel, self.channels)
            self.deviations = moments.variances.sqrt()
            left = self.budget - self.evaluate.evaluations
            self.mean.add(
                moments.value, moments.variance, PredictableMean.fraction(len(u), left, 4.0)
            )
            self._tell("training", moments.value, moments.variance)
            self.buffer.add(
                PointBatch(
                    u,
                    channel,
                    value.weight,
                    log_q,
                    mixture.defence(u, channel).log(),
                    value.prior,
                    value.features,
                ),
                self.channels,
            )
            trainer.train(self.buffer, steps // (rounds + 1), self.generator)
        return tuple(trainer.losses)

    def finish(self, sampler: Sampler, chunk: int = 65536) -> tuple[ChannelMoments, Tensor, Tensor]:
        """Spend the rest of the points on the frozen sampler."""
        moments = ChannelMoments.zeros(self.channels)
        weights, channels = [], []
        left = self.budget - self.evaluate.evaluations
        while left > 0:
            counts = allocate(min(chunk, left), self.deviations, 0.1, self.active)
            channel = torch.repeat_interleave(torch.arange(self.channels), counts)
            points = sampler.draw(channel, self.generator, self.evaluate)
            moments.add(ChannelMoments.of(points.weight, points.channel, self.channels))
            weights.append(points.weight)
            channels.append(points.channel)
            left -= len(channel)
            if self.report is not None:
                error = math.sqrt(moments.variance)
                self.report(
                    Progress(
                        "integration",
                        self.evaluate.evaluations,
                        self.budget,
                        moments.value,
                        error,
                    )
                )
            if self.precision is not None and len(weights) > 1:
                error = math.sqrt(moments.variance)
                if error < self.precision * abs(moments.value):
                    break
        return moments, torch.cat(weights), torch.cat(channels)


def integrate(
    f: Integrand | Callable[[Tensor], Tensor],
    dim: int | None = None,
    *,
    evaluations: int = 400_000,
    seed: int = 1,
    precision: float | None = None,
    method: str = "auto",
    training: TrainingSettings | None = None,
    overweight: float = OVERWEIGHT_FRACTION,
    executor: Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> IntegrationResult:
    """Integrate a function over the unit hypercube.

    Parameters
    ----------
    f
        A function of points ``(N, dim)`` in float64 that returns ``(N,)``, or an
        :class:`Integrand`.
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
    training
        How the flow is trained.
    overweight
        Part of the integral that may lie above the maximum weights of unweighting.
    executor
        Where to evaluate the integrand; None evaluates it here.
    progress
        Called after every batch.

    Returns
    -------
    IntegrationResult
        Integral, error, figures of merit, warnings, and the sampler.

    Raises
    ------
    IntegrationError
        For impossible arguments, or an integrand that is not finite.
    """
    if method not in ("auto", "madnis", "vegas"):
        raise IntegrationError(f"method is {method!r}; it must be auto, madnis or vegas")
    if evaluations < 1000:
        raise IntegrationError(f"evaluations is {evaluations}; at least 1000 are needed")
    start = time.process_time()
    integrand = as_integrand(f, dim)
    run = _Integration(
        integrand,
        evaluations,
        seed,
        precision,
        TrainingSettings() if training is None else training,
        overweight,
        executor,
        progress,
    )
    losses: tuple[float, ...] = ()
    relative = run.vegas(evaluations // 5, 5, keep=method != "vegas")
    decision = f"method = {method}"
    if method == "auto":
        method = "vegas" if relative < 0.05 else "madnis"
        decision = f"VEGAS+ reaches a relative standard deviation of {math.sqrt(relative):.3g}"
    if method == "madnis":
        mixture = run.start_flow()
        losses = run.train(mixture, int(0.4 * evaluations), 8)
    else:
        run.vegas(int(0.3 * evaluations), 3, keep=False)
        mixture = DefensiveMixture([grid.grid for grid in run.grids])
    sampler = Sampler(integrand, mixture, run.channel_weights, torch.ones(run.channels))
    moments, weight, channel = run.finish(sampler)
    run.mean.add(moments.value, moments.variance, 1.0)
    run.history.append((moments.value, math.sqrt(moments.variance), run.evaluate.evaluations))
    efficiency = unweighting_efficiency(weight, channel, run.channels, run.generator, overweight)
    sampler = Sampler(
        integrand, mixture, run.channel_weights, efficiency.maximum, efficiency.maximum
    )
    warnings = []
    if run.evaluate.non_finite:
        warnings.append(f"{run.evaluate.non_finite} values of the integrand were not finite")
    value, error = run.mean.value, math.sqrt(run.mean.variance)
    return IntegrationResult(
        value=value,
        error=error,
        relative_std_dev=math.sqrt(moments.variance * float(moments.counts.sum()))
        / abs(moments.value),
        unweighting_efficiency=efficiency.value,
        unweighting_efficiency_error=efficiency.error,
        overweight_fraction=overweight,
        evaluations=run.evaluate.evaluations,
        seconds=time.process_time() - start,
        integrand_seconds=run.evaluate.seconds,
        method=method,
        channels=_channel_results(integrand, moments, efficiency.maximum, run.active),
        warnings=tuple(warnings),
        sampler=sampler,
        seed=seed,
        history=tuple(run.history),
        losses=losses,
        decision=decision,
    )


def _channel_results(
    integrand: Integrand, moments: ChannelMoments, maximum: Tensor, active: Tensor
) -> tuple[ChannelResult, ...]:
    deviation = moments.variances.sqrt()
    error = deviation / moments.counts.clamp(min=1.0).sqrt()
    return tuple(
        ChannelResult(
            name,
            float(moments.means[k]),
            float(error[k]),
            float(deviation[k] / moments.means[k].abs().clamp(min=1e-300)),
            float(maximum[k]),
            bool(active[k]),
        )
        for k, name in enumerate(integrand.names)
    )
