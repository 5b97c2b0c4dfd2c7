# SPDX-License-Identifier: GPL-3.0-or-later
"""Which step of an integration comes next."""

import math
from typing import Any

from mcsurrogate.integration.choice import (
    ADAPTING_ITERATIONS,
    choose_before_training,
    choose_sampler,
)
from mcsurrogate.integration.run import IntegrationRun

__all__ = ["Schedule"]

_LEAST_FINAL = 20_000
"""Points of the final sample that maximum weights need."""
_SAFETY = 1.1
"""Points that are planned over those that the precision should need."""
_LEAST_ROUND = 256
"""Points of a training round."""
_EARLY_GRID = 0.25
"""Part of the proposal that the grid has in the first round beyond its own; it falls to none
halfway through the training."""
_ROUNDS_TO_BELIEVE = 3
"""Training rounds after which their spread may end the training."""
_FURTHER_PART, _FURTHER_POINTS = 0.2, 1000
"""Points that are added where the precision was missed: part of those so far, and some more."""
_ITERATION_PART, _LEAST_ITERATION = 0.05, 500
"""Evaluations of a VEGAS+ iteration, of all and at least, once VEGAS+ is chosen."""
_PROBE_PART, _LEAST_PROBE = 0.1, 1000
"""Evaluations for the maximum weights of VEGAS+, of all and at least."""
_LAST_ITERATION = 1.5
"""The last iteration takes all that is left below so many of the others."""
_LEAST_LAST = 100
"""Points of the last iteration."""


