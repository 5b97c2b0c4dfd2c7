# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluating the integrand: counted, timed, checked, and spread over an executor."""

import math
import time
from collections.abc import Iterable
from concurrent.futures import Executor
from functools import partial

import torch
from torch import Tensor

from mcsurrogate.errors import IntegrationError
from mcsurrogate.executors import map_chunks
from mcsurrogate.integration.integrand import Integrand, IntegrandValue, join_present

__all__ = ["Evaluator"]


def _evaluate(integrand: Integrand, points: tuple[Tensor, Tensor]) -> tuple[IntegrandValue, float]:
    start = time.process_time()
    with torch.no_grad():
        value = integrand(*points)
    return value, time.process_time() - start


class Evaluator:
    """Calls the integrand in chunks of a fixed size.

    The chunks do not depend on the number of workers, so neither do the values.

    Parameters
    ----------
    integrand
        What to evaluate.  With a process pool it must be picklable.
    executor
        Where to evaluate; None evaluates here.
    chunk
        Points a call.
    tolerance
        Largest fraction of non-finite values that are counted, set to zero and reported;
        above it :class:`IntegrationError` is raised.

    Attributes
    ----------
    evaluations
        Points evaluated so far.
    non_finite
        How many of the values were not finite.
    seconds
        CPU seconds spent in the integrand, over all workers.
    """

    def __init__(
        self,
        integrand: Integrand,
        executor: Executor | None = None,
        chunk: int = 4096,
        tolerance: float = 1e-3,
    ) -> None:
        self.integrand = integrand
        self.executor = executor
        self.chunk = chunk
        self.tolerance = tolerance
        self.evaluations = 0
        self.non_finite = 0
        self.seconds = 0.0

    def __call__(self, u: Tensor, channel: Tensor) -> IntegrandValue:
        """Evaluate ``u`` ``(N, d)`` in the channels ``(N,)``."""
        chunks: Iterable[tuple[Tensor, Tensor]] = zip(
            torch.split(u, self.chunk), torch.split(channel, self.chunk), strict=True
        )
        if self.executor is not None:  # a view would be sent with all that it is a view of
            chunks = ((a.clone(), b.clone()) for a, b in chunks)
        call = partial(_evaluate, self.integrand)
        parts = [
            part for _, part in map_chunks(self.executor, call, chunks, name="chunk of points")
        ]
        self.seconds += sum(seconds for _, seconds in parts)
        values = [value for value, _ in parts]
        weight = torch.cat([value.weight for value in values]).to(torch.float64)
        prior = join_present([value.prior for value in values])
        features = join_present([value.features for value in values])
        self._check_shapes(len(u), weight, prior)
        self.evaluations += len(u)
        return IntegrandValue(self._finite(u, channel, weight), prior, features)

    @property
    def cost(self) -> float:
        """Seconds that an evaluation takes.

        The integrand's own ``cost`` if it has one, else the measured one rounded to a power of 4,
        so that decisions do not hang on the noise of a clock.
        """
        declared = getattr(self.integrand, "cost", None)
        if declared is not None:
            return float(declared)
        measured = self.seconds / max(1, self.evaluations)
        return float(4.0 ** round(math.log(max(measured, 1e-9), 4.0)))

    def state(self) -> tuple[int, int, float]:
        """Counters, for a checkpoint."""
        return self.evaluations, self.non_finite, self.seconds

    def restore(self, state: tuple[int, int, float]) -> None:
        """Take up saved counters."""
        self.evaluations, self.non_finite, self.seconds = state

    def _check_shapes(self, points: int, weight: Tensor, prior: Tensor | None) -> None:
        channels = self.integrand.channels
        if weight.shape != (points,):
            raise IntegrationError(
                f"the integrand returned weights of shape {tuple(weight.shape)} for {points} points"
            )
        if channels > 1 and (prior is None or prior.shape != (points, channels)):
            raise IntegrationError(
                f"an integrand of {channels} channels must return a prior of shape "
                f"({points}, {channels})"
            )

    def _finite(self, u: Tensor, channel: Tensor, weight: Tensor) -> Tensor:
        bad = ~torch.isfinite(weight)
        if not bool(bad.any()):
            return weight
        self.non_finite += int(bad.sum())
        if self.non_finite > self.tolerance * max(self.evaluations, 10_000):
            first = int(torch.nonzero(bad)[0, 0])
            raise IntegrationError(
                f"the integrand is not finite at {self.non_finite} of {self.evaluations} points, "
                f"for example {float(weight[first])} at u = {u[first].tolist()} in channel "
                f"{int(channel[first])}; return 0 where it is not defined"
            )
        return torch.where(bad, 0.0, weight)
