# SPDX-License-Identifier: GPL-3.0-or-later
"""One integration as a sequence of steps that can be interrupted and resumed."""

import math
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from mcsurrogate.device import compute_device
from mcsurrogate.flows import flow_builder
from mcsurrogate.integration.buffer import PointBatch, ReplayBuffer
from mcsurrogate.integration.channel_weights import ChannelWeights
from mcsurrogate.integration.combination import EXPECTED_GAIN, Estimates
from mcsurrogate.integration.control import control_variates
from mcsurrogate.integration.evaluation import Evaluator
from mcsurrogate.integration.final_sample import FinalSample
from mcsurrogate.integration.history import Estimate, Progress
from mcsurrogate.integration.integrand import (
    Integrand,
    IntegrandValue,
    discrete_sizes,
    network_groups,
)
from mcsurrogate.integration.maximum import OVERWEIGHT_FRACTION
from mcsurrogate.integration.mixture import DefensiveMixture
from mcsurrogate.integration.sampled_channels import SampledChannels
from mcsurrogate.integration.settings import IntegrationSettings
from mcsurrogate.integration.statistics import ChannelMoments
from mcsurrogate.integration.symmetries import Symmetries
from mcsurrogate.integration.tempering import effective_sample_size
from mcsurrogate.integration.trainer import Trainer
from mcsurrogate.integration.training_cost import worthwhile_reuse
from mcsurrogate.integration.unit import LARGE, fitting_unit
from mcsurrogate.integration.vegas import StratifiedBatch, StratifiedGrid

__all__ = ["IntegrationRun"]

