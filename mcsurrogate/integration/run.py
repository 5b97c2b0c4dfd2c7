"""One integration as a sequence of steps that can be interrupted and resumed."""

import math
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.flows import HypercubeFlow
from mcsurrogate.integration.buffer import PointBatch, ReplayBuffer
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.combination import PredictableMean
from mcsurrogate.integration.evaluation import Evaluator
from mcsurrogate.integration.history import Estimate, Progress
from mcsurrogate.integration.integrand import Integrand, IntegrandValue, discrete_sizes
from mcsurrogate.integration.maximum import OVERWEIGHT_FRACTION
from mcsurrogate.integration.mixture import DefensiveMixture
from mcsurrogate.integration.sampler import Sampler
from mcsurrogate.integration.settings import IntegrationSettings
from mcsurrogate.integration.statistics import ChannelMoments, allocate
from mcsurrogate.integration.symmetries import Symmetries
from mcsurrogate.integration.trainer import Trainer
from mcsurrogate.integration.vegas import StratifiedGrid

__all__ = ["NETWORK_STEP", "IntegrationRun"]

NETWORK_STEP = 10e-6
"""Seconds a training step takes for each of its points, for a flow of the default size."""
_LEAST_REUSE, _MOST_REUSE = 10.0, 40.0

_EXPECTED_GAIN = 16.0
"""How much less variance later points are assumed to have when learning begins."""
_GAUSSIAN = 1000.0
"""Effective sample size from which an estimate's error means what it says."""