class Schedule:
    """Takes an integration from one step to the next; its place can be saved.

    Parameters
    ----------
    run
        The integration.
    method
        ``auto``, ``madnis`` or ``vegas``.
    precision
        Relative error at which to stop; None spends all evaluations.
    events
        Unweighted events that will be made later; ``auto`` counts their cost.
    """

    def __init__(
        self, run: IntegrationRun, method: str, precision: float | None, events: int
    ) -> None:
        self.run = run
        self.asked = method
        self.method = method
        self.precision = precision
        self.events = events
        self.phase = "vegas" if run.channels.shares is None else "channels"
        self.index = 0
        self.planned = 0
        self.decision = f"method {method} was asked for"

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase == "done"

    def advance(self) -> None:
        """Take one step."""
        getattr(self, f"_{self.phase}")()

    def _go(self, phase: str) -> None:
        self.phase, self.index = phase, 0

    def _channels(self) -> None:
        """Which of many overlapping channels are needed, before grids adapt to what they hold."""
        settings = self.run.settings
        points = int(settings.channels_fraction * self.run.budget) // settings.channels_iterations
        self.index += 1
        last = self.index == settings.channels_iterations
        self.run.share_channels(points, last=last)
        if last:
            self._go("vegas")

    def _vegas(self) -> None:
        settings = self.run.settings
        iterations = settings.vegas_iterations
        points = int(settings.vegas_fraction * self.run.budget) // iterations
        keep = self.asked != "vegas"
        self.run.vegas_step(points, adapt=True, keep=keep)
        self.index += 1
        if self.index < iterations:
            return
        if self.asked == "auto":
            self.method, self.decision = choose_before_training(
                self.run, self.precision, self.events
            )
        self._go("grid" if self.method == "vegas" else "flow")

    def _flow(self) -> None:
        run = self.run
        run.find_symmetries()
        run.start_flow()
        run.train(run.training_steps(self._training_points), 0)
        self._go("training")

    @property
    def _training_points(self) -> int:
        return int(self.run.settings.training_fraction * self.run.budget)

    def _training(self) -> None:
        run, settings = self.run, self.run.settings
        rounds = settings.training.rounds
        # later rounds have the better sampler and more points
        points = int(self._training_points * 2 * (self.index + 1) / (rounds * (rounds + 1)))
        early = max(0.0, 1.0 - 2.0 * self.index / rounds)
        progress = self.index / rounds
        run.training_round(
            max(points, _LEAST_ROUND), settings.grid_part + _EARLY_GRID * early, progress
        )
        run.drop_channels()
        self.index += 1
        run.train(run.training_steps(self._training_points), self.index)
        if self.index < rounds and not self._precise_enough():
            return
        if self.asked == "auto":
            self.method, self.decision = choose_sampler(run, self.events)
        self._go("final" if self.method == "madnis" else "grid")

    def _precise_enough(self) -> bool:
        """Whether the sampler reaches the precision with about the next round's points."""
        if self.precision is None or self.index < _ROUNDS_TO_BELIEVE:
            return False
        last = self.run.estimates.last
        needed = (last.relative_std_dev / self.precision) ** 2
        return needed < max(2 * last.points, _LEAST_FINAL) and needed < self.run.left

    def _needed(self, variance: float) -> int:
        """Points that the precision needs, where one point has the given variance."""
        run = self.run
        if self.precision is None:
            return run.left
        value = abs(run.estimates.last.value)
        room = (self.precision * value) ** 2 - run.estimates.mean.variance
        if room <= 0.0:
            return _LEAST_FINAL
        return max(_LEAST_FINAL, math.ceil(_SAFETY * run.estimates.mean.left**2 * variance / room))

    def _final(self) -> None:
        run = self.run
        if self.index == 0 and run.final.moments.counts.sum() == 0:
            last = run.estimates.last
            self.planned = min(run.left, self._needed(last.error**2 * last.points))
        points = min(run.settings.chunk, self.planned)
        run.final_chunk(points)
        self.planned -= points
        self.index += 1
        if self.planned <= 0 and self.precision is not None and run.left > 0:
            moments = run.final.moments
            error = math.sqrt(
                run.estimates.mean.variance + run.estimates.mean.left**2 * moments.variance
            )
            if error > self.precision * abs(moments.value):
                self.planned = min(
                    run.left, int(_FURTHER_PART * float(moments.counts.sum())) + _FURTHER_POINTS
                )
        if self.planned <= 0:
            run.close()
            self._go("done")

    def _grid(self) -> None:
        """More VEGAS+ adaptation, with boxes for more points."""
        run = self.run
        points = max(int(_ITERATION_PART * run.budget), _LEAST_ITERATION)
        if self.index == 0:
            run.drop_grids()
            run.restratify(points)
        run.vegas_step(points, adapt=True, keep=False, choose=True)
        self.index += 1
        if self.index == ADAPTING_ITERATIONS:
            run.freeze_grid()
            self._go("probe")

    def _probe(self) -> None:
        """Independent points of the sampler that events will come from."""
        run = self.run
        wanted = _PROBE_PART * run.budget
        run.final_chunk(max(_LEAST_PROBE, min(run.settings.chunk, int(wanted))))
        self.index += 1
        if self.index * run.settings.chunk >= wanted:
            self._go("frozen")
            last = run.estimates.last
            self.planned = min(run.left, self._needed(last.error**2 * last.points))

    def _frozen(self) -> None:
        """VEGAS+ iterations that no longer adapt."""
        run = self.run
        points = max(int(_ITERATION_PART * run.budget), _LEAST_ITERATION)
        last = self.planned < _LAST_ITERATION * points
        if last:
            points = max(self.planned, _LEAST_LAST)
        before = run.evaluate.evaluations
        # the last iteration takes all the weight that is left in the mean
        run.vegas_step(points, adapt=False, keep=False, left=0 if last else self.planned - points)
        self.planned -= run.evaluate.evaluations - before
        self.index += 1
        if last:
            self._go("done")

    def state(self) -> dict[str, Any]:
        """Place in the schedule and the state of the run."""
        return {
            "phase": self.phase,
            "index": self.index,
            "method": self.method,
            "decision": self.decision,
            "planned": self.planned,
            "run": self.run.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up a saved place."""
        self.phase, self.index = state["phase"], state["index"]
        self.method, self.decision = state["method"], state["decision"]
        self.planned = state["planned"]
        self.run.restore(state["run"])
        if self.method == "vegas" and self.phase in ("probe", "frozen", "done"):
            self.run.freeze_grid()