_LEAST_A_CHANNEL = 64
"""Points that the boxes of a channel are cut for, at least."""
_EVEN, _EVEN_AT_LAST = 0.3, 0.1
"""Part of the points that channels get in equal numbers: while learning, and at last."""
_REMEMBERED_ROUNDS = 3
"""Training rounds whose moments tell what the channels hold now."""
_LEAST_STEPS = 10
"""Training steps of a round."""
_GAIN_BY_TRAINING = 1.5
"""How much less variance the points after the last training round are assumed to have."""


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
        self.device = compute_device(settings.device)
        self.build_flow = flow_builder(settings.flow.family, settings.flow.options)
        self.evaluate = Evaluator(integrand, executor)
        self.report = progress
        self.generator = torch.Generator().manual_seed(seed)
        self.channels = SampledChannels(integrand, self.evaluate)
        self.unit: float | None = None
        self.estimates = Estimates()
        self.grids: list[StratifiedGrid] = []
        self.buffer = ReplayBuffer()
        self.mixture: DefensiveMixture | None = None
        self.trainer: Trainer | None = None
        self.reuse = settings.training.reuse
        self.symmetries = Symmetries()
        self.rounds: list[ChannelMoments] = []
        self.grid_rounds: list[ChannelMoments] = []
        self.final = FinalSample(ChannelMoments.zeros(self.channels.count))

    @property
    def left(self) -> int:
        """Evaluations that are left."""
        return self.budget - self.evaluate.evaluations

    def _values(self, u: Tensor, channel: Tensor) -> IntegrandValue:
        """Evaluate the integrand, in units of its size: all sums of the run are in them.

        A batch that is larger beyond all bounds than those before it changes the unit.
        """
        value = self.evaluate(u, channel)
        largest = float(value.weight.abs().amax())
        if self.unit is None and largest > 0.0:
            self.unit = fitting_unit(largest)
        elif self.unit is not None and largest > LARGE * self.unit:
            # in the new unit what was found before is zero to all digits
            self._rescale(0.0)
            self.unit = fitting_unit(largest)
        if self.unit in (None, 1.0):
            return value
        return replace(value, weight=value.weight / self.unit)

    def _rescale(self, factor: float) -> None:
        """Multiply all that was found so far."""
        self.estimates.rescale(factor)
        self.channels.deviations = factor * self.channels.deviations
        self.buffer.rescale(factor)
        self.rounds = [moments.scaled(factor) for moments in self.rounds]
        self.grid_rounds = [moments.scaled(factor) for moments in self.grid_rounds]
        self.final.rescale(factor)

    def _note(self, phase: str, value: float, variance: float, contribution: Tensor) -> None:
        """Keep an estimate and what each of its points contributed ``(N,)``, and report it."""
        points = len(contribution)
        error = math.sqrt(max(variance, 0.0))
        effective = effective_sample_size(contribution) / points
        self.estimates.history.append(
            Estimate(phase=phase, value=value, error=error, points=points, effective=effective)
        )
        self._tell(phase, value, error)

    def _tell(self, phase: str, value: float, error: float) -> None:
        if self.report is not None:
            spent = self.evaluate.evaluations
            unit = self.unit or 1.0
            self.report(
                Progress(
                    phase=phase,
                    evaluations=spent,
                    planned=self.budget,
                    value=unit * value,
                    error=unit * error,
                )
            )

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
            self._start_grids(points)
        counts = self.channels.counts(points, _EVEN)
        kept = self.channels.indices
        drawn = [self.grids[k].draw(int(counts[k]), self.generator) for k in kept]
        sizes = [len(batch.x) for batch in drawn]
        channels = torch.repeat_interleave(torch.tensor(kept), torch.tensor(sizes))
        values = self._values(torch.cat([batch.x for batch in drawn]), channels).split(sizes)
        total, variance = 0.0, 0.0
        moments = ChannelMoments.zeros(self.channels.count)
        batches: list[PointBatch] = []
        contributions, weights = [], []
        for i, (k, batch, value) in enumerate(zip(kept, drawn, values, strict=True)):
            grid, channel = self.grids[k], torch.full((sizes[i],), k)
            weight = self.channels.value(value, channel)
            mean_k, variance_k = batch.estimate(weight)
            total, variance = total + mean_k, variance + variance_k
            moments.set_estimate(k, sizes[i], mean_k, variance_k)
            self.channels.deviations[k] = math.sqrt(variance_k * len(batch.x))
            contributions.append(weight.abs() * (-batch.log_prob).exp() / len(batch.x))
            unknown = torch.zeros_like(batch.log_prob)
            batches.append(PointBatch.of(batch.x, channel, value, batch.log_prob, unknown))
            weights.append(weight)
            if choose:
                grid.choose_density(batch, weight, OVERWEIGHT_FRACTION)
        if adapt:
            self._adapt(kept, drawn, weights)
        joined = PointBatch.join(batches)
        self.grid_rounds = [*self.grid_rounds[1 - _REMEMBERED_ROUNDS :], moments]
        self.estimates.combine(
            total,
            variance,
            points=len(joined),
            left=self.left if left is None else left,
            gain=EXPECTED_GAIN if adapt else 1.0,
        )
        if keep:
            self.buffer.add(joined, self.channels.count)
        self._note("vegas" if adapt else "frozen", total, variance, torch.cat(contributions))

    def _adapt(self, kept: list[int], drawn: list[StratifiedBatch], weights: list[Tensor]) -> None:
        """Adapt grids; channels of one group have one grid."""
        groups = self.channels.groups
        together: dict[int, list[int]] = {}
        for i, k in enumerate(kept):
            together.setdefault(groups[k], []).append(i)
        for members in together.values():
            StratifiedGrid.adapt_together(
                [self.grids[kept[i]] for i in members],
                [drawn[i] for i in members],
                [weights[i] for i in members],
            )

    def _start_grids(self, points: int) -> None:
        share = max(_LEAST_A_CHANNEL, points // len(self.channels.indices))
        cautious = self.channels.shares is not None
        self.grids = [
            StratifiedGrid(self.integrand.dim, share, cautious=cautious)
            for _ in range(self.channels.count)
        ]

    def share_channels(self, points: int, *, last: bool) -> None:
        """Learn from points of their own densities what share each overlapping channel needs.

        Parameters
        ----------
        points
            Points in all.
        last
            Whether channels that are not needed are dropped.
        """
        channels, shares = self.channels, self.channels.shares
        assert shares is not None
        channels.deviations = shares.values
        counts = channels.counts(points, even=0.0)
        channel = torch.repeat_interleave(torch.arange(channels.count), counts)
        size = (len(channel), self.integrand.dim)
        u = torch.rand(size, generator=self.generator, dtype=torch.float64)
        value = self._values(u, channel)
        contribution = channels.value(value, channel) / counts[channel]
        moments = ChannelMoments.of(contribution * counts[channel], channel, channels.count)
        channels.deviations = moments.variances.sqrt()
        assert value.prior is not None
        shares.add(value.prior, value.weight, channel)
        self._note("channels", moments.value, moments.variance, contribution)
        channels.follow_shares(last=last)
        if last or not self.grids:
            self._start_grids(points)

    def restratify(self, points: int) -> None:
        """Cut every channel's boxes anew for iterations of ``points`` points."""
        counts = self.channels.counts(points, _EVEN)
        for grid, count in zip(self.grids, counts.tolist(), strict=True):
            grid.cut(max(_LEAST_A_CHANNEL, count))

    def find_symmetries(self) -> None:
        """Test the symmetries that the integrand claims on points of the last round."""
        last = self.buffer.rounds[-1]
        self.symmetries = Symmetries.of(
            self.integrand,
            self.evaluate,
            last.u,
            last.weight * (self.unit or 1.0),
            self.generator,
        )

    def start_flow(self) -> None:
        """Build the flow from the grids, and the defensive mixture around it."""
        settings = self.settings
        if self.reuse is None:
            # once and for all: a resumed run must not measure again
            self.reuse = worthwhile_reuse(self.evaluate.cost)
        flow = self.build_flow(
            self.integrand.dim,
            groups=network_groups(self.integrand),
            periodic=self.integrand.periodic,
            discrete=discrete_sizes(self.integrand),
            seed=self.seed,
        )
        for k, grid in enumerate(self.grids):
            flow.set_grid(k, grid.grid.edges)
        flow.to(self.device)
        self.mixture = DefensiveMixture(self.grids, flow, settings.grid_part, settings.flat_part)
        # the grids moved after the points were drawn
        self.buffer.set_grid(
            [self.mixture.grid_log_prob(b.u, b.channel) for b in self.buffer.rounds]
        )
        training = settings.training
        features = self.buffer.rounds[-1].features if self.buffer.rounds else None
        count = self.channels.count
        if count > 1 and features is not None and training.learn_channel_weights:
            weights = ChannelWeights(
                count, features.shape[1], training.channel_weight_hidden, self.seed
            )
            weights.standardise(features)
            weights.to(self.device)
            self.channels.learn_weights(weights)
        self.trainer = Trainer(self.mixture, self.channels.weights, training, self.symmetries)

    def freeze_grid(self) -> None:
        """Sample from VEGAS+ alone from now on."""
        self.mixture = DefensiveMixture(self.grids, None, flat_part=self.settings.flat_part)

    def training_steps(self, points: int) -> int:
        """Return the number of training steps a round, if ``points`` are drawn in all."""
        training = self.settings.training
        reuse = worthwhile_reuse(self.evaluate.cost) if self.reuse is None else self.reuse
        total = reuse * (self.evaluate.evaluations + points) / training.batch
        return max(_LEAST_STEPS, int(min(training.max_steps, total)) // (training.rounds + 1))

    def train(self, steps: int, index: int) -> None:
        """Train on the buffer; round ``index`` of the settings' rounds, 0 for the VEGAS points."""
        assert self.trainer is not None
        self.buffer.prepare([self.channels.value(b.value, b.channel) for b in self.buffer.rounds])
        rounds = self.settings.training.rounds + 1
        scale = max(abs(self.estimates.guess), 1e-300)
        self.trainer.train(
            self.buffer, steps, scale, (index / rounds, (index + 1) / rounds), self.generator
        )

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
        channel = self.channels.deal(points, _EVEN)
        u, log_q, log_grid = exploring.draw(channel, self.generator)
        value = self._values(u, channel)
        weight = self.channels.value(value, channel) * (-log_q).exp()
        control = control_variates(exploring, log_q, log_grid, self._known_integral(channel))
        moments = ChannelMoments.of(weight + control, channel, self.channels.count)
        self.channels.deviations = moments.variances.sqrt()
        self.rounds = [*self.rounds[1 - _REMEMBERED_ROUNDS :], moments]
        self.estimates.combine(
            moments.value,
            moments.variance,
            points=len(u),
            left=self.left,
            gain=_GAIN_BY_TRAINING + EXPECTED_GAIN * (1.0 - progress),
        )
        self.buffer.add(PointBatch.of(u, channel, value, log_q, log_grid), self.channels.count)
        contribution = weight.abs() / moments.counts[channel]
        self._note("training", moments.value, moments.variance, contribution)

    def _known_integral(self, channel: Tensor) -> Tensor | None:
        """Return what the last rounds found in the channels ``(N,)``."""
        if not self.rounds:
            return None
        return torch.stack([m.means for m in self.rounds]).mean(0)[channel]

    def drop_channels(self) -> None:
        """Drop the channels that together hold next to nothing, by the rounds of the training."""
        limit = self.settings.training.drop_channels
        if self.channels.weights is not None and limit > 0.0:
            self.channels.drop_unneeded(self.rounds, limit)

    def drop_grids(self) -> None:
        """Drop such channels by what VEGAS+ found, where it goes on without learned weights."""
        limit = self.settings.training.drop_channels
        if self.channels.count > 1 and not self.channels.learned and limit > 0.0:
            self.channels.drop_unneeded(self.grid_rounds, limit)

    def final_chunk(self, points: int) -> None:
        """Draw from the frozen mixture."""
        assert self.mixture is not None
        channel = self.channels.deal(points, _EVEN_AT_LAST)
        u, log_q, log_grid = self.mixture.draw(channel, self.generator)
        value = self._values(u, channel)
        weight = self.channels.value(value, channel) * (-log_q).exp()
        control = control_variates(self.mixture, log_q, log_grid, self._known_integral(channel))
        self.final.add(weight, control, channel)
        moments = self.final.moments
        self._tell("integration", moments.value, math.sqrt(moments.variance))

    def close(self) -> None:
        """Give the frozen sample the weight that is left."""
        moments = self.final.moments
        self.estimates.mean.add(moments.value, moments.variance, 1.0)
        contribution = self.final.weight.abs() / moments.counts[self.final.channel]
        self._note("integration", moments.value, moments.variance, contribution)

    def state(self) -> dict[str, Any]:
        """Everything that a resumed run needs, in tensors and plain values."""
        return {
            "generator": self.generator.get_state(),
            "unit": self.unit,
            "evaluator": self.evaluate.state(),
            "estimates": self.estimates.state(),
            "channels": self.channels.state(),
            "grids": [grid.state() for grid in self.grids],
            "buffer": self.buffer.state(),
            "trainer": None if self.trainer is None else self.trainer.state(),
            "reuse": self.reuse,
            "symmetries": (self.symmetries.reflections, self.symmetries.constant),
            "rounds": [moments.state() for moments in self.rounds],
            "grid_rounds": [moments.state() for moments in self.grid_rounds],
            "final": self.final.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a saved state."""
        self.generator.set_state(state["generator"])
        self.unit = state["unit"]
        self.evaluate.restore(state["evaluator"])
        self.estimates = Estimates.of_state(state["estimates"])
        self.channels.restore(state["channels"])
        self.grids = [StratifiedGrid.of_state(saved) for saved in state["grids"]]
        self.buffer.restore(state["buffer"])
        self.reuse = state["reuse"]
        self.symmetries = Symmetries(*state["symmetries"])
        if state["trainer"] is not None:
            self.start_flow()
            assert self.trainer is not None
            self.trainer.restore(state["trainer"])
        else:
            self.channels.weigh()
        self.rounds = [ChannelMoments(*saved) for saved in state["rounds"]]
        self.grid_rounds = [ChannelMoments(*saved) for saved in state["grid_rounds"]]
        self.final = FinalSample.of_state(state["final"])