class IntegrationRun:
    """State and steps of an integration.

    Parameters
    ----------
    integrand
        What is integrated.
    budget
        Largest number of evaluations.
    seed
        Decides on every random number.
    settings
        How the evaluations are spent.
    executor
        Where the integrand is evaluated.
    progress
        Called after every step.
    """

    def __init__(
        self,
        integrand: Integrand,
        budget: int,
        seed: int,
        settings: IntegrationSettings,
        executor: Executor | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.integrand = integrand
        self.budget = budget
        self.seed = seed
        self.settings = settings
        self.evaluate = Evaluator(integrand, executor)
        self.report = progress
        self.generator = torch.Generator().manual_seed(seed)
        self.channels = integrand.channels
        self.mean = PredictableMean()
        self.history: list[Estimate] = []
        self.deviations = torch.ones(self.channels, dtype=torch.float64)
        self.active = torch.ones(self.channels, dtype=torch.bool)
        self.grids: list[StratifiedGrid] = []
        self.buffer = ReplayBuffer()
        self.mixture: DefensiveMixture | None = None
        self.channel_weights: ChannelWeights | None = None
        self.trainer: Trainer | None = None
        self.reuse = settings.training.reuse
        self.symmetries = Symmetries()
        self.moments = ChannelMoments.zeros(self.channels)
        self.round_moments: list[ChannelMoments] = []
        self.final: list[tuple[Tensor, Tensor, Tensor]] = []

    @property
    def left(self) -> int:
        """Evaluations that are left."""
        return self.budget - self.evaluate.evaluations

    def channel_value(self, value: IntegrandValue, channel: Tensor) -> Tensor:
        """Integrand times present channel weight ``(N,)``."""
        return Sampler.value_in_channel(self.channel_weights, value, channel)

    def _note(self, phase: str, value: float, variance: float, points: int, ess: float) -> None:
        error = math.sqrt(max(variance, 0.0))
        self.history.append(Estimate(phase, value, error, points, ess))
        self._tell(phase, value, error)

    def _tell(self, phase: str, value: float, error: float) -> None:
        if self.report is not None:
            self.report(Progress(phase, self.evaluate.evaluations, self.budget, value, error))

    def vegas_step(
        self,
        points: int,
        *,
        adapt: bool,
        keep: bool,
        left: int | None = None,
        choose: bool = False,
    ) -> None:
        """One VEGAS+ iteration over all channels.

        Parameters
        ----------
        points
            Points in all.
        adapt
            Whether grids and boxes adapt afterwards.
        keep
            Whether the points go to the buffer.
        left
            Evaluations that will follow; by default all that are left.
        choose
            Whether each grid decides between the densities that events may come from.
        """
        if not self.grids:
            share = max(64, points // self.channels)
            self.grids = [StratifiedGrid(self.integrand.dim, share) for _ in range(self.channels)]
        counts = allocate(points, self.deviations, 0.3, self.active)
        total, variance = 0.0, 0.0
        batches: list[PointBatch] = []
        contributions = []
        for k, grid in enumerate(self.grids):
            batch = grid.draw(int(counts[k]), self.generator)
            channel = torch.full((len(batch.x),), k)
            value = self.evaluate(batch.x, channel)
            weight = self.channel_value(value, channel)
            mean_k, variance_k = batch.estimate(weight)
            total, variance = total + mean_k, variance + variance_k
            self.deviations[k] = math.sqrt(variance_k * len(batch.x))
            contributions.append(weight.abs() * (-batch.log_prob).exp() / len(batch.x))
            batches.append(
                PointBatch(
                    batch.x,
                    channel,
                    value.weight,
                    batch.log_prob,
                    torch.zeros_like(batch.log_prob),
                    value.prior,
                    value.features,
                )
            )
            if choose:
                grid.choose_density(batch, weight, OVERWEIGHT_FRACTION)
            if adapt:
                grid.adapt(batch, weight)
        joined = PointBatch.join(batches)
        gain = _EXPECTED_GAIN if adapt else 1.0
        self._combine(total, variance, len(joined), gain, self.left if left is None else left)
        if keep:
            self.buffer.add(joined, self.channels)
        ess = _effective_fraction(torch.cat(contributions))
        self._note("vegas" if adapt else "frozen", total, variance, len(joined), ess)

    def _combine(self, value: float, variance: float, points: int, gain: float, left: int) -> None:
        """Add an estimate to the mean with a weight that its own points did not decide on."""
        fraction = PredictableMean.fraction(points, max(0, left), gain)
        last = self.history[-1] if self.history else None
        learning = left > 0 and gain > 1.0
        if learning and (last is None or last.effective * points < _GAUSSIAN):
            # a few points that count make a skewed estimate, low most of the time
            fraction = 0.0
        self.mean.add(value, variance, fraction)

    def restratify(self, points: int) -> None:
        """Cut every channel's boxes anew for iterations of ``points`` points."""
        counts = allocate(points, self.deviations, 0.3, self.active)
        for grid, count in zip(self.grids, counts.tolist(), strict=True):
            grid.cut(max(64, count))

    def find_symmetries(self) -> None:
        """Test the symmetries that the integrand claims on points of the last round."""
        last = self.buffer.rounds[-1]
        self.symmetries = Symmetries.of(
            self.integrand, self.evaluate, last.u, last.weight, self.generator
        )

    def start_flow(self) -> None:
        """Build the flow from the grids, and the defensive mixture around it."""
        if self.reuse is None:
            # once and for all: a resumed run must not measure again
            self.reuse = self._scheduled_reuse()
        sizes, settings = self.settings.flow, self.settings
        flow = HypercubeFlow(
            self.integrand.dim,
            channels=self.channels,
            groups=getattr(self.integrand, "groups", None),
            blocks=sizes.blocks,
            bins=sizes.bins,
            marginal_bins=sizes.marginal_bins,
            hidden=sizes.hidden,
            periodic=self.integrand.periodic,
            discrete=discrete_sizes(self.integrand),
            seed=self.seed,
        )
        for k, grid in enumerate(self.grids):
            flow.set_grid(int(flow.channel_group[k]), grid.grid.edges)
        self.mixture = DefensiveMixture(self.grids, flow, settings.grid_part, settings.flat_part)
        # the grids moved after the points were drawn
        self.buffer.set_grid(
            [self.mixture.grid_log_prob(b.u, b.channel) for b in self.buffer.rounds]
        )
        features = self.buffer.rounds[-1].features if self.buffer.rounds else None
        if self.channels > 1 and features is not None and settings.training.learn_channel_weights:
            self.channel_weights = ChannelWeights(
                self.channels, features.shape[1], sizes.channel_weight_hidden, self.seed
            )
            self.channel_weights.standardise(features)
        self.trainer = Trainer(
            self.mixture, self.channel_weights, settings.training, self.symmetries
        )

    def training_steps(self, points: int) -> int:
        """Return the number of training steps a round, if ``points`` are drawn in all."""
        training = self.settings.training
        reuse = self._scheduled_reuse() if self.reuse is None else self.reuse
        total = reuse * (self.evaluate.evaluations + points) / training.batch
        return max(10, int(min(training.max_steps, total)) // (training.rounds + 1))

    def _scheduled_reuse(self) -> float:
        """How often points are trained on, so that training costs about what they cost."""
        return min(_MOST_REUSE, max(_LEAST_REUSE, self.evaluate.cost / NETWORK_STEP))

    def train(self, steps: int, index: int) -> None:
        """Train on the buffer; round ``index`` of the settings' rounds, 0 for the VEGAS points."""
        assert self.trainer is not None
        values = [
            self.channel_value(IntegrandValue(b.weight, b.prior, b.features), b.channel)
            for b in self.buffer.rounds
        ]
        self.buffer.prepare(values)
        rounds = self.settings.training.rounds + 1
        scale = max(abs(self._scale()), 1e-300)
        self.trainer.train(
            self.buffer, steps, scale, (index / rounds, (index + 1) / rounds), self.generator
        )

    def _scale(self) -> float:
        """Best guess of the integral, for units."""
        known = [e for e in self.history if e.error > 0.0]
        if not known:
            return 1.0
        weights = [e.points * e.effective for e in known]
        total = sum(weights)
        return sum(w * e.value for w, e in zip(weights, known, strict=True)) / max(total, 1e-300)

    def training_round(self, points: int, grid_part: float, progress: float) -> None:
        """Draw fresh points from the mixture and keep them.

        Parameters
        ----------
        points
            Number of points.
        grid_part
            Part of the grid in the mixture, for this round.
        progress
            How far the training has come, from 0 to 1.
        """
        assert self.mixture is not None
        exploring = DefensiveMixture(
            self.grids, self.mixture.flow, grid_part, self.settings.flat_part
        )
        counts = allocate(points, self.deviations, 0.3, self.active)
        channel = torch.repeat_interleave(torch.arange(self.channels), counts)
        u, log_q, log_grid, _ = exploring.draw(channel, self.generator)
        value = self.evaluate(u, channel)
        weight = self.channel_value(value, channel) * (-log_q).exp()
        control = self._control(exploring, log_q, log_grid, channel)
        moments = ChannelMoments.of(weight + control, channel, self.channels)
        self.deviations = moments.variances.sqrt()
        self.round_moments = [*self.round_moments[-2:], moments]
        gain = 1.5 + _EXPECTED_GAIN * (1.0 - progress)
        self._combine(moments.value, moments.variance, len(u), gain, self.left)
        self.buffer.add(
            PointBatch(u, channel, value.weight, log_q, log_grid, value.prior, value.features),
            self.channels,
        )
        ess = _effective_fraction(weight.abs() / moments.counts[channel])
        self._note("training", moments.value, moments.variance, len(u), ess)

    def _control(
        self, mixture: DefensiveMixture, log_q: Tensor, log_grid: Tensor, channel: Tensor
    ) -> Tensor:
        """Control variates ``(N,)`` of mean zero that take back what the defence costs.

        Points of grid and flat density have next to no weight where the flow is good.  The parts
        sum to the density q, so that with ``flow = f / I`` the weight f / q is linear in g / q and
        1 / q, whose means are known to be one (Owen, Zhou, J. Am. Stat. Assoc. 95 (2000) 135).
        The coefficients come from earlier rounds: the mean stays unbiased.
        """
        part_flow, part_grid, part_flat = mixture.parts
        if part_flow == 0.0 or not self.round_moments:
            return torch.zeros_like(log_q)
        integral = torch.stack([m.means for m in self.round_moments]).mean(0)[channel]
        grid = part_grid * ((log_grid - log_q).exp() - 1.0)
        flat = part_flat * ((-log_q).exp() - 1.0)
        return integral / part_flow * (grid + flat)

    def drop_channels(self) -> None:
        """Drop the channels that together hold next to nothing of the integral.

        Their share goes to the others through the channel weights, so nothing is lost.
        """
        limit = self.settings.training.drop_channels
        if self.channels == 1 or self.channel_weights is None or limit <= 0.0:
            return
        recent = self.round_moments
        means = sum((m.means.abs() for m in recent), torch.zeros(self.channels))
        spread = sum((m.variances / m.counts.clamp(min=1.0) for m in recent), means * 0.0)
        # a channel counts by the most that it may hold
        upper = (means + 2.0 * (len(recent) * spread).sqrt()) / means.sum().clamp(min=1e-300)
        order = torch.argsort(upper)
        small = order[upper[order].cumsum(0) < limit]
        self.active[small] = False
        self.channel_weights.active.copy_(self.active)

    def final_chunk(self, points: int) -> None:
        """Draw from the frozen mixture."""
        assert self.mixture is not None
        counts = allocate(points, self.deviations, 0.1, self.active)
        channel = torch.repeat_interleave(torch.arange(self.channels), counts)
        u, log_q, log_grid, part = self.mixture.draw(channel, self.generator)
        value = self.evaluate(u, channel)
        weight = self.channel_value(value, channel) * (-log_q).exp()
        control = self._control(self.mixture, log_q, log_grid, channel)
        self.moments.add(ChannelMoments.of(weight + control, channel, self.channels))
        self.final.append((weight, channel, part))
        self._tell("integration", self.moments.value, math.sqrt(self.moments.variance))

    def close(self) -> None:
        """Give the frozen sample the weight that is left."""
        moments = self.moments
        self.mean.add(moments.value, moments.variance, 1.0)
        weight = torch.cat([w for w, _, _ in self.final])
        channel = torch.cat([c for _, c, _ in self.final])
        ess = _effective_fraction(weight.abs() / moments.counts[channel])
        self._note("integration", moments.value, moments.variance, int(moments.counts.sum()), ess)

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs, in tensors and plain values."""
        return {
            "generator": self.generator.get_state(),
            "evaluator": self.evaluate.state(),
            "mean": self.mean.state(),
            "history": [(e.phase, e.value, e.error, e.points, e.effective) for e in self.history],
            "deviations": self.deviations,
            "active": self.active,
            "grids": [grid.state() for grid in self.grids],
            "buffer": self.buffer.state(),
            "trainer": None if self.trainer is None else self.trainer.state(),
            "moments": (self.moments.counts, self.moments.first, self.moments.second),
            "reuse": self.reuse,
            "symmetries": (self.symmetries.reflections, self.symmetries.constant),
            "rounds": [(m.counts, m.first, m.second) for m in self.round_moments],
            "final": list(self.final),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a saved state."""
        self.generator.set_state(state["generator"])
        self.evaluate.restore(state["evaluator"])
        self.mean.restore(state["mean"])
        self.history = [Estimate(*entry) for entry in state["history"]]
        self.deviations, self.active = state["deviations"], state["active"]
        self.buffer.restore(state["buffer"])
        self.grids = []
        for saved in state["grids"]:
            grid = StratifiedGrid(self.integrand.dim, 64)
            grid.restore(saved)
            self.grids.append(grid)
        self.reuse = state["reuse"]
        self.symmetries = Symmetries(*state["symmetries"])
        if state["trainer"] is not None:
            self.start_flow()
            assert self.trainer is not None
            self.trainer.restore(state["trainer"])
        self.moments = ChannelMoments(*state["moments"])
        self.round_moments = [ChannelMoments(*entry) for entry in state["rounds"]]
        self.final = [tuple(entry) for entry in state["final"]]


def _effective_fraction(contribution: Tensor) -> float:
    square = float(contribution.square().sum())
    return float(contribution.sum()) ** 2 / square / len(contribution) if square > 0.0 else 0.0
