# SPDX-License-Identifier: GPL-3.0-or-later
r"""Two-stage unweighting: the surrogate throws most points away, the exact weight decides.

A trial point with surrogate weight s is kept with probability p1 = min(1, s / s_max) and
carries v = max(1, s / s_max) on.  Only then is the exact weight w computed: with
z = v (w / s) / x_max the event is kept with probability min(1, |z|) and has the weight
sign(w) max(1, |z|).  Each point's expected weight is w / (s_max x_max) whatever the
surrogate says, as long as s > 0 wherever w is not zero (arXiv:2109.11964, sec. 3;
arXiv:2301.13562).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mcsurrogate.emulation import check_surrogate, check_weights
from mcsurrogate.errors import EmulationError
from mcsurrogate.event_generation.stage_maxima import StageMaxima

__all__ = ["SelectedEvents", "TwoStageRecord", "TwoStageUnweighter"]

_STREAM = 0x2A7E

ExactWeight = Callable[[Tensor], Tensor]
"""Takes the indices ``(K,)`` of the points of a batch, returns their exact weights ``(K,)``."""


@dataclass(frozen=True, slots=True)
class SelectedEvents:
    """Events of a batch.

    Attributes
    ----------
    index
        ``(E,)`` int64: which points of the batch became events.
    weight
        ``(E,)`` float64 weights, of size one except for overweight events.
    exact
        ``(E,)`` float64 exact weights of the points.
    """

    index: Tensor
    weight: Tensor
    exact: Tensor


@dataclass(slots=True)
class TwoStageRecord:
    """What happened, in both stages.

    Attributes
    ----------
    trials, passed, events
        Points drawn, points kept by the surrogate, events.
    first_overweight, second_overweight
        Points with s > s_max, and events with a weight above one.
    first_largest, second_largest
        Largest s / s_max and largest event weight.
    first_excess
        What overweight points of the first stage carry beyond one, per trial point summed.
    second_excess
        What events carry beyond one.
    sum_event, sum_event2
        Sums of the events' weights and of their squares.
    sum_surrogate
        Sum of the surrogate weights of all trials.
    sum_estimate, sum_estimate2
        Sums of the trials' unbiased estimates of the exact weight, and of their squares.
    """

    trials: int = 0
    passed: int = 0
    events: int = 0
    first_overweight: int = 0
    second_overweight: int = 0
    first_largest: float = 0.0
    second_largest: float = 0.0
    first_excess: float = 0.0
    second_excess: float = 0.0
    sum_event: float = 0.0
    sum_event2: float = 0.0
    sum_surrogate: float = 0.0
    sum_estimate: float = 0.0
    sum_estimate2: float = 0.0

    @property
    def first_efficiency(self) -> float:
        """Part of the trials that pass the first stage."""
        return self.passed / max(1, self.trials)

    @property
    def second_efficiency(self) -> float:
        """Part of these that become events."""
        return self.events / max(1, self.passed)

    @property
    def kish_size(self) -> float:
        """Effective number of events of unit weight: (sum w)^2 / sum w^2."""
        return self.sum_event**2 / self.sum_event2 if self.sum_event2 > 0.0 else 0.0

    @property
    def value(self) -> float:
        """Mean exact weight of the trials, the integral: unbiased, from both stages.

        The mean surrogate weight plus the mean of (w - s) / p1 over all trials, zero for
        those that did not pass.
        """
        return self.sum_estimate / max(1, self.trials)

    @property
    def error(self) -> float:
        """Standard deviation of :attr:`value`."""
        count = max(2, self.trials)
        variance = max(0.0, self.sum_estimate2 / count - self.value**2)
        return math.sqrt(variance / (count - 1))


class TwoStageUnweighter:
    """Turns batches of trial points into events.

    Parameters
    ----------
    surrogate_maximum
        s_max, in units of the surrogate weight.
    ratio_maximum
        x_max: the maximum of exact over surrogate weight.
    seed
        Decides which points are kept.

    Attributes
    ----------
    record
        The bookkeeping.

    Raises
    ------
    EmulationError
        If a maximum is not positive and finite.
    """

    def __init__(self, surrogate_maximum: float, ratio_maximum: float, seed: int) -> None:
        for name, value in (
            ("surrogate_maximum", surrogate_maximum),
            ("ratio_maximum", ratio_maximum),
        ):
            if not (math.isfinite(value) and value > 0.0):
                raise EmulationError(f"{name} = {value}: must be positive and finite")
        self.surrogate_maximum = surrogate_maximum
        self.ratio_maximum = ratio_maximum
        self.record = TwoStageRecord()
        # A stream of its own: a sampler with the same seed must not draw the same numbers.
        words = np.random.SeedSequence([seed, _STREAM]).generate_state(1, np.uint64)
        self._generator = torch.Generator().manual_seed(int(words[0] >> np.uint64(1)))

    @classmethod
    def of(cls, maxima: StageMaxima, seed: int) -> "TwoStageUnweighter":
        """Make one with the maxima that :func:`choose_maxima` found."""
        return cls(maxima.surrogate, maxima.ratio, seed)

    def __call__(self, surrogate: Tensor, exact: ExactWeight) -> SelectedEvents:
        """Unweight a batch.

        Parameters
        ----------
        surrogate
            ``(N,)`` surrogate weights of the trials, positive wherever the exact weight is not
            zero (a point outside the cuts has neither).
        exact
            Called once, with the indices of the points that passed the first stage.

        Raises
        ------
        EmulationError
            If weights are not finite, a surrogate weight is negative, or the exact weights
            do not fit.
        """
        s = check_surrogate(surrogate)
        size = s / self.surrogate_maximum
        passed = torch.nonzero(self._uniform(len(s)) < size)[:, 0]
        kept = s[passed]
        found = exact(passed).to(torch.float64) if len(passed) else kept
        check_weights(kept, found)
        carried = size[passed].clamp(min=1.0)
        z = carried * found / (kept * self.ratio_maximum)
        chosen = torch.nonzero(self._uniform(len(z)) < z.abs())[:, 0]
        weight = z[chosen].sign() * z[chosen].abs().clamp(min=1.0)
        self._book(s, size, passed, found, weight)
        return SelectedEvents(passed[chosen], weight, found[chosen])

    def _uniform(self, count: int) -> Tensor:
        return torch.rand(count, generator=self._generator, dtype=torch.float64)

    def _book(self, s: Tensor, size: Tensor, passed: Tensor, found: Tensor, weight: Tensor) -> None:
        book = self.record
        book.trials += len(s)
        book.passed += len(passed)
        book.events += len(weight)
        book.sum_surrogate += float(s.sum())
        # One unbiased estimate of w a trial: s, and (w - s) / p1 more if it passed.
        estimate = s.clone()
        estimate[passed] += (found - s[passed]) / size[passed].clamp(max=1.0)
        book.sum_estimate += float(estimate.sum())
        book.sum_estimate2 += float(estimate.square().sum())
        if len(s):
            book.first_largest = max(book.first_largest, float(size.max()))
        book.first_overweight += int((size > 1.0).sum())
        book.first_excess += float((size - 1.0).clamp(min=0.0).sum())
        magnitude = weight.abs()
        if len(weight):
            book.second_largest = max(book.second_largest, float(magnitude.max()))
        book.second_overweight += int((magnitude > 1.0).sum())
        book.second_excess += float((magnitude - 1.0).sum())
        book.sum_event += float(weight.sum())
        book.sum_event2 += float(weight.square().sum())
